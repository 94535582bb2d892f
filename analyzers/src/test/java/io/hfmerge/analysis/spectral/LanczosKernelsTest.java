package io.hfmerge.analysis.spectral;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LanczosKernelsTest {

  /** Unit round-offs of f32 and f64. */
  private static final double FLOAT = 0x1p-24;

  private static final double DOUBLE = 0x1p-53;

  private static float[] random(Random random, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  @ParameterizedTest
  @CsvSource({"4, 64", "8, 128", "12, 1280", "40, 192"})
  void vectorKernelsEqualTheirScalarTwinsUpToRounding(int count, int stride) {
    LanczosKernels vector = new VectorLanczosKernels();
    LanczosKernels scalar = new ScalarLanczosKernels();
    Random random = new Random(stride);
    float[] lines = random(random, count * stride);
    float[] v = random(random, 4 * stride);
    float[] expected = new float[4 * stride];
    float[] found = new float[4 * stride];
    scalar.multiply(lines, count, stride, v, expected);
    vector.multiply(lines, count, stride, v, found);
    // a sum of n terms of order 1 errs by n u at most, and by its root in practice
    double size = Math.sqrt((double) count * stride);
    for (int i = 0; i < found.length; i++) {
      assertThat((double) found[i]).isCloseTo(expected[i], within(stride * FLOAT * size * 4));
    }

    double[] x = new double[stride];
    for (int i = 0; i < stride; i++) {
      x[i] = v[i];
    }
    double[] expectedExact = new double[stride];
    double[] foundExact = new double[stride];
    double squares = scalar.multiplyExact(lines, count, stride, x, expectedExact);
    assertThat(vector.multiplyExact(lines, count, stride, x, foundExact))
        .isCloseTo(squares, within(squares * stride * DOUBLE));
    for (int i = 0; i < stride; i++) {
      assertThat(foundExact[i]).isCloseTo(expectedExact[i], within(stride * DOUBLE * size * 4));
    }

    double[] expectedDots = new double[16];
    double[] foundDots = new double[16];
    scalar.dots(v, expected, stride, expectedDots);
    vector.dots(v, expected, stride, foundDots);
    for (int i = 0; i < 16; i++) {
      assertThat(foundDots[i])
          .isCloseTo(expectedDots[i], within(stride * DOUBLE * stride * size * 4));
    }
    double sum = scalar.sumOfSquares(lines, lines.length);
    assertThat(vector.sumOfSquares(lines, lines.length))
        .isCloseTo(sum, within(sum * lines.length * DOUBLE));
  }
}
