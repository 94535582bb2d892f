package io.hfmerge.analysis.matrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.analysis.MemoryCheckpoint;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.arch.MatrixBlock;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.arch.WeightMatrix;
import io.hfmerge.tensor.DType;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MatrixSourceTest {

  private static final int ROWS = 150;
  private static final int COLUMNS = 131;

  /** An element that tells its place. */
  private static double element(int row, int column) {
    return row * 1000 + column;
  }

  private static WeightMatrix matrix(int rows, int columns, MatrixBlock... blocks) {
    return new WeightMatrix(
        "", 0, Role.QKV, OptionalInt.empty(), "w", rows, columns, List.of(blocks));
  }

  /**
   * The same matrix: rows 0..99 stored transposed in a wider array, the rest stored as they are.
   */
  private static MemoryCheckpoint checkpoint() {
    int wide = 120;
    double[] transposed = new double[COLUMNS * wide];
    for (int column = 0; column < COLUMNS; column++) {
      for (int row = 0; row < 100; row++) {
        transposed[column * wide + row + 5] = element(row, column);
      }
    }
    double[] direct = new double[60 * COLUMNS];
    for (int row = 100; row < ROWS; row++) {
      for (int column = 0; column < COLUMNS; column++) {
        direct[(row - 100 + 10) * COLUMNS + column] = element(row, column);
      }
    }
    return new MemoryCheckpoint()
        .add("t", DType.F32, transposed, COLUMNS, wide)
        .add("d", DType.F64, direct, 60, COLUMNS);
  }

  private static final WeightMatrix STACKED =
      matrix(
          ROWS,
          COLUMNS,
          new MatrixBlock("t", true, 5, 100, COLUMNS),
          new MatrixBlock("d", false, 10, 50, COLUMNS));

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void readsRowsAndColumnsOfStackedAndTransposedBlocks(boolean mapped) throws Exception {
    try (MemoryCheckpoint checkpoint = mapped ? checkpoint() : checkpoint().unmapped();
        MatrixSource source = MatrixSource.open(checkpoint, STACKED)) {
      int stride = 200;
      float[] rows = new float[ROWS * stride];
      source.read(Orientation.ROWS, 90, 30, rows, stride);
      double[] exactRows = new double[30 * COLUMNS];
      source.read(Orientation.ROWS, 90, 30, exactRows, COLUMNS);
      for (int i = 0; i < 30; i++) {
        for (int j = 0; j < COLUMNS; j++) {
          assertThat((double) rows[i * stride + j]).isEqualTo(element(90 + i, j));
          assertThat(exactRows[i * COLUMNS + j]).isEqualTo(element(90 + i, j));
        }
        assertThat(rows[i * stride + COLUMNS]).isZero();
      }
      float[] columns = new float[COLUMNS * stride];
      source.read(Orientation.COLUMNS, 1, 130, columns, stride);
      double[] exactColumns = new double[130 * ROWS];
      source.read(Orientation.COLUMNS, 1, 130, exactColumns, ROWS);
      for (int j = 0; j < 130; j++) {
        for (int i = 0; i < ROWS; i++) {
          assertThat((double) columns[j * stride + i]).isEqualTo(element(i, j + 1));
          assertThat(exactColumns[j * ROWS + i]).isEqualTo(element(i, j + 1));
        }
      }
      assertThat(source.exactAsFloat()).isFalse();
      assertThat(source.dtype()).isEqualTo(DType.F32);
    }
  }

  @Test
  void refusesSidesBeyondArrays() {
    try (MemoryCheckpoint checkpoint = checkpoint()) {
      WeightMatrix huge =
          new WeightMatrix("", 0, Role.OTHER, OptionalInt.empty(), "huge", 1L << 31, 4, List.of());
      assertThatThrownBy(() -> MatrixSource.open(checkpoint, huge))
          .isInstanceOf(UnsupportedFeatureException.class)
          .hasMessageContaining("2147483648 x 4");
    }
  }

  @Test
  void refusesBlocksBeyondTheirTensor() {
    try (MemoryCheckpoint checkpoint = checkpoint()) {
      WeightMatrix beyond = matrix(11, COLUMNS, new MatrixBlock("d", false, 50, 11, COLUMNS));
      assertThatThrownBy(() -> MatrixSource.open(checkpoint, beyond))
          .isInstanceOf(MalformedCheckpointException.class)
          .hasMessageContaining("F64[60,131]".replace(",", ", "));
    }
  }

  @Test
  void refusesIntegers() {
    try (MemoryCheckpoint checkpoint = checkpoint()) {
      checkpoint.addRaw("ids", DType.I64, 2, 2);
      assertThatThrownBy(() -> MatrixSource.open(checkpoint, checkpoint.matrix("ids")))
          .isInstanceOf(UnsupportedFeatureException.class)
          .hasMessageContaining("I64");
    }
  }
}
