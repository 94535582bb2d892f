package io.hfmerge.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.method.MergeMethods;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SlicesAndModulesTest {

  private static final RecipeReader READER = new RecipeReader(MergeMethods.installed());

  private static Recipe read(String yaml) {
    return READER.read(yaml, "r.yaml");
  }

  @Test
  void readsEveryPartOfSlices() {
    Recipe recipe =
        read(
            """
            merge_method: task_arithmetic
            slices:
              - sources:
                  - {model: a, layer_range: [0, 4], parameters: {weight: 0.5}}
                  - model: {model: {path: b, revision: v1}, lora: {path: l}}
                    layer_range: [2, 6]
                base_model: b@v1+l
                residual_weight: 0.25
                parameters: {lambda: [0, 1]}
              - sources: [{model: c, layer_range: [0, 1]}]
                base_model: c
            base_model: d
            on_mismatch: skip
            """);
    Slice first = recipe.slices().getFirst();
    assertThat(first.sources())
        .containsExactly(
            new SliceSource("a", new LayerRange(0, 4), Map.of("weight", ParameterValue.of(0.5))),
            new SliceSource("b@v1+l", 2, 6));
    assertThat(first.baseModel()).isEqualTo("b@v1+l");
    assertThat(first.residualWeight()).isEqualTo(0.25);
    assertThat(first.parameters())
        .containsEntry("lambda", ParameterValue.gradient(List.of(0.0, 1.0)));
    assertThat(first.length()).isEqualTo(4);
    assertThat(recipe.onMismatch()).isEqualTo(MismatchPolicy.SKIP);
    assertThat(recipe.models()).isEmpty();
    assertThat(recipe.references()).containsExactly("d", "b@v1+l", "a", "c");
    assertThat(read(new RecipeWriter().write(recipe))).isEqualTo(recipe);
  }

  @Test
  void readsModulesOfModelsAndOfSlices() {
    Recipe recipe =
        read(
            """
            merge_method: linear
            modules:
              encoder:
                slices: [{sources: [{model: a, layer_range: [0, 2]}, {model: a, layer_range: [1, 3]}]}]
                parameters: {weight: 1}
              decoder: {models: [{model: b}, {model: c, parameters: {weight: true}}]}
            parameters: {weight: [true, 0.5]}
            """);
    assertThat(recipe.modules()).containsOnlyKeys("encoder", "decoder");
    assertThat(recipe.modules().get("encoder").slices().getFirst().sources())
        .containsExactly(new SliceSource("a", 0, 2), new SliceSource("a", 1, 3));
    assertThat(recipe.modules().get("decoder").models().get(1).parameters())
        .containsEntry("weight", ParameterValue.of(true));
    assertThat(recipe.parameters())
        .containsEntry("weight", ParameterValue.gradient(List.of(1.0, 0.5)));
    assertThat(recipe.references()).containsExactly("a", "b", "c");
    assertThat(read(new RecipeWriter().write(recipe))).isEqualTo(recipe);
  }

  @Test
  void saysEveryFaultOfSlicesWithItsPlaceAtOnce() {
    assertThatThrownBy(() ->
            read(
                """
                merge_method: linear
                weight: 1
                slices:
                - sources:
                  - {model: a, layer_range: [0, 3]}
                  - {model: b, layer_range: [0, 4], weight: 1}
                  residual_weigth: 1
                - sources: []
                - sources:
                  - {model: a+b+c, layer_range: [2, 1], parameters: {weight: 1}}
                  - {layer_range: 3, parameters: {weight: 1}}
                  - {model: a, parameters: {weight: 1}}
                on_mismatch: corp
                """))
        .isInstanceOf(InvalidRecipeException.class)
        .message()
        .satisfies(message ->
            assertThat(message.lines())
                .anySatisfy(line -> starts(line, "2:1", "\"weight\"", "under parameters"))
                .anySatisfy(line -> starts(line, "5:5", "model \"a\": missing \"weight\""))
                .anySatisfy(line -> starts(line, "6:29", "expected 3 layers", "found 4"))
                .anySatisfy(line -> starts(line, "6:37", "\"weight\"", "under parameters"))
                .anySatisfy(line -> starts(line, "7:3", "did you mean \"residual_weight\"?"))
                .anySatisfy(line -> starts(line, "8:12", "expected sources"))
                .anySatisfy(line -> starts(line, "10:13", "more than one \"+\""))
                .anySatisfy(line -> starts(line, "10:33", "found [2, 1]"))
                .anySatisfy(line -> starts(line, "11:5", "missing model"))
                .anySatisfy(line -> starts(line, "11:19", "layer_range of two whole numbers"))
                .anySatisfy(line -> starts(line, "12:5", "missing layer_range"))
                .anySatisfy(line -> starts(line, "13:14", "did you mean \"crop\"?")));
  }

  private static void starts(String line, String place, String... parts) {
    assertThat(line).startsWith("r.yaml:" + place + ": ").contains(parts);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "slices: [], models: [] | slices beside models",
        "modules: {x: {models: [], slices: []}} | slices beside models; a module has one",
        "modules: {x: {parameters: {}}} | missing models or slices",
        "modules: {} | expected modules by name",
        "modules: [a] | expected modules (keys and values), found a list of 1",
        "modules: {x: {models: []}} | linear takes at least 1, found 0",
        "modules: {x: {model: []}} | did you mean \"models\"?",
        "slices: {} | expected a list of slices",
        "slices: [a] | expected a slice (keys and values)",
        "slices: [{}] | missing sources",
        "slices: [{sources: a}] | expected a list of sources",
        "slices: [{sources: [{model: a, layer_range: [0, 1.5]}]}] | two whole numbers",
        "slices: [{sources: [{model: a, layer_range: [0, 99999999999]}]}] | layer_range that begins",
        "slices: [{sources: [{model: a, layer_range: [0]}]}] | two whole numbers",
        "slices: [{sources: [{model: a, layer_range: [0, 1], parameters: {x: 1}}]}] | no parameter",
        "slices: [{sources: [{model: a, layer_range: [0, 1]}], parameters: {wight: 1}}] | \"weight\"?",
        "slices: [{sources: [{model: a, layer_range: [0, 1]}], residual_weight: x}] | a number",
      })
  void saysWhatIsWrong(String body, String expected) {
    assertThatThrownBy(() -> read("{merge_method: linear, " + body + "}"))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageStartingWith("r.yaml:1:")
        .hasMessageContaining(expected);
  }

  @Test
  void theBaseOfASliceMustBeAmongItsSources() {
    String slices = "slices: [{sources: [{model: a, layer_range: [0, 1]}], base_model: %s}]";
    String recipe = "{merge_method: task_arithmetic, parameters: {weight: 1}, " + slices + "}";
    assertThatThrownBy(() -> read(recipe.formatted("b")))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining("base_model \"b\" is not among the sources");
    // the base alone is taken as it is
    assertThat(read(recipe.formatted("a")).references()).containsExactly("a");
  }

  @Test
  void aMethodWithABaseNeedsOneForEverySlice() {
    assertThatThrownBy(() ->
            read(
                "{merge_method: task_arithmetic, parameters: {weight: 1}, slices: ["
                    + "{sources: [{model: a, layer_range: [0, 1]}], base_model: a},"
                    + "{sources: [{model: a, layer_range: [0, 1]}]}]}"))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining("needs a base_model");
  }

  @ParameterizedTest
  @ValueSource(strings = {"x@y", "x+y"})
  void aPathInPartsMayContainSignsOnlyIfItExists(String path) {
    assertThatThrownBy(() ->
            read(
                "{merge_method: linear, models: [{model: {model: {path: "
                    + path
                    + "}}, parameters: {weight: 1}}]}"))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining("must exist");
  }

  @Test
  void refusesAnotherArchitectureByNameOfTheKey() {
    assertThatThrownBy(() ->
            read(
                "{merge_method: linear, models: [{model: {model: a, override_architecture: X},"
                    + " parameters: {weight: 1}}]}"))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("override_architecture is not supported");
  }
}
