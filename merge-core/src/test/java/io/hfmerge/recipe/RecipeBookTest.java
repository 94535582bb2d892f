package io.hfmerge.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.method.Compatibility;
import io.hfmerge.method.LinearMethod;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.method.TaskArithmeticMethod;
import io.hfmerge.tensor.DType;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecipeBookTest {

  private static final RecipeReader READER =
      new RecipeReader(MergeMethods.of(List.of(new LinearMethod(), new TaskArithmeticMethod())));

  private static RecipeBook read(String yaml) {
    return READER.readBook(yaml, "r.yaml");
  }

  private static RecipeBook writtenAndRead(RecipeBook book) {
    return read(new RecipeWriter().write(book));
  }

  private static void refused(String yaml, String... lines) {
    assertThatThrownBy(() -> read(yaml))
        .isInstanceOf(InvalidRecipeException.class)
        .satisfies(e -> assertThat(String.valueOf(e.getMessage()).lines()).containsExactly(lines));
  }

  @Nested
  class Documents {

    private static final String CHAIN =
        """
        # the last step first: order does not matter
        merge_method: task_arithmetic
        base_model: base
        models:
          - {model: second, parameters: {weight: 0.5}}
          - {model: first, parameters: {weight: 0.25}}
        ---
        name: second
        merge_method: linear
        models:
          - {model: first, parameters: {weight: 1}}
          - {model: c, parameters: {weight: 1}}
        out_dtype: float16
        ---
        name: first
        merge_method: linear
        models:
          - {model: a, parameters: {weight: 1}}
          - {model: b, parameters: {weight: 1}}
        """;

    @Test
    void areOrderedByWhatTheyReferTo() {
      RecipeBook book = read(CHAIN);
      assertThat(book.intermediates().keySet()).containsExactly("first", "second");
      assertThat(book.outputs()).hasSize(1);
      assertThat(book.outputs().getFirst().name()).isNull();
      assertThat(book.outputs().getFirst().recipe().mergeMethod()).isEqualTo("task_arithmetic");
      assertThat(book.references()).containsExactly("a", "b", "c", "base");
      assertThat(book.notes()).isEmpty();
    }

    @Test
    void areWrittenAndReadAgain() {
      RecipeBook book = read(CHAIN);
      assertThat(writtenAndRead(book)).isEqualTo(book);
    }

    @Test
    void theLastIsWrittenWhereAllHaveNames() {
      RecipeBook book = read("name: s\n" + LINEAR + "---\nname: t\n" + LINEAR.replace("b", "s"));
      assertThat(book.intermediates().keySet()).containsExactly("s");
      assertThat(book.references()).containsExactly("a", "b");
    }

    @Test
    void aNameOfTheOnlyOneChangesNothing() {
      assertThat(read("name: x\n" + LINEAR)).isEqualTo(read(LINEAR));
      assertThat(READER.read("name: x\n" + LINEAR, "r.yaml")).isEqualTo(READER.read(LINEAR, "r"));
    }

    @Test
    void emptyOnesBetweenSeparatorsAreNone() {
      assertThat(read("---\n" + LINEAR + "---\n---\n")).isEqualTo(read(LINEAR));
    }

    @Test
    void thoseThatNoneUsesAreNamedInANote() {
      RecipeBook book = read("name: idle\n" + LINEAR + "---\n" + LINEAR);
      assertThat(book.intermediates()).isEmpty();
      assertThat(book.notes())
          .containsExactly("recipe \"idle\" is used by no other; it was not computed");
      assertThatThrownBy(() -> READER.read("name: idle\n" + LINEAR + "---\n" + LINEAR, "r.yaml"))
          .isInstanceOf(InvalidRecipeException.class)
          .hasMessage("r.yaml: expected one recipe with one output, found several");
    }

    @Test
    void circlesAreRefusedWithTheirNames() {
      refused(
          "name: p\n" + LINEAR.replace("b", "q") + "---\nname: q\n" + LINEAR.replace("b", "p"),
          "r.yaml:6:7: recipes refer to each other in a circle: q -> p -> q");
      refused(
          "name: p\n" + LINEAR.replace("b", "p"),
          "r.yaml:1:7: recipes refer to each other in a circle: p -> p");
      // a circle that the written one has no part in
      refused(
          LINEAR
              + "---\nname: p\n"
              + LINEAR.replace("b", "q")
              + "---\nname: q\n"
              + LINEAR.replace("b", "p"),
          "r.yaml:5:7: recipes refer to each other in a circle: p -> q -> p");
    }

    @Test
    void allFaultsOfAllAreSaidWithTheirPlaces() {
      refused(
          "name: s t\nmerge_method: linaer\nmodels: [{model: a}]\n---\n"
              + "merge_method: linear\nmodel: []\n---\n"
              + "name: s\nmerge_method: linear\nmodels: [{model: a, parameters: {weight: x}}]\n"
              + "---\nname: s\n"
              + LINEAR,
          "r.yaml:1:7: name: expected up to 100 letters, digits, dots, underscores or hyphens, a"
              + " letter or digit first; found the text \"s t\"",
          "r.yaml:2:15: no merge method \"linaer\"; did you mean \"linear\"? (there are: linear,"
              + " task_arithmetic)",
          "r.yaml:5:1: missing models: a list of {model, parameters}; or slices, or modules",
          "r.yaml:6:1: unknown key \"model\" in a recipe; did you mean \"models\"?",
          "r.yaml:10:42: expected \"weight\": a number, found \"x\"",
          "r.yaml:12:7: two recipes are called \"s\"");
    }

    @Test
    void resultsHaveNoRevisionsAndTakeNoAdapters() {
      refused(
          "name: s\n" + LINEAR + "---\n" + LINEAR.replace("{model: b", "{model: s+org/lora"),
          "r.yaml:7:30: \"s+org/lora\": the result of recipe \"s\" has no revisions and takes no"
              + " adapter");
    }

    @Test
    void thereIsALimit() {
      assertThatThrownBy(() -> read((LINEAR + "---\n").repeat(257)))
          .hasMessage("r.yaml:1025:1: expected at most 256 recipes in a file, found 257");
    }
  }

  /** Three lines, of which the second lists a and b. */
  private static final String LINEAR =
      "merge_method: linear\nmodels: [{model: a}, {model: b}]\nparameters: {weight: 1}\n";

  @Test
  void twoDocumentsWithoutANameAreRefused() {
    refused(
        LINEAR + "---\n" + LINEAR,
        "r.yaml:5:1: expected one recipe without a name, the one that is written, found another"
            + " one");
  }

  @Nested
  class Outputs {

    private static final String SWEEP =
        """
        merge_method: task_arithmetic
        base_model: base
        models:
          - model: a
            parameters: {weight: 1, density: 1}
          - model: {model: {path: b, revision: v2}}
            parameters: {weight: 0.5}
        parameters: {lambda: 1, normalize: true}
        dtype: float32
        seed: 5
        outputs:
          - name: l03
            parameters: {lambda: 0.3}
          - name: L-0.5
            parameters: {lambda: [0.5, 0.6]}
            out_dtype: bfloat16
            seed: 6
          - name: other
            merge_method: task_arithmetic
            compat: mergekit
            models:
              - {model: {model: {revision: v2, path: b}}, parameters: {weight: 2, density: 0.5}}
              - {model: a}
        """;

    private static Recipe output(RecipeBook book, int index) {
      return book.outputs().get(index).recipe();
    }

    @Test
    void changeWhatTheyNameAndNothingElse() {
      RecipeBook book = read(SWEEP);
      assertThat(book.hasNamedOutputs()).isTrue();
      assertThat(book.outputs().stream().map(RecipeOutput::name))
          .containsExactly("l03", "L-0.5", "other");
      for (int i = 0; i < 3; i++) {
        assertThat(output(book, i).parameters())
            .containsEntry("normalize", ParameterValue.of(true));
        assertThat(output(book, i).dtype()).isEqualTo(DType.F32);
        assertThat(output(book, i).references()).containsExactly("base", "a", "b@v2");
      }
      assertThat(output(book, 0).parameters()).containsEntry("lambda", ParameterValue.of(0.3));
      assertThat(output(book, 0).outDtype()).isNull();
      assertThat(output(book, 0).seed()).isEqualTo(5);
      assertThat(output(book, 1).parameters())
          .containsEntry("lambda", ParameterValue.gradient(List.of(0.5, 0.6)));
      assertThat(output(book, 1).outDtype()).isEqualTo(DType.BF16);
      assertThat(output(book, 1).seed()).isEqualTo(6);
      assertThat(output(book, 2).parameters()).containsEntry("lambda", ParameterValue.of(1));
      assertThat(output(book, 2).compatibility()).isEqualTo(Compatibility.MERGEKIT);
      assertThat(output(book, 2).models().get(0).parameters())
          .containsEntry("weight", ParameterValue.of(1));
      assertThat(output(book, 2).models().get(1).parameters())
          .containsEntry("weight", ParameterValue.of(2))
          .containsEntry("density", ParameterValue.of(0.5));
    }

    @Test
    void areWrittenAndReadAgain() {
      RecipeBook book = read(SWEEP);
      assertThat(writtenAndRead(book)).isEqualTo(book);
      RecipeBook one = read(LINEAR + "outputs: [{name: only}]\n");
      assertThat(writtenAndRead(one)).isEqualTo(one);
      assertThat(one.hasNamedOutputs()).isTrue();
    }

    @Test
    void giveParametersThatTheRecipeLacks() {
      RecipeBook book =
          read(
              """
              base_model: base
              models: [{model: a}]
              outputs:
                - {name: x, merge_method: linear, models: [{model: a, parameters: {weight: 2}}]}
                - {name: y, merge_method: task_arithmetic, parameters: {weight: 3}}
              """);
      assertThat(output(book, 0).mergeMethod()).isEqualTo("linear");
      assertThat(output(book, 1).parameters()).containsEntry("weight", ParameterValue.of(3));
      assertThat(writtenAndRead(book)).isEqualTo(book);
    }

    @Test
    void eachHasItsOwnFileWithWhatItNeeds() {
      RecipeBook book =
          read(
              "name: s\n"
                  + LINEAR
                  + "---\n"
                  + LINEAR.replace("{model: b}", "{model: s}")
                  + "outputs: [{name: x}, {name: y, parameters: {weight: 2}}]\n");
      RecipeBook alone = book.alone(book.outputs().get(1));
      assertThat(alone.hasNamedOutputs()).isFalse();
      assertThat(alone.intermediates().keySet()).containsExactly("s");
      assertThat(output(alone, 0)).isEqualTo(output(book, 1));
      assertThat(writtenAndRead(alone)).isEqualTo(alone);
    }

    @Test
    void aNullMakesAChangeOfNothing() {
      RecipeBook book = read(LINEAR + "dtype: float32\noutputs: [{name: x, dtype: ~}]\n");
      assertThat(output(book, 0).dtype()).isNull();
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "outputs: []|r.yaml:4:10: expected a list of outputs ({name, parameters, ...}), found a"
              + " list of 0",
          "outputs: 3|r.yaml:4:10: expected a list of outputs ({name, parameters, ...}), found the"
              + " number 3",
          "outputs: [x]|r.yaml:4:11: expected an output (keys and values), found the text \"x\"",
          "outputs: [{parameters: {weight: 2}}]|r.yaml:4:11: missing name: the output's folder",
          "outputs: [{name: x}, {name: X}]|r.yaml:4:22: two outputs are called \"X\"; folders may"
              + " not differ in case alone",
          "outputs: [{name: ../x}]|r.yaml:4:18: name: expected up to 100 letters, digits, dots,"
              + " underscores or hyphens, a letter or digit first; found the text \"../x\"",
          "outputs: [{name: x, nmae: y}]|r.yaml:4:21: unknown key \"nmae\" in an output; did you"
              + " mean \"name\"?",
          "outputs: [{name: x, base_model: y}]|r.yaml:4:21: unknown key \"base_model\" in an"
              + " output; an output may change: name, merge_method, parameters, models, dtype,"
              + " out_dtype, compat, seed",
          "outputs: [{name: x, name: y}]|r.yaml:4:21: key \"name\" is given twice",
          "outputs: [{name: x, parameters: {weigth: 2}}]|r.yaml:4:42: linear has no parameter"
              + " \"weigth\"; did you mean \"weight\"? (it takes: weight, normalize)",
          "outputs: [{name: x, parameters: 3}]|r.yaml:2:10: model \"a\": missing \"weight\": a"
              + " number (share of the model in the sum)",
          "outputs: [{name: x, models: 3}]|r.yaml:4:29: expected a list of models ({model,"
              + " parameters}), found the number 3",
          "outputs: [{name: x, models: [b]}]|r.yaml:4:30: expected {model, parameters}, found the"
              + " text \"b\"",
          "outputs: [{name: x, models: [{model: c}]}]|r.yaml:4:38: the recipe's models have no"
              + " \"c\"; did you mean \"a\"? An output changes parameters of the models that are"
              + " there",
          "outputs: [{name: x, models: [{model: a}, {model: a}]}]|r.yaml:4:50: \"a\" stands twice",
          "outputs: [{name: x, models: [{model: a, weight: 2}]}]|r.yaml:4:41: unknown key"
              + " \"weight\" in a model of an output; known are: model, parameters",
          "outputs: [{name: x, dtype: int8}]|r.yaml:4:28: expected bfloat16, float16, float32,"
              + " float64, found \"int8\"",
        })
    void faultsHaveTheirPlaces(String outputs, String message) {
      assertThatThrownBy(() -> read(LINEAR + outputs + "\n"))
          .isInstanceOf(InvalidRecipeException.class)
          .message()
          .startsWith(message);
    }

    @Test
    void aFaultOfTheRecipeIsSaidOnceForAllOutputs() {
      refused(
          LINEAR + "dtpye: float32\noutputs: [{name: x}, {name: y}]\n",
          "r.yaml:4:1: unknown key \"dtpye\" in a recipe; did you mean \"dtype\"?");
    }

    @Test
    void belongToTheRecipeThatIsWritten() {
      refused(
          "name: s\n" + LINEAR + "outputs: [{name: x}]\n---\n" + LINEAR.replace("b", "s"),
          "r.yaml:5:1: outputs belong to the recipe that is written, found them in an intermediate"
              + " one");
    }

    @Test
    void thereIsALimit() {
      StringBuilder yaml = new StringBuilder(LINEAR + "outputs:\n");
      for (int i = 0; i < 257; i++) {
        yaml.append("- name: x").append(i).append('\n');
      }
      refused(yaml.toString(), "r.yaml:5:1: expected at most 256 outputs, found 257");
    }

    @Test
    void referencesThatContainThemselvesAreNoReferences() {
      assertThatThrownBy(
              () -> read(LINEAR + "outputs: [{name: x, models: [{model: &m {model: *m}}]}]\n"))
          .isInstanceOf(InvalidRecipeException.class);
    }
  }

  @Test
  void checksItselfWhereItIsMadeInJava() {
    Recipe ab = Recipe.builder("linear").model("a").model("b").build();
    Recipe ac = Recipe.builder("linear").model("a").model("c").build();
    assertThatThrownBy(() -> new RecipeBook(Map.of(), List.of(), List.of()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new RecipeOutput("a/b", ab))
        .isInstanceOf(IllegalArgumentException.class);
    RecipeOutput x = new RecipeOutput("x", ab);
    for (RecipeOutput other : List.of(x, new RecipeOutput(null, ab), new RecipeOutput("y", ac))) {
      assertThatThrownBy(() -> new RecipeBook(Map.of(), List.of(x, other), List.of()))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> new RecipeBook(Map.of("b", ab), List.of(x), List.of()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(Objects.requireNonNull(RecipeBook.of(ab).outputs().getFirst()).recipe())
        .isEqualTo(ab);
  }
}
