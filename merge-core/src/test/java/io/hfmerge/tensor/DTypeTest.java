package io.hfmerge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DTypeTest {

  @ParameterizedTest
  @EnumSource
  void isFoundByItsNames(DType dtype) {
    assertThat(DType.ofSafetensorsName(dtype.name())).contains(dtype);
    assertThat(DType.ofTorchName(dtype.torchName())).contains(dtype);
    assertThat(DType.ofTorchName("torch." + dtype.torchName())).contains(dtype);
  }

  @ParameterizedTest
  @EnumSource
  void eightElementsTakeItsBitsInBytes(DType dtype) {
    assertThat(dtype.sizeBytes(8)).isEqualTo(dtype.bits());
    assertThat(dtype.sizeBytes(0)).isZero();
  }

  @Test
  void refusesPackedElementsThatDoNotFillBytes() {
    assertThat(DType.F4.sizeBytes(2)).isEqualTo(1);
    assertThat(DType.F6_E2M3.sizeBytes(4)).isEqualTo(3);
    assertThatThrownBy(() -> DType.F4.sizeBytes(3)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> DType.F6_E3M2.sizeBytes(2))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(DType.F4::bytes).isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void refusesSizesBeyondLong() {
    assertThatThrownBy(() -> DType.F32.sizeBytes(Long.MAX_VALUE / 2))
        .isInstanceOf(ArithmeticException.class);
  }

  @Test
  void aShapeHasTheProductOfItsDimensions() {
    assertThat(Shape.of().elements()).isEqualTo(1);
    assertThat(Shape.of(3, 0, 5).elements()).isZero();
    assertThat(Shape.of(768, 2304).elements()).isEqualTo(768 * 2304);
    assertThat(Shape.of(768, 2304)).hasToString("[768, 2304]");
  }

  @Test
  void aShapeRefusesNegativeAndOverflowingDimensions() {
    assertThatThrownBy(() -> Shape.of(2, -1)).isInstanceOf(IllegalArgumentException.class);
    Shape huge = Shape.of(1L << 40, 1L << 40);
    assertThatThrownBy(huge::elements).isInstanceOf(ArithmeticException.class);
  }

  @Test
  void aSpecKnowsItsSize() {
    TensorSpec spec = new TensorSpec("w", DType.BF16, Shape.of(3, 5));
    assertThat(spec.sizeBytes()).isEqualTo(30);
    assertThat(spec.describe()).isEqualTo("BF16[3, 5]");
  }
}
