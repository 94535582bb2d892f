package io.hfmerge.analysis.spectral;

import static io.hfmerge.analysis.spectral.LanczosKernels.LINES;

import io.hfmerge.analysis.matrix.MatrixSource;
import java.util.Arrays;

/**
 * A matrix cut the long way into chunks of padded f32 lines: kept in memory if they fit a budget,
 * decoded again at every reading if not.
 */
final class LineChunks implements NormalOperator, AutoCloseable {

  /** Largest elements between these need no scaling: their squares stay far inside f32. */
  private static final double LARGE = 1e12;

  private static final double SMALL = 1e-12;

  private final LanczosKernels kernels = LanczosKernels.get();
  private final LineBuffers buffers;
  private final MatrixSource source;
  private final int stride;
  private final int chunkLines;
  private final float[][] resident;
  private final float[] scratch;
  private final double frobenius;
  private float scale = 1;

  /**
   * Reads the matrix once.
   *
   * @param budgetFloats most floats to keep
   * @param buffers where memory comes from and goes to on closing
   */
  LineChunks(MatrixSource source, long budgetFloats, LineBuffers buffers) {
    this.buffers = buffers;
    this.source = source;
    this.stride = LanczosKernels.stride(source.shortSide());
    int perChunk = Math.max(1, LineBuffers.LENGTH / stride / LINES) * LINES;
    this.chunkLines = LanczosKernels.padded(Math.min(perChunk, Math.max(1, source.longSide())));
    int chunks = Math.ceilDiv(source.longSide(), chunkLines);
    boolean keep = (long) chunks * chunkLines * stride <= budgetFloats;
    this.resident = new float[keep ? chunks : 0][];
    this.scratch = keep ? new float[0] : buffers.take(chunkLines * stride);
    double squares = 0;
    float largest = 0;
    for (int c = 0; c < chunks; c++) {
      float[] lines = keep ? buffers.take(lines(c) * stride) : scratch;
      decode(c, lines);
      if (keep) {
        resident[c] = lines;
      }
      double chunk = kernels.sumOfSquares(lines, lines(c) * stride);
      squares += chunk;
      largest = (float) Math.max(largest, Math.sqrt(chunk));
    }
    this.frobenius = Math.sqrt(squares);
    if (Double.isFinite(squares) && squares > 0 && (largest > LARGE || largest < SMALL)) {
      scale = (float) Math.scalb(1.0, Math.clamp(-Math.getExponent(largest), -126, 127));
      for (float[] lines : resident) {
        rescale(lines, chunkLines * stride);
      }
    }
  }

  /** The Frobenius norm, or NaN or infinity if an element is not finite. */
  double frobenius() {
    return frobenius;
  }

  /** What elements are multiplied by, a power of two. */
  double scale() {
    return scale;
  }

  private int lines(int chunk) {
    int first = chunk * chunkLines;
    return LanczosKernels.padded(Math.min(chunkLines, source.longSide() - first));
  }

  private void decode(int chunk, float[] lines) {
    int first = chunk * chunkLines;
    int count = Math.min(chunkLines, source.longSide() - first);
    if (count < lines(chunk)) {
      Arrays.fill(lines, count * stride, lines(chunk) * stride, 0);
    }
    int length = source.shortSide();
    for (int i = 0; length < stride && i < count; i++) {
      Arrays.fill(lines, i * stride + length, (i + 1) * stride, 0);
    }
    source.read(source.longWay(), first, count, lines, stride);
  }

  private void rescale(float[] lines, int length) {
    for (int i = 0; i < length; i++) {
      lines[i] *= scale;
    }
  }

  private int chunks() {
    return Math.ceilDiv(source.longSide(), chunkLines);
  }

  private float[] chunk(int index) {
    if (resident.length > 0) {
      return resident[index];
    }
    decode(index, scratch);
    if (scale != 1) {
      rescale(scratch, lines(index) * stride);
    }
    return scratch;
  }

  @Override
  public int size() {
    return source.shortSide();
  }

  @Override
  public int stride() {
    return stride;
  }

  /** Sums within a chunk are f32, over chunks f64: rounding does not grow with the long side. */
  @Override
  public void multiply(float[] v, float[] w) {
    double[] total = new double[w.length];
    float[] part = new float[w.length];
    for (int c = 0; c < chunks(); c++) {
      Arrays.fill(part, 0);
      kernels.multiply(chunk(c), lines(c), stride, v, part);
      for (int i = 0; i < total.length; i++) {
        total[i] += part[i];
      }
    }
    for (int i = 0; i < total.length; i++) {
      w[i] = (float) total[i];
    }
  }

  @Override
  public double multiplyExact(double[] v, double[] w) {
    Arrays.fill(w, 0);
    double squares = 0;
    for (int c = 0; c < chunks(); c++) {
      squares += kernels.multiplyExact(chunk(c), lines(c), stride, v, w);
    }
    return squares;
  }

  @Override
  public void close() {
    for (float[] lines : resident) {
      buffers.give(lines);
    }
    buffers.give(scratch);
  }
}
