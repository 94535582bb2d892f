package io.hfmerge.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.method.TiesMethod;
import io.hfmerge.plan.MergeInput;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.plan.MergePlanner;
import io.hfmerge.plan.TensorNaming;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.recipe.ParameterRule;
import io.hfmerge.recipe.ParameterValue;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import io.hfmerge.testing.CountingListener;
import io.hfmerge.testing.MemoryCheckpoint;
import io.hfmerge.testing.MemoryWriter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code trim: global}, against a plain sort of all tensors. */
@Timeout(60)
class GlobalTrimTest {

  private static final long SEED = 20261123;

  private static final MergePlanner PLANNER =
      new MergePlanner(MergeMethods.of(List.of(new TiesMethod())));

  private static final int[] SIZES = {70_001, 0, 1, 2, 3, 7, 64, 65, 1025, 9_999};

  private final List<MemoryCheckpoint> open = new ArrayList<>();
  private final Map<String, Map<String, float[]>> values = new LinkedHashMap<>();

  @AfterEach
  void close() {
    open.forEach(MemoryCheckpoint::close);
  }

  /** Tensors of changes of very different size, with zeros and equal magnitudes. */
  private List<MergeInput> models(DType dtype) {
    List<MergeInput> inputs = new ArrayList<>();
    for (String id : List.of("base", "a", "b")) {
      Random random = new Random(SEED + id.hashCode());
      MemoryCheckpoint checkpoint = new MemoryCheckpoint(id);
      open.add(checkpoint);
      Map<String, float[]> ofModel = new LinkedHashMap<>();
      for (int t = 0; t < SIZES.length; t++) {
        double[] wide = new double[SIZES[t]];
        float[] narrow = new float[SIZES[t]];
        for (int i = 0; i < wide.length; i++) {
          // sixteenths times a power of two: exact in BF16, and so are most differences
          int steps = id.equals("base") || random.nextInt(4) == 0 ? 0 : random.nextInt(-8, 9);
          wide[i] = 0.5 + steps * Math.pow(2, -6 - t % 3);
          narrow[i] = dtype == DType.BF16 ? bfloat16(wide[i]) : (float) wide[i];
          wide[i] = narrow[i];
        }
        checkpoint.with("t" + t, dtype, Shape.of(SIZES[t]), wide);
        ofModel.put("t" + t, narrow);
      }
      values.put(id, ofModel);
      inputs.add(new MergeInput(id, checkpoint, TensorNaming.PLAIN));
    }
    return inputs;
  }

  private static float bfloat16(double value) {
    return Float.intBitsToFloat(Float.floatToRawIntBits((float) value) & 0xffff0000);
  }

  private static Recipe recipe(double density) {
    return Recipe.builder("ties")
        .base("base")
        .model("a")
        .model("b", Map.of("density", ParameterValue.of(0.4)))
        .parameter("weight", ParameterValue.of(0.75))
        .parameter("density", ParameterValue.of(density))
        .parameter("trim", ParameterValue.of("global"))
        .outDtype(DType.F32)
        .build();
  }

  private static MemoryWriter run(MergePlan plan, MergeOptions options) throws IOException {
    MemoryWriter writer = new MemoryWriter(plan.layout());
    new MergeEngine().run(plan, writer, options, ProgressListener.NONE);
    return writer;
  }

