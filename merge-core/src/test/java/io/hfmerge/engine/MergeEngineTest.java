package io.hfmerge.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.method.MergeMethods;
import io.hfmerge.plan.MergeInput;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.plan.MergePlanner;
import io.hfmerge.plan.TensorNaming;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeReader;
import io.hfmerge.recipe.RecipeWriter;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.testing.MemoryCheckpoint;
import io.hfmerge.testing.MemoryWriter;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MergeEngineTest {

  private static final MergeMethods METHODS = MergeMethods.installed();

  @Test
  void addsTaskVectorsToTheBase() throws IOException {
    try (MemoryCheckpoint base = new MemoryCheckpoint("base");
        MemoryCheckpoint a = new MemoryCheckpoint("a");
        MemoryCheckpoint b = new MemoryCheckpoint("b")) {
      base.with("w", DType.F32, Shape.of(3), 1, 2, 3);
      a.with("w", DType.BF16, Shape.of(3), 2, 2, 3);
      b.with("w", DType.F16, Shape.of(3), 1, 4, 3);
      Map<String, Double> weights = new LinkedHashMap<>();
      weights.put("a", 0.5);
      weights.put("b", 2.0);
      Recipe recipe = Recipe.sum("base", weights).build();
      assertThat(new RecipeReader(METHODS).read(new RecipeWriter().write(recipe), "r.yaml"))
          .isEqualTo(recipe);
      MergePlan plan =
          new MergePlanner(METHODS)
              .plan(
                  recipe,
                  List.of(
                      new MergeInput("base", base, TensorNaming.PLAIN),
                      new MergeInput("a", a, TensorNaming.PLAIN),
                      new MergeInput("b", b, TensorNaming.PLAIN)));
      MemoryWriter writer = new MemoryWriter(plan.layout());
      MergeReport report =
          new MergeEngine().run(plan, writer, MergeOptions.ofThreads(2), ProgressListener.NONE);
      writer.finish();
      assertThat(writer.values("w")).containsExactly(1.5, 6, 3);
      assertThat(report.tensorsMerged()).isEqualTo(1);
      assertThat(report.conversions()).hasSize(2);
    }
  }
}
