package io.hfmerge.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.engine.MergeEngine;
import io.hfmerge.engine.MergeOptions;
import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.recipe.MismatchPolicy;
import io.hfmerge.recipe.ParameterValue;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeBuilder;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.testing.MemoryCheckpoint;
import io.hfmerge.testing.MemoryWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class ShapeMismatchTest {

  private static final MergePlanner PLANNER = new MergePlanner(MergeMethods.installed());

  private final List<MemoryCheckpoint> open = new ArrayList<>();

  @AfterEach
  void closeCheckpoints() {
    open.forEach(MemoryCheckpoint::close);
  }

  private MemoryCheckpoint checkpoint(String id) {
    MemoryCheckpoint checkpoint = new MemoryCheckpoint(id);
    open.add(checkpoint);
    return checkpoint;
  }

  private static MergeInput input(MemoryCheckpoint checkpoint) {
    return new MergeInput(checkpoint.id(), checkpoint, new StackNaming(1));
  }

  private static RecipeBuilder sum(MismatchPolicy policy, String... models) {
    RecipeBuilder recipe =
        Recipe.builder("linear")
            .parameter("weight", ParameterValue.of(1))
            .parameter("normalize", ParameterValue.of(false))
            .onMismatch(policy);
    for (String model : models) {
      recipe.model(model);
    }
    return recipe;
  }

  private static double[] merge(MergePlan plan, String tensor) throws IOException {
    MemoryWriter writer = new MemoryWriter(plan.layout());
    new MergeEngine().run(plan, writer, MergeOptions.ofThreads(1), ProgressListener.NONE);
    return writer.values(tensor);
  }

  @Test
  void cropsVocabulariesToTheCommonRowsAndColumns() throws IOException {
    MemoryCheckpoint a = checkpoint("a").with("embed", DType.F32, Shape.of(3, 2), 1, 2, 3, 4, 5, 6);
    MemoryCheckpoint b =
        checkpoint("b").with("embed", DType.BF16, Shape.of(2, 3), 10, 20, 30, 40, 50, 60);
    Recipe recipe = sum(MismatchPolicy.CROP, "a", "b").build();
    MergePlan plan = PLANNER.plan(recipe, List.of(input(a), input(b)));
    assertThat(plan.layout().getFirst().shape()).isEqualTo(Shape.of(2, 2));
    assertThat(merge(plan, "embed")).containsExactly(11, 22, 43, 54);
    assertThat(plan.bytesToRead()).isEqualTo(16 + 8);
    assertThat(plan.notes())
        .containsExactly(
            "cut to the rows and columns that all models have (on_mismatch: crop): a:"
                + " embed ([3, 2] to [2, 2])",
            "cut to the rows and columns that all models have (on_mismatch: crop): b:"
                + " embed ([2, 3] to [2, 2])");
  }

  @Test
  void cropsNothingElse() {
    MemoryCheckpoint a = checkpoint("a").with("w", DType.F32, Shape.of(2, 1), 1, 2);
    MemoryCheckpoint b = checkpoint("b").with("w", DType.F32, Shape.of(1, 1), 1);
    Recipe recipe = sum(MismatchPolicy.CROP, "a", "b").build();
    assertThatThrownBy(() -> PLANNER.plan(recipe, List.of(input(a), input(b))))
        .isInstanceOf(IncompatibleCheckpointsException.class)
        .hasMessageContaining("only matrices of the vocabulary are cropped");
  }

  @Test
  void leavesModelsOfAnotherShapeOut() throws IOException {
    MemoryCheckpoint a = checkpoint("a").with("w", DType.F32, Shape.of(2), 1, 2);
    MemoryCheckpoint b = checkpoint("b").with("w", DType.F32, Shape.of(1), 7);
    MemoryCheckpoint c = checkpoint("c").with("w", DType.F32, Shape.of(2), 3, 4);
    Recipe recipe = sum(MismatchPolicy.SKIP, "a", "b", "c").build();
    MergePlan plan = PLANNER.plan(recipe, List.of(input(a), input(b), input(c)));
    assertThat(merge(plan, "w")).containsExactly(4, 6);
    assertThat(plan.notes())
        .singleElement()
        .asString()
        .contains("(on_mismatch: skip): b: w ([1], expected [2])");
  }

  @Test
  void copiesTheBaseWhereAllOthersAreLeftOut() throws IOException {
    MemoryCheckpoint base = checkpoint("base").with("w", DType.F32, Shape.of(2), 1, 2);
    MemoryCheckpoint a = checkpoint("a").with("w", DType.F32, Shape.of(1), 7);
    Recipe recipe = Recipe.sum("base", Map.of("a", 1.0)).onMismatch(MismatchPolicy.SKIP).build();
    MergePlan plan = PLANNER.plan(recipe, List.of(input(base), input(a)));
    assertThat(plan.tensors()).allMatch(tensor -> tensor instanceof CopiedTensor);
    assertThat(merge(plan, "w")).containsExactly(1, 2);
  }

  @RepeatedTest(20)
  void readsAnyPartOfACroppedMatrix(RepetitionInfo repetition) throws IOException {
    Random random = new Random(repetition.getCurrentRepetition());
    int rows = 1 + random.nextInt(6);
    int columns = 1 + random.nextInt(6);
    int fewerRows = 1 + random.nextInt(rows);
    int fewerColumns = 1 + random.nextInt(columns);
    double[] values = random.ints((long) rows * columns, 0, 100).asDoubleStream().toArray();
    MemoryCheckpoint whole =
        checkpoint("a")
            .with("m", DType.F16, Shape.of(rows, columns), values)
            .with("other", DType.F16, Shape.of(1), 5);
    CroppedCheckpoint cropped =
        new CroppedCheckpoint(whole, whole.get("m"), Shape.of(fewerRows, fewerColumns));
    int size = fewerRows * fewerColumns;
    for (int first = 0; first <= size; first++) {
      int length = random.nextInt(size - first + 1);
      double[] expected = new double[length];
      for (int i = 0; i < length; i++) {
        int row = (first + i) / fewerColumns;
        expected[i] = values[row * columns + (first + i) % fewerColumns];
      }
      assertThat(read(cropped, "m", first, length)).containsExactly(expected);
    }
    cropped
        .mapped("m")
        .ifPresent(bytes -> assertThat(bytes.byteSize()).isEqualTo(cropped.get("m").sizeBytes()));
    assertThat(read(cropped, "other", 0, 1)).containsExactly(5);
    assertThat(cropped.tensors())
        .containsExactly(cropped.find("m").orElseThrow(), whole.get("other"));
    assertThatThrownBy(() -> read(cropped, "m", size, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static double[] read(CroppedCheckpoint checkpoint, String tensor, int first, int length)
      throws IOException {
    double[] values = new double[length];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(2L * length);
      checkpoint.read(tensor, 2L * first, bytes);
      TensorCodec.decode(DType.F16, bytes, 0, values, length);
    }
    return values;
  }
}
