package io.hfmerge.method;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** What methods say about tensors whose values leave the formula without an answer. */
class RemarksTest {

  private static final float[] ZERO = {0, 0, 0, 0};
  private static final float[] X = {1, 0, 0, 2};
  private static final float[] OPPOSITE = {-1, 0, 0, -2};
  private static final float[] Y = {0, 3, 1, 0};
  private static final float[] BLUNT = {-2, 1, 1, 0};

  private static Map<String, Double> weight(double value) {
    return Map.of("weight", value);
  }

  @Test
  void modelStockTellsOfTaskVectorsThatCancelPointApartOrAreZero() {
    assertThat(new MethodRun("model_stock").base(ZERO).model(X).model(OPPOSITE).remarks())
        .containsExactly(ModelStockMethod.CANCEL);
    assertThat(new MethodRun("model_stock").base(ZERO).model(X).model(BLUNT).remarks())
        .containsExactly(ModelStockMethod.APART);
    assertThat(new MethodRun("model_stock").base(ZERO).model(X).model(ZERO).remarks())
        .containsExactly(ModelStockMethod.ZERO);
    assertThat(new MethodRun("model_stock").base(ZERO).model(X).model(Y).remarks()).isEmpty();
    assertThat(new MethodRun("model_stock").base(X).model(X).model(X).remarks()).isEmpty();
    assertThat(
            new MethodRun("model_stock")
                .with("filter_wise", 1)
                .shape(2, 2)
                .base(ZERO)
                .model(X)
                .model(BLUNT)
                .remarks())
        .containsExactly("some rows: " + ModelStockMethod.APART);
  }

  @Test
  void slerpTellsOfStraightLinesAndZeros() {
    assertThat(slerp(X, X.clone())).containsExactly(SlerpMethod.STRAIGHT);
    assertThat(slerp(X, OPPOSITE)).containsExactly(Slerp.OPPOSITE);
    assertThat(slerp(X, ZERO)).containsExactly(Slerp.ZERO);
    assertThat(slerp(X, Y)).isEmpty();
    assertThat(slerp(ZERO, ZERO.clone())).isEmpty();
  }

  private static Iterable<String> slerp(float[] base, float[] model) {
    return new MethodRun("slerp").with("t", 0.5).base(base).model(model).remarks();
  }

  @Test
  void nuslerpTellsOfOppositeAndZeroVectors() {
    assertThat(nuslerp(X, OPPOSITE).remarks()).containsExactly(Slerp.OPPOSITE);
    assertThat(nuslerp(ZERO, Y).remarks()).containsExactly(Slerp.ZERO);
    assertThat(nuslerp(X, X.clone()).remarks()).isEmpty();
    for (boolean columns : new boolean[] {false, true}) {
      assertThat(
              nuslerp(X, OPPOSITE)
                  .shape(2, 2)
                  .with("nuslerp_flatten", 0)
                  .with("nuslerp_row_wise", columns ? 1 : 0)
                  .remarks())
          .containsExactly((columns ? "some columns: " : "some rows: ") + Slerp.OPPOSITE);
    }
  }

  private static MethodRun nuslerp(float[] first, float[] second) {
    return new MethodRun("nuslerp").model(first, weight(1)).model(second, weight(1));
  }

  @Test
  void multislerpTellsOfTwoDirectionsThatCancelAndOfShortVectors() {
    assertThat(multislerp(X, OPPOSITE).remarks()).containsExactly(MultislerpMethod.CANCEL);
    assertThat(multislerp(X, Y).with("eps", 100).remarks()).containsExactly(MultislerpMethod.SHORT);
    assertThat(multislerp(X, Y).remarks()).isEmpty();
  }

  private static MethodRun multislerp(float[] first, float[] second) {
    return new MethodRun("multislerp").model(first, weight(1)).model(second, weight(1));
  }

  @Test
  void karcherTellsOfIterationsThatStoppedEarlyAndOfModelsWithoutDirection() {
    float[] z = {2, -1, 0, 5};
    MethodRun three = new MethodRun("karcher").model(X).model(Y).model(z);
    assertThat(three.remarks()).isEmpty();
    assertThat(three.with("max_iter", 1).with("tol", 1e-9).remarks())
        .containsExactly(SphericalMean.UNFINISHED);
    assertThat(new MethodRun("karcher").model(X).model(OPPOSITE).remarks())
        .containsExactlyInAnyOrder(SphericalMean.CANCEL, SphericalMean.OPPOSITE);
    assertThat(new MethodRun("karcher").model(X).model(ZERO).remarks())
        .containsExactly(KarcherMethod.ZERO);
    assertThat(
            new MethodRun("karcher")
                .mergekit()
                .model(X)
                .model(new float[] {1e-7f, 0, 0, 0})
                .remarks())
        .containsExactly(KarcherMethod.SHORT);
    assertThat(new MethodRun("karcher").model(ZERO).model(ZERO.clone()).remarks()).isEmpty();
  }

  @Test
  void sceTellsWhereNothingIsSelectedAndWhereMergekitWeighsAllAlike() {
    assertThat(new MethodRun("sce").with("select_topk", 0.1).base(ZERO).model(X).model(Y).remarks())
        .containsExactly(SceMethod.NOTHING);
    float[] small = {1e-6f, 0, 0, 0};
    assertThat(new MethodRun("sce").mergekit().base(ZERO).model(small).model(ZERO).remarks())
        .containsExactly(SceMethod.UNIFORM);
    assertThat(new MethodRun("sce").base(ZERO).model(small).model(ZERO).remarks()).isEmpty();
  }

  @Test
  void arceeFusionTellsWhereNothingStandsOut() {
    assertThat(new MethodRun("arcee_fusion").base(X).model(X.clone()).remarks())
        .containsExactly(ArceeFusionMethod.LEVEL);
    assertThat(new MethodRun("arcee_fusion").base(X).model(Y).remarks()).isEmpty();
  }

  @Test
  void trimmingTellsWhereOneEntryStaysOrNone() {
    Map<String, Double> low = Map.of("weight", 1.0, "density", 0.1);
    assertThat(new MethodRun("ties").base(ZERO).model(X, low).notes())
        .containsExactly(MagnitudeTrim.ONE_STAYS + ": w");
    assertThat(new MethodRun("breadcrumbs").mergekit().base(ZERO).model(X, low).notes())
        .containsExactly(MagnitudeTrim.NONE_STAYS + ": w");
    Map<String, Double> none = Map.of("weight", 1.0, "density", 0.0);
    assertThat(new MethodRun("ties").base(ZERO).model(X, none).notes()).isEmpty();
  }

  @Test
  void rescalingTellsOfTaskVectorsTooSmallForIt() {
    float[] small = {1e-8f, 2e-8f, 0, 0};
    MethodRun run = new MethodRun("ties").with("rescale", 1).base(ZERO);
    assertThat(run.model(small, Map.of("weight", 1.0, "density", 0.5)).remarks())
        .containsExactly(NormMatching.NOT_RESCALED);
    MethodRun usual = new MethodRun("ties").with("rescale", 1).base(ZERO);
    assertThat(usual.model(X, Map.of("weight", 1.0, "density", 0.5)).remarks()).isEmpty();
  }
}
