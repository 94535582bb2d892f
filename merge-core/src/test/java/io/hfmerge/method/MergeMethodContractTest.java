package io.hfmerge.method;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.method.ParameterDescription.Scope;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every merge method that sums models holds to. */
abstract class MergeMethodContractTest {

  static final long SEED = 20260923;
  static final int BEYOND = 3;

  abstract MergeMethod method();

  /** Index of the base in contexts of this test. */
  int base() {
    return method().description().base() == BaseModelUse.UNUSED ? TensorContext.NO_BASE : 0;
  }

  @Test
  void isInstalled() {
    String name = method().description().name();
    assertThat(MergeMethods.installed().find(name)).get().hasSameClassAs(method());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 64, 65})
  void writesEveryElementAndNoOther(int length) {
    float[][] inputs = randomInputs(3, length);
    float[] out = new float[length + BEYOND];
    java.util.Arrays.fill(out, 42);
    kernel(DType.F32, Map.of(), 0.25, 0.5, 0.25).merge(inputs, out, length, 0);
    for (int i = length; i < out.length; i++) {
      assertThat(out[i]).isEqualTo(42);
    }
    assertThat(java.util.Arrays.copyOf(out, length)).doesNotContain(42f);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 64, 65})
  void leavesItsInputsAlone(int length) {
    float[][] inputs = randomInputs(3, length);
    float[][] before = new float[3][];
    for (int i = 0; i < 3; i++) {
      before[i] = inputs[i].clone();
    }
    kernel(DType.F64, Map.of(), 1, 2, 3).merge(inputs, new float[length], length, 0);
    assertThat(inputs).isDeepEqualTo(before);
  }

  @Test
  void doesNotDependOnTheTiling() {
    int length = 65;
    float[][] inputs = randomInputs(4, length);
    TileKernel kernel = kernel(DType.F32, Map.of(), 0.3, 0.9, -0.1, 0.2);
    float[] whole = new float[length];
    kernel.merge(inputs, whole, length, 0);
    float[] single = new float[1];
    for (int i = 0; i < length; i++) {
      float[][] one = new float[4][];
      for (int model = 0; model < 4; model++) {
        one[model] = new float[] {inputs[model][i]};
      }
      kernel.merge(one, single, 1, i);
      assertThat(single[0]).isEqualTo(whole[i]);
    }
  }

  @Test
  void theOrderOfModelsDoesNotMatterButForTheLastBits() {
    int length = 65;
    float[][] inputs = randomInputs(3, length);
    float[] one = new float[length];
    float[] other = new float[length];
    kernel(DType.F32, Map.of(), 0.3, 0.9, 0.4).merge(inputs, one, length, 0);
    float[][] swapped = {inputs[0], inputs[2], inputs[1]};
    kernel(DType.F32, Map.of(), 0.3, 0.4, 0.9).merge(swapped, other, length, 0);
    for (int i = 0; i < length; i++) {
      // sums below 16 in F64, rounded to F32: at most one step of 2^-20 apart
      assertThat(other[i]).isCloseTo(one[i], org.assertj.core.data.Offset.offset(0x1p-20f));
    }
  }

  @Test
  void nanInAnyInputGivesNan() {
    for (int model = 0; model < 3; model++) {
      float[][] inputs = randomInputs(3, 3);
      inputs[model][1] = Float.NaN;
      float[] out = new float[3];
      kernel(DType.F32, Map.of(), 0.3, 0.0, 0.4).merge(inputs, out, 3, 0);
      assertThat(out[0]).isFinite();
      assertThat(out[1]).isNaN();
      assertThat(out[2]).isFinite();
    }
  }

  @Test
  void infinityInAnyWeightedInputGivesNoFiniteNumber() {
    for (int model = 0; model < 3; model++) {
      float[][] inputs = randomInputs(3, 2);
      inputs[model][1] = Float.NEGATIVE_INFINITY;
      float[] out = new float[2];
      kernel(DType.F32, Map.of(), 0.3, 0.2, 0.4).merge(inputs, out, 2, 0);
      assertThat(out[0]).isFinite();
      assertThat(Float.isFinite(out[1])).isFalse();
    }
  }

  final TileKernel kernel(DType dtype, Map<String, Double> global, double... weights) {
    return (TileKernel) method().prepare(context(dtype, global, weights));
  }

  /** A context with these weights; that of the base is ignored. */
  final TensorContext context(DType dtype, Map<String, Double> global, double... weights) {
    Map<String, Double> all = new HashMap<>();
    for (ParameterDescription parameter : method().description().parameters()) {
      if (parameter.scope() == Scope.GLOBAL && parameter.defaultValue() != null) {
        all.put(parameter.name(), parameter.defaultValue());
      }
    }
    all.putAll(global);
    List<Map<String, Double>> perModel = new ArrayList<>();
    List<String> models = new ArrayList<>();
    for (int i = 0; i < weights.length; i++) {
      models.add("model" + i);
      perModel.add(i == base() ? Map.of() : ofModel(weights[i]));
    }
    return new TensorContext(
        new TensorSpec("layer.weight", dtype, Shape.of(65)),
        models,
        base(),
        new TensorParameters(all, perModel),
        Compatibility.HFMERGE,
        0);
  }

  private Map<String, Double> ofModel(double weight) {
    Map<String, Double> values = new HashMap<>();
    for (ParameterDescription parameter : method().description().parameters()) {
      if (parameter.scope() == Scope.PER_MODEL && parameter.defaultValue() != null) {
        values.put(parameter.name(), parameter.defaultValue());
      }
    }
    values.put("weight", weight);
    return values;
  }

  static float[][] randomInputs(int models, int length) {
    Random random = new Random(SEED + 31L * models + length);
    float[][] inputs = new float[models][length];
    for (float[] input : inputs) {
      for (int i = 0; i < length; i++) {
        input[i] = (float) random.nextGaussian();
      }
    }
    return inputs;
  }

  /** The same values for each model, negative zero and the extremes among them. */
  static float[][] identicalInputs(int models) {
    float[] values = {
      0f, -0f, 1, -1, 0.1f, 1f / 3, (float) Math.PI, 1e30f, -1e-30f, Float.MIN_VALUE, 65504, 3e38f
    };
    float[][] inputs = new float[models][];
    for (int i = 0; i < models; i++) {
      inputs[i] = values.clone();
    }
    return inputs;
  }
}
