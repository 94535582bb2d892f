package io.hfmerge.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.method.Compatibility;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.tensor.DType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecipeReaderTest {

  private static final RecipeReader READER = new RecipeReader(MergeMethods.installed());

  private static final String SUM =
      """
      merge_method: task_arithmetic
      base_model: org/base
      models:
        - model: org/a
          parameters:
            weight: 0.7
        - model: ../b@main+org/lora@v2
          parameters: {weight: -0.5, density: 0.5}
      parameters:
        lambda: 0.8
        normalize: true
      dtype: float32
      out_dtype: torch.bfloat16
      tokenizer_source: base
      compat: mergekit
      seed: 7
      """;

  private static Recipe read(String yaml) {
    return READER.read(yaml, "r.yaml");
  }

  @Test
  void readsEveryPartOfARecipe() {
    Recipe recipe = read(SUM);
    assertThat(recipe.mergeMethod()).isEqualTo("task_arithmetic");
    assertThat(recipe.baseModel()).isEqualTo("org/base");
    assertThat(recipe.models()).hasSize(2);
    assertThat(recipe.models().get(1).reference()).isEqualTo("../b@main+org/lora@v2");
    assertThat(recipe.models().get(1).parameters())
        .containsEntry("weight", ParameterValue.of(-0.5));
    assertThat(recipe.parameters())
        .containsEntry("lambda", ParameterValue.of(0.8))
        .containsEntry("normalize", ParameterValue.of(true));
    assertThat(recipe.dtype()).isEqualTo(DType.F32);
    assertThat(recipe.outDtype()).isEqualTo(DType.BF16);
    assertThat(recipe.compatibility()).isEqualTo(Compatibility.MERGEKIT);
    assertThat(recipe.seed()).isEqualTo(7);
    assertThat(recipe.references()).containsExactly("org/base", "org/a", "../b@main+org/lora@v2");
  }

  @Test
  void readsWhatTheWriterWrites() {
    Recipe recipe = read(SUM);
    assertThat(read(new RecipeWriter().write(recipe))).isEqualTo(recipe);
    Map<String, Double> weights = new LinkedHashMap<>();
    weights.put("C:\\models\\a \"x\"", 1e-7);
    weights.put("no", 1e300);
    weights.put("0.5", 12345678.0);
    weights.put("- x: {y}\n\u0085", 5e-324);
    Recipe sum =
        Recipe.sum("b#1", weights)
            .parameter("lambda", ParameterValue.gradient(List.of(0.0, 1e-3, 1e22)))
            .dtype(DType.F64)
            .build();
    assertThat(read(new RecipeWriter().write(sum))).isEqualTo(sum);
  }

  @Test
  void readsGradientsAndFilters() {
    Recipe recipe =
        read(
            """
            merge_method: linear
            models:
              - model: a
                parameters:
                  weight:
                    - filter: mlp
                      value: [0.2, 1.0]
                    - value: 0.5
              - model: b
                parameters:
                  weight: {value: [1, 2, 3]}
            """);
    ParameterValue weight = recipe.models().get(0).parameters().get("weight");
    assertThat(weight.at("layers.0.mlp.up", 0.25)).hasValue(0.4);
    assertThat(weight.at("layers.0.attn.q", 0.25)).hasValue(0.5);
    ParameterValue gradient = recipe.models().get(1).parameters().get("weight");
    assertThat(gradient.at("x", 0)).hasValue(1);
    assertThat(gradient.at("x", 0.25)).hasValue(1.5);
    assertThat(gradient.at("x", 1)).hasValue(3);
    assertThat(read(new RecipeWriter().write(recipe))).isEqualTo(recipe);
  }

  @ParameterizedTest
  @CsvSource({"1.0e-06,1e-6", "1e-6,1e-6", "+.5,0.5", "2.,2", "-3,-3", "1.0E+3,1000", "007,7"})
  void readsNumbersOfEitherYamlVersion(String text, double expected) {
    Recipe recipe =
        read(
            "{merge_method: linear, models: [{model: a, parameters: {weight: %s}}]}"
                .formatted(text));
    assertThat(recipe.models().getFirst().parameters())
        .containsEntry("weight", ParameterValue.of(expected));
  }

  @Test
  void readsModelReferencesInParts() {
    Recipe recipe =
        read(
            """
            merge_method: linear
            models:
              - model: {model: {path: org/a, revision: v1}, lora: {path: org/l, revision: "2"}}
                parameters: {weight: 1}
              - model: {model: {path: org/b}}
                parameters: {weight: 1}
            """);
    assertThat(recipe.references()).containsExactly("org/a@v1+org/l@2", "org/b");
  }

  @Test
  void takesAnExplicitNullAsAbsent() {
    Recipe recipe =
        read(
            """
            merge_method: linear
            base_model:
            dtype: null
            models: [{model: a, parameters: {weight: 1}}]
            parameters: ~
            """);
    assertThat(recipe.baseModel()).isNull();
    assertThat(recipe.dtype()).isNull();
  }

  @Test
  void saysEveryFaultWithItsPlaceAtOnce() {
    assertThatThrownBy(() ->
            read(
                """
                merge_method: task_arithmetic
                base_model: base
                dtpye: float32
                models:
                  - model: a
                    weight: 1
                  - model: b
                    parameters:
                      wieght: 0.5
                      weight: "0.5"
                parameters:
                  lambda: .inf
                  normalize: 2
                  density: 1.5
                out_dtype: float23
                """))
        .isInstanceOf(InvalidRecipeException.class)
        .message()
        .satisfies(message ->
            assertThat(message.lines())
                .satisfiesExactly(
                    line -> starts(line, "3:1", "\"dtpye\"", "did you mean \"dtype\"?"),
                    line -> starts(line, "5:5", "\"a\"", "missing \"weight\": a number"),
                    line -> starts(line, "6:5", "\"weight\"", "under parameters"),
                    line -> starts(line, "7:5", "\"b\"", "missing \"weight\""),
                    line -> starts(line, "9:15", "\"wieght\"", "did you mean \"weight\"?"),
                    line -> starts(line, "10:15", "a number", "\"0.5\" in quotes"),
                    line -> starts(line, "12:11", "finite number", ".inf"),
                    line -> starts(line, "13:14", "true or false", "found 2.0"),
                    line -> starts(line, "14:12", "from 0.0 to 1.0", "found 1.5"),
                    line -> starts(line, "15:12", "\"float23\"", "\"float32\"?")));
  }

  private static void starts(String line, String place, String... parts) {
    assertThat(line).startsWith("r.yaml:" + place + ": ").contains(parts);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "models: [] | 1:1: missing merge_method",
        "merge_method: liner | did you mean \"linear\"?",
        "merge_method: linear | missing models",
        "{merge_method: linear, models: []} | takes at least 1, found 0",
        "{merge_method: linear, models: x} | expected a list of models, found the text \"x\"",
        "{merge_method: linear, models: [a]} | 1:33: expected a model (keys and values)",
        "{merge_method: linear, models: [{parameters: {weight: 1}}]} | missing model",
        "{merge_method: task_arithmetic, models: [{model: a}]} | needs a base_model",
        "{merge_method: linear, models: [{model: a, parameters: {weight: [1, [2]]}}]} | a list of 1",
        "{merge_method: linear, models: [{model: a, parameters: {weight: []}}]} | an empty list",
        "{merge_method: linear, models: [{model: a, parameters: {weight: 1e999}}]} | too large",
        "{merge_method: linear, models: [{model: a, parameters: {weight: {filter: x}}}]} | missing v",
        "{merge_method: linear, models: [{model: a, parameters: {normalize: true}}]} | for all models",
        "{merge_method: linear, merge_method: linear} | \"merge_method\" is given twice",
        "{merge_method: linear, ? [a] : b} | expected a key, found a collection",
        "{merge_method: linear, compat: yes please} | expected mergekit or hfmerge",
        "{merge_method: linear, seed: 1.5} | expected a whole number",
        "{merge_method: linear, dtype: int64} | expected bfloat16",
        "[1, 2] | expected a recipe (keys and values), found a list of 2",
        "'a: [b' | not valid YAML",
      })
  void saysWhatIsWrong(String yaml, String expected) {
    assertThatThrownBy(() -> read(yaml))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageStartingWith("r.yaml:")
        .hasMessageContaining(expected);
  }

  @Test
  void refusesAModelThatIsListedTwice() {
    assertThatThrownBy(() ->
            read(
                "{merge_method: linear, parameters: {weight: 1},"
                    + " models: [{model: a}, {model: b}, {model: a}]}"))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining("\"a\" is listed twice");
  }

  @Test
  void refusesEmptyDocuments() {
    assertThatThrownBy(() -> read("")).isInstanceOf(InvalidRecipeException.class);
    assertThatThrownBy(() -> read("# nothing")).isInstanceOf(InvalidRecipeException.class);
    assertThatThrownBy(() -> read("--- {}\n--- {}")).isInstanceOf(InvalidRecipeException.class);
  }

  @Test
  void faultsComeBeforeWhatIsNotSupported() {
    assertThatThrownBy(() ->
            read(
                "{merge_method: linear, modles: [],"
                    + " models: [{model: {model: a, override_architecture: X}}]}"))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining("\"models\"?");
  }

  @Test
  void refusesDeepNestingWithoutOverflowingTheStack() {
    String bomb = "a: " + "[".repeat(200_000);
    assertThatThrownBy(() -> read(bomb))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining("nested more than");
    assertThatThrownBy(() -> read("[".repeat(100) + "]".repeat(100)))
        .isInstanceOf(InvalidRecipeException.class);
  }

  @Test
  void refusesAliasBombsAndLoops() {
    StringBuilder bomb = new StringBuilder("a0: &a0 [x]\n");
    for (int i = 1; i < 30; i++) {
      bomb.append("a%d: &a%d [%s]\n".formatted(i, i, "*a%d,".formatted(i - 1).repeat(10)));
    }
    assertThatThrownBy(() -> read(bomb.toString())).isInstanceOf(InvalidRecipeException.class);
    assertThatThrownBy(() -> read("merge_method: linear\nparameters: &p {weight: *p}"))
        .isInstanceOf(InvalidRecipeException.class);
    assertThatThrownBy(() -> read("&a [*a]")).isInstanceOf(InvalidRecipeException.class);
  }

  @Test
  void refusesHugeDocuments() {
    String huge = "#".repeat(RecipeReader.MAX_CHARACTERS + 1);
    assertThatThrownBy(() -> read(huge))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining("at most");
  }

  @Test
  void sharesParametersThroughAnAnchor() {
    Recipe recipe =
        read(
            """
            merge_method: linear
            models:
              - {model: a, parameters: &p {weight: 0.25}}
              - {model: b, parameters: *p}
            """);
    assertThat(recipe.models().get(1).parameters()).isEqualTo(recipe.models().get(0).parameters());
  }

  private static String ties(String parameters) {
    return """
    merge_method: ties
    base_model: b
    models:
      - {model: a, parameters: {weight: 1}}
    parameters: {%s}
    """
        .formatted(parameters);
  }

  @Test
  void readsWordsWhereAParameterKnowsThemAndWritesThemBack() {
    Recipe recipe = read(ties("election: unweighted"));
    assertThat(recipe.parameters()).containsEntry("election", ParameterValue.of("unweighted"));
    assertThat(read(new RecipeWriter().write(recipe))).isEqualTo(recipe);
    Recipe filtered = read(ties("election: [{filter: mlp, value: unweighted}, {value: weighted}]"));
    ParameterValue value = filtered.parameters().get("election");
    assertThat(value.rule("x.mlp.y").map(ParameterRule::word)).contains("unweighted");
    assertThat(value.rule("x.y").map(ParameterRule::word)).contains("weighted");
    assertThat(read(new RecipeWriter().write(filtered))).isEqualTo(filtered);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "election: unweihgted | expected \"election\": weighted or unweighted, found \"unweihgted\";"
            + " did you mean \"unweighted\"?",
        "election: 1 | expected \"election\": weighted or unweighted, found 1.0",
        "election: true | expected \"election\": weighted or unweighted, found true",
        "lambda: high | expected \"lambda\": a number, found \"high\"",
        "normalize: maybe | expected \"normalize\": true or false, found \"maybe\"",
        "density: 1.5 | expected \"density\": a number from 0.0 to 1.0, found 1.5",
        "election: [weighted, unweighted] | expected a number, found the text \"weighted\"",
      })
  void refusesWordsAndNumbersThatAParameterDoesNotTake(String parameters, String message) {
    assertThatThrownBy(() -> read(ties(parameters)))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining(":5:")
        .hasMessageContaining(message);
  }

  @Test
  void countsSlipsOfSpelling() {
    assertThat(Spelling.distance("desnity", "density")).isEqualTo(1);
    assertThat(Spelling.distance("", "abc")).isEqualTo(3);
    assertThat(Spelling.hint("xyz", List.of("weight"))).isEmpty();
  }
}
