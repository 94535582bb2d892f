package io.hfmerge.engine;

import static io.hfmerge.engine.AwkwardInputs.frobenius;
import static io.hfmerge.engine.AwkwardInputs.input;
import static io.hfmerge.engine.AwkwardInputs.lambda;
import static io.hfmerge.engine.AwkwardInputs.mean;
import static io.hfmerge.engine.AwkwardInputs.reverse;
import static io.hfmerge.engine.AwkwardInputs.run;
import static io.hfmerge.engine.AwkwardInputs.sampling;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.MemoryBudgetException;
import io.hfmerge.plan.MergeInput;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.recipe.ParameterValue;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeBuilder;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import io.hfmerge.testing.MemoryCheckpoint;
import io.hfmerge.testing.MemoryWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(60)
class MergeMemoryTest {

  private static final MergeOptions DEFAULTS = MergeOptions.ofThreads(2);

  private final AwkwardInputs models = new AwkwardInputs();

  @AfterEach
  void close() {
    models.close();
  }

  static List<Recipe> recipes() {
    return List.of(
        mean(),
        sampling(),
        lambda(0.3, DType.F64),
        frobenius("a"),
        reverse(null),
        reverse(DType.F64));
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void bytesDoNotDependOnTheMemory(Recipe recipe) throws IOException {
    MergePlan plan = models.plan(recipe);
    MemoryWriter expected = run(plan, DEFAULTS);
    for (long memory : new long[] {1_100_000, 1_900_000, 5_000_000}) {
      MemoryWriter actual = run(plan, MergeOptions.ofThreads(2).withMemory(memory));
      for (TensorSpec tensor : plan.layout()) {
        assertThat(actual.bytes(tensor.name()))
            .as("%s in %d bytes", tensor, memory)
            .isEqualTo(expected.bytes(tensor.name()));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void takesNoMoreThanIsAllowed(Recipe recipe) {
    List<MergePlan> plans = List.of(models.plan(recipe), models.plan(mean()));
    for (int threads : new int[] {1, 2, 16}) {
      for (long memory : new long[] {1_500_000, 2_000_000, 50_000_000, 1L << 30}) {
        MergeOptions options = MergeOptions.ofThreads(threads).withMemory(memory);
        MergeMemory planned = MergeMemory.of(plans, options);
        assertThat(planned.totalBytes()).isLessThanOrEqualTo(memory);
        assertThat(planned.threads()).isBetween(1, threads);
      }
    }
  }

  @Test
  void asksForNoMoreThanTheLargestBlockOfTheModels() {
    // one row of tiles, three inputs and the result: 9 bytes read of base and models, 2 written
    MergePlan plan = models.plan(mean());
    long largest =
        plan.tensors().stream()
            .mapToLong(tensor -> tensor.bytesToRead() + tensor.output().sizeBytes())
            .max()
            .orElseThrow();
    assertThat(MergeMemory.of(List.of(plan), MergeOptions.ofThreads(1)).totalBytes())
        .isBetween(largest, largest + 100_000);
  }

  @Test
  void blocksShrinkWithTheNumberOfModels() throws IOException {
    int count = 100;
    int length = 300_000;
    List<MemoryCheckpoint> checkpoints = new ArrayList<>();
    try {
      List<MergeInput> inputs = new ArrayList<>();
      RecipeBuilder recipe = Recipe.builder("linear").parameter("weight", ParameterValue.of(1));
      Random random = new Random(AwkwardInputs.SEED);
      for (int i = 0; i < count; i++) {
        double[] values = new double[length];
        for (int j = 0; j < length; j++) {
          values[j] = random.nextInt(200) - 100;
        }
        MemoryCheckpoint checkpoint =
            new MemoryCheckpoint("m" + i).with("w", DType.F32, Shape.of(length), values);
        checkpoints.add(checkpoint);
        inputs.add(input(checkpoint));
        recipe.model("m" + i);
      }
      MergePlan plan = AwkwardInputs.plan(recipe.build(), inputs);
      long memory = 8_000_000;
      MergeOptions options = MergeOptions.ofThreads(2).withMemory(memory);
      assertThat(MergeMemory.of(List.of(plan), options).totalBytes()).isBetween(memory / 2, memory);
      // F32 read and written, in blocks for each of two workers
      assertThat(MergeMemory.of(List.of(plan), DEFAULTS).totalBytes())
          .isGreaterThan(2L * DEFAULTS.blockElements() * 4 * (count + 1));
      assertThat(run(plan, options).bytes("w")).isEqualTo(run(plan, DEFAULTS).bytes("w"));
    } finally {
      checkpoints.forEach(MemoryCheckpoint::close);
    }
  }

  @Test
  void runsFewerWorkersWhereNotAllFit() {
    // one row of 50,001 elements for each: floats of input and result, F32 read and BF16 written
    MergePlan plan = models.plan(reverse(DType.BF16));
    long row = 50_001L * (4 + 4 + 4 + 2);
    assertThat(MergeMemory.of(List.of(plan), DEFAULTS.withMemory(2 * row + 1000)).threads())
        .isEqualTo(2);
    assertThat(MergeMemory.of(List.of(plan), DEFAULTS.withMemory(2 * row - 1000)).threads())
        .isEqualTo(1);
  }

  @Test
  void countsWhatAMethodTakesForEachElementOfARow() throws IOException {
    MergePlan plan = models.plan(AwkwardInputs.della());
    // rows of 50,001: floats of inputs and result; differences, marks, factors and tables of two
    // models, of which each has room for keys in another order; sums, words and keys; BF16, F16 and
    // F32 read, BF16 written. Beside them, for each model, how often each of 2^11 digits occurs
    long elements = 4 * 4 + 2 * (4 + 4 + 8 + 16 + 8) + 4 + 4 + 4 + 16 + 16 + 8 + 2;
    long row = 50_001L * elements + 2 * 3 * 2048 * 4;

    assertThat(MergeMemory.of(List.of(plan), DEFAULTS.withMemory(2 * row + 1000)).threads())
        .isEqualTo(2);
    assertThat(MergeMemory.of(List.of(plan), DEFAULTS.withMemory(2 * row - 1000)).threads())
        .isEqualTo(1);
    assertThatThrownBy(() -> MergeMemory.of(List.of(plan), DEFAULTS.withMemory(row - 1000)))
        .isInstanceOf(MemoryBudgetException.class);
    MemoryWriter expected = run(plan, DEFAULTS);
    MemoryWriter tight = run(plan, DEFAULTS.withMemory(row + 1000));
    for (TensorSpec tensor : plan.layout()) {
      assertThat(tight.bytes(tensor.name())).isEqualTo(expected.bytes(tensor.name()));
    }
  }

  @Test
  void saysWhatWouldDoWhereTheSmallestBlockDoesNotFit() {
    MergePlan plan = models.plan(reverse(DType.BF16));
    assertThatThrownBy(() -> MergeMemory.of(List.of(plan), DEFAULTS.withMemory(600_000)))
        .isInstanceOf(MemoryBudgetException.class)
        .hasMessage(
            "t6: expected a memory of at least 700,143 bytes for one tile of 1 input on one"
                + " thread, found 600,000");
    assertThat(MergeMemory.of(List.of(plan), DEFAULTS.withMemory(700_143)).threads()).isEqualTo(1);
  }

  @Test
  void countsComputedInputsOnce() {
    MergePlan first = models.plan(lambda(1, null));
    try (ComputedCheckpoint computed = new ComputedCheckpoint("first", first, DEFAULTS)) {
      Recipe recipe = Recipe.builder("frobenius").base("base").model("first").build();
      List<MergeInput> inputs = List.of(input(models.base), input(computed));
      MergePlan plan = AwkwardInputs.plan(recipe, inputs);
      MergePlan alone = models.plan(frobenius("a"));
      MergeMemory both = MergeMemory.of(List.of(plan, plan), DEFAULTS);
      MergeMemory none = MergeMemory.of(List.of(alone, alone), DEFAULTS);
      assertThat(both.totalBytes())
          .isGreaterThan(computed.memoryBytes(2))
          .isLessThan(none.totalBytes() + 2 * computed.memoryBytes(2));
    }
  }

  @Test
  void aWorkersMemoryStaysWithinItsLimitWhateverFollowsWhat() {
    long limit = 100_000;
    Random random = new Random(AwkwardInputs.SEED);
    try (WorkerMemory memory = new WorkerMemory(limit)) {
      for (int i = 0; i < 2_000; i++) {
        int models = random.nextInt(20);
        int tile = models == 0 ? 0 : 1 + random.nextInt(20_000 / (models + 1));
        long heap = 4L * tile * (models + 1);
        long elsewhere = random.nextInt(10) == 0 ? random.nextLong(limit - heap) : 0;
        long bytes = random.nextLong(limit - heap - elsewhere + 1);
        long given = memory.reserve(models, tile, bytes, elsewhere).byteSize();
        assertThat(given).isGreaterThanOrEqualTo(bytes);
        assertThat(memory.inputs().length).isGreaterThanOrEqualTo(models);
        assertThat(memory.out().length).isGreaterThanOrEqualTo(tile);
        long held = 4L * memory.out().length * (memory.inputs().length + 1) + given;
        assertThat(held + elsewhere).isLessThanOrEqualTo(limit);
      }
    }
  }
}