  /** Smallest magnitude that stays, by sorting the differences of all tensors. */
  private float threshold(String model, double density) {
    int all = Arrays.stream(SIZES).sum();
    float[] magnitudes = new float[all];
    int next = 0;
    for (Map.Entry<String, float[]> tensor : values.get(model).entrySet()) {
      float[] base = values.get("base").get(tensor.getKey());
      for (int i = 0; i < base.length; i++) {
        magnitudes[next++] = Math.abs(tensor.getValue()[i] - base[i]);
      }
    }
    Arrays.sort(magnitudes);
    int kept = Math.max(1, (int) (density * all));
    return magnitudes[all - kept];
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e-9, 0.001, 0.2, 0.5, 0.73, 0.9, 0.99999})
  void keepsWhatAPlainSortOverAllTensorsKeeps(double density) throws IOException {
    for (DType dtype : List.of(DType.F32, DType.BF16)) {
      MemoryWriter writer =
          run(PLANNER.plan(recipe(density), models(dtype)), MergeOptions.ofThreads(2));
      float[] limits = {threshold("a", density), threshold("b", 0.4)};
      for (int t = 0; t < SIZES.length; t++) {
        double[] merged = writer.values("t" + t);
        float[] base = values.get("base").get("t" + t);
        for (int i = 0; i < base.length; i++) {
          double[] kept = new double[2];
          for (int m = 0; m < 2; m++) {
            float delta = values.get(m == 0 ? "a" : "b").get("t" + t)[i] - base[i];
            kept[m] = Math.abs(delta) >= limits[m] ? delta : 0;
          }
          double sign = kept[0] + kept[1] >= 0 ? 1 : -1;
          double sum = 0;
          int agree = 0;
          for (double delta : kept) {
            if (delta * sign > 0) {
              sum += delta;
              agree++;
            }
          }
          // weights are equal, so that normalising takes them out
          double expected = base[i] + (agree == 0 ? 0 : sum / agree);
          assertThat(merged[i]).as("t%d[%d]", t, i).isCloseTo(expected, within(1e-7));
        }
      }
    }
  }

  @Test
  void bytesDoNotDependOnThreadsTilesMemoryOrOtherOutputs() throws IOException {
    List<MergeInput> inputs = models(DType.BF16);
    MergePlan plan = PLANNER.plan(recipe(0.3), inputs);
    MemoryWriter expected = run(plan, MergeOptions.ofThreads(1));
    for (MergeOptions options :
        List.of(
            MergeOptions.ofThreads(4),
            new MergeOptions(3, 100, 7_777),
            new MergeOptions(2, 8, 64),
            MergeOptions.ofThreads(1).withMemory(8_000_000))) {
      assertSame(plan, expected, run(plan, options));
    }
    MergePlan other = PLANNER.plan(recipe(0.9), inputs);
    MemoryWriter first = new MemoryWriter(other.layout());
    MemoryWriter second = new MemoryWriter(plan.layout());
    new MergeEngine()
        .run(
            List.of(new MergeOutput(other, first), new MergeOutput(plan, second)),
            MergeOptions.ofThreads(2),
            ProgressListener.NONE);
    assertSame(plan, expected, second);
  }

  private static void assertSame(MergePlan plan, MemoryWriter expected, MemoryWriter actual) {
    for (TensorSpec tensor : plan.layout()) {
      assertThat(actual.bytes(tensor.name()))
          .as(tensor.name())
          .isEqualTo(expected.bytes(tensor.name()));
    }
  }

  @Test
  void aContinuedMergeLooksAtTheTensorsThatAreCompleteToo() throws IOException {
    MergePlan plan = PLANNER.plan(recipe(0.3), models(DType.BF16));
    MemoryWriter expected = run(plan, MergeOptions.ofThreads(2));
    MemoryWriter writer = new MemoryWriter(plan.layout());
    new MergeEngine()
        .run(
            plan,
            writer,
            MergeOptions.ofThreads(2),
            new RememberingJournal(Set.of("t0", "t8"), List.of()),
            ProgressListener.NONE);
    assertThat(writer.bytes("t9")).isEqualTo(expected.bytes("t9"));
    assertThat(writer.bytes("t7")).isEqualTo(expected.bytes("t7"));
  }

  @Test
  void computedWhileItIsReadItHasTheSameBytes() throws IOException {
    MergePlan plan = PLANNER.plan(recipe(0.3), models(DType.BF16));
    MemoryWriter expected = run(plan, MergeOptions.ofThreads(2));
    try (ComputedCheckpoint computed =
        new ComputedCheckpoint("ties", plan, MergeOptions.ofThreads(2))) {
      for (TensorSpec tensor : plan.layout()) {
        byte[] bytes = new byte[(int) tensor.sizeBytes()];
        computed.read(tensor.name(), 0, MemorySegment.ofArray(bytes));
        assertThat(bytes).isEqualTo(expected.bytes(tensor.name()));
      }
    }
  }

  @Test
  void announcesWhatItReads() throws IOException {
    MergePlan plan = PLANNER.plan(recipe(0.3), models(DType.F32));
    CountingListener listener = new CountingListener();
    MergeReport report =
        new MergeEngine()
            .run(plan, new MemoryWriter(plan.layout()), MergeOptions.ofThreads(2), listener);
    assertThat(listener.announced()).hasValue(3 * plan.bytesToRead());
    assertThat(listener.advanced()).hasValue(listener.announced().get());
    assertThat(report.bytesRead()).isEqualTo(listener.announced().get());
  }

  @Test
  void refusesDensitiesThatDifferBetweenTensors() {
    Recipe recipe =
        Recipe.builder("ties")
            .base("base")
            .model("a")
            .model("b")
            .parameter("weight", ParameterValue.of(1))
            .parameter(
                "density",
                new ParameterValue(
                    List.of(
                        new ParameterRule("t3", List.of(0.5), false),
                        new ParameterRule(ParameterRule.ANY, List.of(0.2), false))))
            .parameter("trim", ParameterValue.of("global"))
            .build();
    List<MergeInput> inputs = models(DType.F32);
    assertThatThrownBy(() -> PLANNER.plan(recipe, inputs))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining("trim: global needs one density")
        .hasMessageContaining("\"t3\" of model \"a\"");
  }
}
