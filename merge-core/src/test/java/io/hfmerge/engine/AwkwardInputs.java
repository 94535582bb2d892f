package io.hfmerge.engine;

import io.hfmerge.method.DellaMethod;
import io.hfmerge.method.LinearMethod;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.method.TaskArithmeticMethod;
import io.hfmerge.plan.MergeInput;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.plan.MergePlanner;
import io.hfmerge.plan.TensorNaming;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.recipe.ParameterValue;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.testing.CountingCheckpoint;
import io.hfmerge.testing.MemoryCheckpoint;
import io.hfmerge.testing.MemoryWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A base and two models with tensors of many lengths, shapes and dtypes, an integer one included,
 * and ways to merge them: with and without statistics, with whole rows, of every output dtype.
 */
final class AwkwardInputs implements AutoCloseable {

  static final long SEED = 20261122;

  static final MergeMethods METHODS =
      MergeMethods.of(
          List.of(
              new LinearMethod(),
              new TaskArithmeticMethod(),
              new FrobeniusMethod(),
              new RowReversingMethod(),
              new DellaMethod(),
              new SamplingMethod()));

  private static final Shape[] SHAPES = {
    Shape.of(300, 211),
    Shape.of(1),
    Shape.of(0),
    Shape.of(3),
    Shape.of(7, 11),
    Shape.of(1025),
    Shape.of(2, 50_001),
    Shape.of(9_999)
  };

  private final List<MemoryCheckpoint> owned = new ArrayList<>();
  final CountingCheckpoint base;
  final CountingCheckpoint a;
  final CountingCheckpoint b;

  AwkwardInputs() {
    base = model("base", DType.BF16, DType.F32, 0);
    a = model("a", DType.F16, DType.BF16, 100);
    b = model("b", DType.F32, DType.F32, 200);
  }

  private CountingCheckpoint model(String id, DType even, DType odd, long seed) {
    MemoryCheckpoint checkpoint = new MemoryCheckpoint(id).unmapped();
    owned.add(checkpoint);
    for (int i = 0; i < SHAPES.length; i++) {
      int length = Math.toIntExact(SHAPES[i].elements());
      Random random = new Random(SEED + seed + i);
      double[] values = new double[length];
      for (int j = 0; j < length; j++) {
        values[j] = random.nextGaussian();
      }
      checkpoint.with("t" + i, i % 2 == 0 ? even : odd, SHAPES[i], values);
    }
    byte[] ids = new byte[8 * 7_001];
    new Random(SEED).nextBytes(ids);
    checkpoint.withBytes("ids", DType.I64, Shape.of(7_001), ids);
    return new CountingCheckpoint(checkpoint);
  }

  List<MergeInput> inputs() {
    return List.of(input(base), input(a), input(b));
  }

  static MergeInput input(Checkpoint checkpoint) {
    return new MergeInput(checkpoint.id(), checkpoint, TensorNaming.PLAIN);
  }

  MergePlan plan(Recipe recipe) {
    return plan(recipe, inputs());
  }

  static MergePlan plan(Recipe recipe, List<MergeInput> inputs) {
    return new MergePlanner(METHODS).plan(recipe, inputs);
  }

  static Recipe lambda(double lambda, @Nullable DType dtype) {
    return Recipe.sum("base", Map.of("a", 1.0, "b", -0.25))
        .parameter("lambda", ParameterValue.of(lambda))
        .outDtype(dtype)
        .build();
  }

  static Recipe mean() {
    return Recipe.builder("linear")
        .base("base")
        .model("a")
        .model("b")
        .parameter("weight", ParameterValue.of(1))
        .build();
  }

  /** Two passes of statistics. */
  static Recipe frobenius(String model) {
    return Recipe.builder("frobenius").base("base").model(model).build();
  }

  /** Statistics over every third segment. */
  static Recipe sampling() {
    return Recipe.builder("sampling").base("base").model("a").build();
  }

  /** Whole rows, with scratch for each element of them. */
  static Recipe della() {
    return Recipe.builder("della")
        .base("base")
        .model("a")
        .model("b")
        .parameter("weight", ParameterValue.of(0.5))
        .parameter("density", ParameterValue.of(0.5))
        .build();
  }

  /** Whole rows. */
  static Recipe reverse(@Nullable DType dtype) {
    return Recipe.builder("reverse").model("b").outDtype(dtype).build();
  }

  static MemoryWriter run(MergePlan plan, MergeOptions options) throws IOException {
    MemoryWriter writer = new MemoryWriter(plan.layout());
    new MergeEngine().run(plan, writer, options, ProgressListener.NONE);
    writer.finish();
    return writer;
  }

  @Override
  public void close() {
    owned.forEach(MemoryCheckpoint::close);
  }
}
