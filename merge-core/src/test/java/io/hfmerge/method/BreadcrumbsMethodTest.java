package io.hfmerge.method;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.method.TaskVectorCase.Model;
import io.hfmerge.tensor.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

class BreadcrumbsMethodTest extends SparseTaskVectorContractTest {

  private static final float[][] INPUTS = {new float[10], {1, -2, 3, -4, 5, -6, 7, -8, 9, -10}};

  @Override
  MergeMethod method() {
    return new BreadcrumbsMethod();
  }

  private static float[] merge(double density, double gamma, Compatibility compatibility) {
    return new TaskVectorCase(
            "breadcrumbs",
            Shape.of(10),
            List.of(new Model(1, density, gamma, 0)),
            1,
            false,
            false,
            false,
            compatibility,
            0)
        .merge(INPUTS, 1024);
  }

  @Test
  void dropsTheLargestAndTheSmallest() {
    assertThat(merge(0.5, 0.2, Compatibility.HFMERGE))
        .isEqualTo(merge(0.5, 0.2, Compatibility.MERGEKIT))
        .containsExactly(0, 0, 0, -4, 5, -6, 7, -8, 0, 0);
  }

  @Test
  void dropsFewerOfTheLargestWhereTooFewWouldStay() {
    assertThat(merge(0.9, 0.3, Compatibility.HFMERGE))
        .containsExactly(1, -2, 3, -4, 5, -6, 7, -8, 9, 0);
  }

  @Test
  void keepsTheLargestWhereGammaDropsNoneAndMergekitDropsAll() {
    assertThat(merge(0.3, 0.05, Compatibility.HFMERGE))
        .containsExactly(0, 0, 0, 0, 0, 0, 0, -8, 9, -10);
    assertThat(merge(0.3, 0.05, Compatibility.MERGEKIT)).containsOnly(0);
  }

  @Test
  void keepsAtLeastOneEntryWhereMergekitKeepsNone() {
    assertThat(merge(0.05, 0.1, Compatibility.HFMERGE))
        .containsExactly(0, 0, 0, 0, 0, 0, 0, 0, 9, 0);
    assertThat(merge(0.05, 0.1, Compatibility.MERGEKIT)).containsOnly(0);
  }

  @Test
  void densityZeroDropsAll() {
    assertThat(merge(0, 0.1, Compatibility.HFMERGE)).containsOnly(0);
    assertThat(merge(0, 0.1, Compatibility.MERGEKIT)).containsOnly(0);
  }
}
