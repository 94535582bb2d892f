package io.hfmerge.analysis.spectral;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.analysis.MemoryCheckpoint;
import io.hfmerge.analysis.matrix.MatrixSource;
import io.hfmerge.tensor.DType;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/**
 * What norms hold in memory: decoded lines of one matrix for each worker, and the basis of Lanczos.
 * Direct memory is not used: the kernels work on arrays, and checkpoints are mapped.
 */
class NormMemoryTest {

  private static final int ROWS = 3000;
  private static final int COLUMNS = 1024;

  /** The largest basis there is. */
  private static final int BASIS = 512;

  /** Buffers that hold a matrix in f32, lines not being cut. */
  private static long buffers(long rows, long columns) {
    return Math.ceilDiv(rows, LineBuffers.LENGTH / columns);
  }

  /** Bytes that a worker holds at once, garbage aside. */
  private static long worker(long rows, long columns) {
    long lines = buffers(rows, columns) * LineBuffers.LENGTH * Float.BYTES;
    long vectors = (BASIS + 8L) * columns * Float.BYTES;
    return lines + vectors + (long) BASIS * BASIS * Double.BYTES;
  }

  /** Arrays that have been in use: new ones have nothing but zeros. */
  private static int used(LineBuffers buffers) {
    int used = 0;
    while (!Arrays.equals(buffers.take(LineBuffers.LENGTH), new float[LineBuffers.LENGTH])) {
      used++;
    }
    return used;
  }

  private static int used(long budgetFloats, int matrices) throws Exception {
    double[] values = new double[ROWS * COLUMNS];
    Arrays.fill(values, 0.5);
    LineBuffers buffers = new LineBuffers();
    try (MemoryCheckpoint checkpoint =
            new MemoryCheckpoint().add("w", DType.F16, values, ROWS, COLUMNS);
        MatrixSource matrix = MatrixSource.open(checkpoint, checkpoint.matrix("w"))) {
      float[] vectors = new float[2 * COLUMNS];
      for (int i = 0; i < matrices; i++) {
        try (LineChunks chunks = new LineChunks(matrix, budgetFloats, buffers)) {
          chunks.multiply(vectors, new float[2 * COLUMNS]);
        }
      }
    }
    return used(buffers);
  }

  @Test
  void workerHoldsOneMatrixInFloats() throws Exception {
    assertThat(used(Long.MAX_VALUE, 1)).isBetween(1, (int) buffers(ROWS, COLUMNS));
    // the next matrix takes over the buffers of the last
    assertThat(used(Long.MAX_VALUE, 3)).isEqualTo(used(Long.MAX_VALUE, 1));
  }

  @Test
  void matrixBeyondTheBudgetTakesOneBuffer() throws Exception {
    assertThat(used(0, 2)).isEqualTo(1);
  }

  @Test
  void twoWorkersOnAModelOfSixBillionParametersStayBelowTheLimit() {
    // GPT-J: the largest matrices of a layer are 16384 x 4096
    assertThat(2 * worker(16384, 4096)).isLessThan(600_000_000L);
  }
}
