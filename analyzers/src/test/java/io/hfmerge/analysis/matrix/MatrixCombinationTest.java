package io.hfmerge.analysis.matrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.analysis.MemoryCheckpoint;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.tensor.DType;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class MatrixCombinationTest {

  private static final int ROWS = 150;
  private static final int COLUMNS = 131;

  private final Random random = new Random(5);

  private double[] gaussian(int count) {
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextGaussian();
    }
    return values;
  }

  private static double[] all(MatrixSource source, Orientation orientation) {
    boolean rows = orientation == Orientation.ROWS;
    int lines = rows ? source.rows() : source.columns();
    int length = rows ? source.columns() : source.rows();
    double[] values = new double[lines * length];
    source.read(orientation, 0, lines, values, length);
    return values;
  }

  @ParameterizedTest
  @EnumSource(Orientation.class)
  void differenceOfOtherLayoutsAndDtypesIsExact(Orientation orientation) throws Exception {
    double[] left = gaussian(ROWS * COLUMNS);
    double[] right = gaussian(ROWS * COLUMNS);
    double[] turned = new double[right.length];
    for (int i = 0; i < ROWS; i++) {
      for (int j = 0; j < COLUMNS; j++) {
        turned[j * ROWS + i] = right[i * COLUMNS + j];
      }
    }
    try (MemoryCheckpoint checkpoint =
        new MemoryCheckpoint()
            .add("left", DType.BF16, left, ROWS, COLUMNS)
            .add("right", DType.F64, turned, COLUMNS, ROWS)) {
      MatrixSource minuend = MatrixSource.open(checkpoint, checkpoint.matrix("left"));
      MatrixSource subtrahend =
          MatrixSource.open(checkpoint, checkpoint.matrix("right", 0, Role.OTHER, true));
      double[] stored = all(minuend, orientation);
      double[] other = all(subtrahend, orientation);
      try (MatrixSource difference = MatrixCombination.difference(minuend, subtrahend)) {
        double[] found = all(difference, orientation);
        for (int i = 0; i < found.length; i++) {
          assertThat(found[i]).isEqualTo(stored[i] - other[i]);
        }
        assertThat(difference.exactAsFloat()).isFalse();
        assertThat(difference.dtype()).isEqualTo(DType.BF16);
        assertThat(difference.constant()).isFalse();
        boolean rows = orientation == Orientation.ROWS;
        int length = rows ? COLUMNS : ROWS;
        float[] floats = new float[3 * 160];
        difference.read(orientation, 7, 3, floats, 160);
        for (int j = 0; j < length; j++) {
          assertThat(floats[160 + j]).isEqualTo((float) found[8 * length + j]);
        }
      }
    }
  }

  @Test
  void shapesMustAgree() throws Exception {
    try (MemoryCheckpoint checkpoint =
            new MemoryCheckpoint()
                .add("a", DType.F32, gaussian(6), 2, 3)
                .add("b", DType.F32, gaussian(6), 3, 2);
        MatrixSource a = MatrixSource.open(checkpoint, checkpoint.matrix("a"));
        MatrixSource b = MatrixSource.open(checkpoint, checkpoint.matrix("b"))) {
      assertThatThrownBy(() -> MatrixCombination.difference(a, b))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("a is 2 x 3, b 3 x 2");
    }
  }

  /** What rounding adds is what the estimate says, and entries left alone add nothing. */
  @ParameterizedTest
  @CsvSource({"BF16, 1", "F16, 1", "BF16, 0.3"})
  void roundingOfADifferenceIsThatOfItsChangedElements(DType dtype, double share) throws Exception {
    int n = 200;
    double[] base = gaussian(n * n);
    double[] model = base.clone();
    for (int i = 0; i < model.length; i++) {
      model[i] += random.nextDouble() < share ? 0.5 * random.nextGaussian() : 0;
    }
    try (MemoryCheckpoint checkpoint =
            new MemoryCheckpoint().add("base", dtype, base, n, n).add("model", dtype, model, n, n);
        MatrixSource source =
            MatrixCombination.of(
                List.of(
                    new MatrixCombination.Term(
                        1, MatrixSource.open(checkpoint, checkpoint.matrix("model"))),
                    new MatrixCombination.Term(
                        -1, MatrixSource.open(checkpoint, checkpoint.matrix("base")))))) {
      double[] stored = all(source, Orientation.ROWS);
      double error = 0;
      for (int i = 0; i < stored.length; i++) {
        double exact = model[i] - base[i];
        error += (stored[i] - exact) * (stored[i] - exact);
      }
      double measured = Math.sqrt(error);
      // an estimate: uniform errors within a binade, 40,000 of them
      assertThat(source.roundingFrobenius().orElseThrow())
          .isCloseTo(measured, within(0.03 * measured));
    }
  }

  @ParameterizedTest
  @CsvSource({"0, true", "2.5, true", "NaN, false"})
  void constantMatricesAreKnown(double value, boolean constant) throws Exception {
    double[] values = new double[12];
    java.util.Arrays.fill(values, value);
    try (MemoryCheckpoint checkpoint = new MemoryCheckpoint().add("w", DType.F32, values, 3, 4);
        MatrixSource source = MatrixSource.open(checkpoint, checkpoint.matrix("w"))) {
      assertThat(source.constant()).isEqualTo(constant);
    }
  }

  @Test
  void matrixWithoutElementsHasNothingToAverage() throws Exception {
    try (MemoryCheckpoint checkpoint =
            new MemoryCheckpoint().add("w", DType.F32, new double[0], 0, 4);
        MatrixSource source = MatrixSource.open(checkpoint, checkpoint.matrix("w"))) {
      assertThat(source.constant()).isTrue();
    }
  }
}
