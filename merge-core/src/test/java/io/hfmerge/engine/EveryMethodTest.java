package io.hfmerge.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.error.MemoryBudgetException;
import io.hfmerge.method.BaseModelUse;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.method.MethodDescription;
import io.hfmerge.method.ParameterDescription;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.plan.MergePlanner;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.recipe.ParameterValue;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeBuilder;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorSpec;
import io.hfmerge.testing.MemoryWriter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for each method that is installed, those on the class path included. */
@Timeout(120)
class EveryMethodTest {

  private static final MergeMethods METHODS = MergeMethods.installed();

  private final AwkwardInputs models = new AwkwardInputs();

  @AfterEach
  void close() {
    models.close();
  }

  static Stream<String> methods() {
    return METHODS.names().stream();
  }

  private MergePlan plan(String name, @Nullable DType dtype) {
    MergeMethod method = METHODS.find(name).orElseThrow();
    return new MergePlanner(METHODS)
        .plan(recipe(method.description()).outDtype(dtype).build(), models.inputs());
  }

  /**
   * As many of the models as the method takes, required parameters in the middle of their range.
   */
  private static RecipeBuilder recipe(MethodDescription method) {
    RecipeBuilder recipe = Recipe.builder(method.name()).seed(7);
    List<String> candidates = new ArrayList<>(List.of("base", "a", "b"));
    if (method.base() == BaseModelUse.REQUIRED || method.maximumModels() < 2) {
      recipe.base(candidates.removeFirst());
    }
    int count = Math.min(method.maximumModels(), candidates.size());
    candidates.subList(0, count).forEach(recipe::model);
    for (ParameterDescription parameter : method.parameters()) {
      if (parameter.required()) {
        recipe.parameter(parameter.name(), ParameterValue.of(middle(parameter)));
      }
    }
    return recipe;
  }

  private static double middle(ParameterDescription parameter) {
    return Math.clamp(0.375, parameter.minimum(), parameter.maximum());
  }

  private static void assertSame(MergePlan plan, MemoryWriter actual, MemoryWriter expected) {
    for (TensorSpec tensor : plan.layout()) {
      assertThat(actual.bytes(tensor.name()))
          .as("%s", tensor)
          .isEqualTo(expected.bytes(tensor.name()));
    }
  }

  @ParameterizedTest
  @MethodSource("methods")
  void computedTensorsHaveTheBytesOfWrittenOnes(String method) throws IOException {
    MergePlan plan = plan(method, DType.BF16);
    MemoryWriter written = AwkwardInputs.run(plan, MergeOptions.ofThreads(2));
    try (ComputedCheckpoint computed =
        new ComputedCheckpoint(method, plan, new MergeOptions(2, 100, 5_000))) {
      for (TensorSpec tensor : plan.layout()) {
        byte[] expected = written.bytes(tensor.name());
        byte[] actual = new byte[expected.length];
        int cut = expected.length / 3 | 1; // in the middle of an element
        MemorySegment all = MemorySegment.ofArray(actual);
        if (expected.length > cut) {
          computed.read(tensor.name(), cut, all.asSlice(cut));
          computed.read(tensor.name(), 0, all.asSlice(0, cut));
        } else {
          computed.read(tensor.name(), 0, all);
        }
        assertThat(actual).as("%s", tensor).isEqualTo(expected);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("methods")
  void outputsMadeTogetherHaveTheBytesOfThoseMadeAlone(String method) throws IOException {
    List<MergePlan> plans =
        List.of(
            plan(method, null), models.plan(AwkwardInputs.frobenius("b")), plan(method, DType.F32));
    List<MergeOutput> outputs = new ArrayList<>();
    List<MemoryWriter> together = new ArrayList<>();
    for (MergePlan plan : plans) {
      together.add(new MemoryWriter(plan.layout()));
      outputs.add(new MergeOutput(plan, together.getLast()));
    }
    new MergeEngine().run(outputs, new MergeOptions(3, 128, 7_000), ProgressListener.NONE);
    for (int i = 0; i < plans.size(); i++) {
      MemoryWriter alone = AwkwardInputs.run(plans.get(i), MergeOptions.ofThreads(1));
      assertSame(plans.get(i), together.get(i), alone);
    }
  }

  @ParameterizedTest
  @MethodSource("methods")
  void theLeastMemoryGivesTheSameBytes(String method) throws IOException {
    MergePlan plan = plan(method, DType.F64);
    MergeOptions least = MergeOptions.ofThreads(4).withMemory(leastMemory(plan));
    assertThat(MergeMemory.of(List.of(plan), least).totalBytes())
        .isLessThanOrEqualTo(least.memoryBytes());
    assertSame(
        plan, AwkwardInputs.run(plan, least), AwkwardInputs.run(plan, MergeOptions.ofThreads(4)));
  }

  /** By halving the interval in which it must be. */
  private static long leastMemory(MergePlan plan) {
    long tooLittle = 0;
    long enough = MergeOptions.DEFAULT_MEMORY_BYTES;
    while (enough - tooLittle > 1) {
      long middle = (enough + tooLittle) / 2;
      try {
        MergeMemory.of(List.of(plan), MergeOptions.ofThreads(4).withMemory(middle));
        enough = middle;
      } catch (MemoryBudgetException e) {
        tooLittle = middle;
      }
    }
    return enough;
  }
}
