package io.hfmerge.hf.output;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.hfmerge.error.HfMergeException;
import io.hfmerge.hf.testing.Mutations;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.recipe.RecipeReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Any text as a recipe. */
class RecipeFuzzTest {

  private static final int INPUTS = 2_000;

  @FuzzTest(maxDuration = "10m")
  void recipe(byte[] input) throws IOException {
    try {
      new RecipeReader(MergeMethods.installed())
          .read(new String(input, StandardCharsets.UTF_8), "recipe.yaml");
    } catch (HfMergeException e) {
      // refused, which is an answer
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void answersMutatedSeeds(long seed) throws IOException {
    Mutations.run(Mutations.seeds(RecipeFuzzTest.class, "recipe"), seed, INPUTS, this::recipe);
  }
}
