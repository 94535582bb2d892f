package io.hfmerge.method;

import io.hfmerge.tensor.Shape;
import org.junit.jupiter.api.Test;

class DellaMethodTest extends SparseTaskVectorContractTest {

  @Override
  MergeMethod method() {
    return new DellaMethod();
  }

  @Test
  void equalsTheFormulasInLongRows() {
    assertEqualsTheFormulas(Shape.of(3, 2047));
    assertEqualsTheFormulas(Shape.of(3, 2048));
    assertEqualsTheFormulas(Shape.of(2, 2500, 2));
  }
}
