package io.hfmerge.hf.djl.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.djl.eval.ParameterSearch.Range;
import io.hfmerge.hf.djl.eval.ParameterSearch.Trial;
import io.hfmerge.recipe.ParameterValue;
import io.hfmerge.recipe.Recipe;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SearchTest {

  @Test
  void findsTheMinimumOfAParabolaByFewEvaluations() throws IOException {
    List<Trial> trials =
        new ParameterSearch(
                List.of(new Range(0, 1)),
                5,
                10,
                at -> (at.getFirst() - 0.37) * (at.getFirst() - 0.37))
            .run();

    // half of the first bracket, 0.5, times 0.618 a step
    assertThat(ParameterSearch.best(trials).values().getFirst()).isCloseTo(0.37, within(0.01));
    assertThat(trials).hasSizeLessThanOrEqualTo(5 + 10 + 1);
  }

  @Test
  void severalParametersAreSearchedTogether() throws IOException {
    List<Trial> trials =
        new ParameterSearch(
                List.of(new Range(-1, 1), new Range(0, 2)),
                5,
                40,
                at -> {
                  double x = at.get(0) - 0.2;
                  double y = at.get(1) - 1.3;
                  return x * x + y * y + 0.3 * x * y;
                })
            .run();

    assertThat(ParameterSearch.best(trials).values().get(0)).isCloseTo(0.2, within(0.01));
    assertThat(ParameterSearch.best(trials).values().get(1)).isCloseTo(1.3, within(0.01));
    assertThat(trials).hasSizeLessThanOrEqualTo(5 + 4 + 40);
  }

  /** A narrow valley across the axes, along which no axis leads: Rosenbrock's, from (0, 0). */
  @Test
  void theSimplexFollowsAValley() throws IOException {
    List<Trial> trials = new ArrayList<>();
    new NelderMead(
            List.of(new Range(-2, 2), new Range(-2, 2)),
            at -> {
              double x = at.get(0);
              double y = at.get(1);
              double value = (1 - x) * (1 - x) + 100 * (y - x * x) * (y - x * x);
              trials.add(new Trial(at, value));
              return value;
            })
        .run(List.of(0.0, 0.0), 1, 0.1, 150);

    assertThat(ParameterSearch.best(trials).values().get(0)).isCloseTo(1, within(0.01));
    assertThat(ParameterSearch.best(trials).values().get(1)).isCloseTo(1, within(0.02));
  }

  @Test
  void theSimplexStaysInsideTheBounds() throws IOException {
    List<Trial> trials =
        new ParameterSearch(
                List.of(new Range(0, 1), new Range(0, 1), new Range(0, 1)),
                3,
                60,
                at -> {
                  double sum = 0;
                  for (int i = 0; i < 3; i++) {
                    sum += (at.get(i) - (0.4 + 0.5 * i)) * (at.get(i) - (0.4 + 0.5 * i));
                  }
                  return at.get(0) < 0.1 ? Double.NaN : sum;
                })
            .run();

    assertThat(trials)
        .allSatisfy(trial ->
            assertThat(trial.values()).allSatisfy(value -> assertThat(value).isBetween(0.0, 1.0)));
    // minima at 0.4, 0.9 and, outside, 1.4
    assertThat(ParameterSearch.best(trials).values().get(0)).isCloseTo(0.4, within(0.05));
    assertThat(ParameterSearch.best(trials).values().get(1)).isCloseTo(0.9, within(0.05));
    assertThat(ParameterSearch.best(trials).values().get(2)).isCloseTo(1, within(0.01));
  }

  @Test
  void numbersOutsideTheirRangeAreRefused() {
    List<Range> range = List.of(new Range(0, 1));

    assertThatThrownBy(() -> new ParameterSearch(List.of(), 3, 0, values -> 0))
        .hasMessage("expected a parameter at least, found none");
    assertThatThrownBy(() -> new ParameterSearch(range, 1, 0, values -> 0))
        .hasMessage("grid: expected 2 to 10000 points, found 1");
    assertThatThrownBy(() -> new ParameterSearch(range, 100_000_000, 0, values -> 0))
        .hasMessage("grid: expected 2 to 10000 points, found 100000000");
    assertThatThrownBy(() -> new ParameterSearch(range, 2, -1, values -> 0))
        .hasMessage("evaluations: expected 0 to 10000, found -1");
  }

  @Test
  void bestIsNeverNaN() throws IOException {
    List<Trial> trials =
        new ParameterSearch(
                List.of(new Range(0, 1)), 3, 2, at -> at.getFirst() < 0.4 ? Double.NaN : 1)
            .run();

    assertThat(ParameterSearch.best(trials).value()).isEqualTo(1);
  }

  @Test
  void barrierIsTheHeightOverTheChord() {
    LinearPath path =
        new LinearPath(
            "loss",
            true,
            List.of(
                new LinearPath.Point(0, 1),
                new LinearPath.Point(0.25, 3),
                new LinearPath.Point(0.5, 3.5),
                new LinearPath.Point(1, 5)));
    LinearPath inverse = new LinearPath("accuracy", false, path.points());

    // 3 − (0.75 · 1 + 0.25 · 5), and 3.5 − 3
    assertThat(path.barrier()).isEqualTo(new LinearPath.Barrier(0.25, 1));
    assertThat(inverse.barrier()).isEqualTo(new LinearPath.Barrier(0, 0));
  }

  @Test
  void parametersOfTheRecipeAndOfModelsAreSet() {
    Recipe recipe = Recipe.sum("base", Map.of("a", 1.0)).build();

    Recipe changed =
        RecipeParameter.parse("models[0].weight=0:1")
            .set(RecipeParameter.parse("lambda=0.1:1.2").set(recipe, 0.5), 0.25);

    assertThat(changed.parameters()).containsEntry("lambda", ParameterValue.of(0.5));
    assertThat(changed.models().getFirst().parameters())
        .containsEntry("weight", ParameterValue.of(0.25));
    assertThatThrownBy(() -> RecipeParameter.parse("models[1].weight=0:1").set(recipe, 0))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("one of the recipe's 1 models");
  }

  @ParameterizedTest
  @ValueSource(strings = {"lambda", "lambda=1", "lambda=2:1", "lambda=0:NaN", "models.weight=0:1"})
  void otherParametersAreRefused(String text) {
    assertThatThrownBy(() -> RecipeParameter.parse(text)).isInstanceOf(InvalidInputException.class);
  }
}
