package io.hfmerge.analysis.spectral;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.hfmerge.analysis.MemoryCheckpoint;
import io.hfmerge.analysis.matrix.MatrixSource;
import io.hfmerge.tensor.DType;
import java.lang.management.ManagementFactory;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * What norms take from the heap: all that a call allocates, the most that can be alive at once.
 * Direct memory is not used: the kernels work on arrays, and checkpoints are mapped.
 */
class NormMemoryTest {

  private static final long MIB = 1 << 20;

  /** Decoded lines: the matrix in f32, in whole buffers. */
  private static long lines(long rows, long columns) {
    long buffer = (long) LineBuffers.LENGTH * Float.BYTES;
    return Math.ceilDiv(rows * columns * Float.BYTES, buffer - columns * Float.BYTES) * buffer;
  }

  /**
   * Lanczos: each block of two vectors of the basis leaves three arrays more behind (a product and
   * two projections); the projection matrix; what measuring, warm-up and decoding take.
   */
  private static long lanczos(long columns) {
    return 4L * BASIS * columns * Float.BYTES + (long) BASIS * BASIS * Double.BYTES + 4 * MIB;
  }

  /** The largest basis there is. */
  private static final int BASIS = 512;

  @Test
  void callTakesTheMatrixInFloatsAndABasis() throws Exception {
    int rows = 4096;
    int columns = 1024;
    Random random = new Random(4);
    double[] values = new double[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextGaussian();
    }
    try (MemoryCheckpoint checkpoint =
            new MemoryCheckpoint().add("w", DType.F16, values, rows, columns);
        CpuSpectralEngine engine = new CpuSpectralEngine(1L << 30);
        MatrixSource matrix = MatrixSource.open(checkpoint, checkpoint.matrix("w"))) {
      assertThat(allocatedByNorms(engine, matrix))
          .isBetween((long) rows * columns * Float.BYTES, lines(rows, columns) + lanczos(columns));
      // the next matrix of a worker takes over the buffers of the last
      assertThat(allocatedByNorms(engine, matrix)).isLessThan(lanczos(columns));
    }
  }

  @Test
  void budgetOfNothingLeavesABufferAndABasis() throws Exception {
    double[] values = new double[2048 * 1024];
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.sin(i);
    }
    try (MemoryCheckpoint checkpoint =
            new MemoryCheckpoint().add("w", DType.F16, values, 2048, 1024);
        CpuSpectralEngine engine = new CpuSpectralEngine(0);
        MatrixSource matrix = MatrixSource.open(checkpoint, checkpoint.matrix("w"))) {
      assertThat(allocatedByNorms(engine, matrix)).isLessThan(2 * MIB + lanczos(1024));
    }
  }

  @Test
  void twoWorkersOnAModelOfSixBillionParametersStayBelowTheLimit() {
    // GPT-J: the largest matrices of a layer are 16384 x 4096
    assertThat(2 * (lines(16384, 4096) + lanczos(4096))).isLessThan(1_500_000_000L);
  }

  private static long allocatedByNorms(CpuSpectralEngine engine, MatrixSource matrix)
      throws Exception {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    assertThat(engine.norms(matrix).spectral()).isPositive();
    return threads.getCurrentThreadAllocatedBytes() - before;
  }
}
