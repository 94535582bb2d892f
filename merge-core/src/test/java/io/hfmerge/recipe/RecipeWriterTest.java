package io.hfmerge.recipe;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.method.MergeMethods;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;

class RecipeWriterTest {

  private static final RecipeReader READER = new RecipeReader(MergeMethods.installed());

  @RepeatedTest(20)
  void everyRecipeIsReadBackAsItWas(RepetitionInfo repetition) {
    RandomRecipes recipes = new RandomRecipes(repetition.getCurrentRepetition());
    for (int i = 0; i < 20; i++) {
      Recipe recipe = recipes.next();
      String yaml = new RecipeWriter().write(recipe);
      assertThat(READER.read(yaml, "written.yaml")).as(yaml).isEqualTo(recipe);
    }
  }
}
