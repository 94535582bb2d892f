package io.hfmerge.analysis.spectral;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class SingularValuesTest {

  @Test
  void valuesOfTwoByTwoFollowTheirClosedForm() {
    // σ₁² + σ₂² = |A|_F², σ₁ σ₂ = |det A|
    double[] values = SingularValues.of(new double[] {1, 2, 3, 4}, 2, 2);
    assertThat(values[0] * values[0] + values[1] * values[1]).isCloseTo(30, within(1e-13));
    assertThat(values[0] * values[1]).isCloseTo(2, within(1e-14));
    assertThat(values[0]).isGreaterThan(values[1]);
  }

  @Test
  void wideAndTallMatricesHaveTheValuesOfTheirTranspose() {
    double[] wide = {1, 0, 2, 0, 0, 3, 0, 4};
    double[] tall = {1, 0, 0, 3, 2, 0, 0, 4};
    assertThat(SingularValues.of(wide, 2, 4))
        .containsExactly(new double[] {5, Math.sqrt(5)}, within(1e-14));
    assertThat(SingularValues.of(tall, 4, 2))
        .containsExactly(new double[] {5, Math.sqrt(5)}, within(1e-14));
  }

  @Test
  void smallValuesAreNotNoise() {
    assertThat(SingularValues.of(new double[] {1, 0, 0, 1e-13}, 2, 2)[1])
        .isCloseTo(1e-13, within(1e-15));
  }

  @Test
  void zeroAndEmptyMatricesAreFine() {
    assertThat(SingularValues.of(new double[6], 2, 3)).containsExactly(0, 0);
    assertThat(SingularValues.of(new double[0], 0, 3)).isEmpty();
  }

  @Test
  void refusesNanAndAnotherLength() {
    assertThatThrownBy(() -> SingularValues.of(new double[] {1, Double.NaN}, 1, 2))
        .isInstanceOf(ArithmeticException.class);
    assertThatThrownBy(() -> SingularValues.of(new double[3], 2, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2 x 2");
  }
}
