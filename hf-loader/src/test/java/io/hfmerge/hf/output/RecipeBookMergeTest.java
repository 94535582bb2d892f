package io.hfmerge.hf.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.engine.MergeOptions;
import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.error.MemoryBudgetException;
import io.hfmerge.error.NonFiniteOutputException;
import io.hfmerge.error.OutputExistsException;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.recipe.RecipeBook;
import io.hfmerge.recipe.RecipeReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecipeBookMergeTest {

  private static final Path BASE = ModelFolders.golden("llama", "base");
  private static final Path A = ModelFolders.golden("llama", "a");
  private static final Path B = ModelFolders.golden("llama", "b");
  private static final Path C = ModelFolders.golden("llama", "c");

  @TempDir Path temp;

  private static RecipeBook read(String recipes) {
    return new RecipeReader(MergeMethods.installed()).readBook(recipes, "recipe.yaml");
  }

  private static String plan(String recipes) throws IOException {
    MergeSettings settings =
        new MergeSettings(MergeOptions.ofThreads(2), false, Long.MAX_VALUE, "test");
    return String.join(
        "\n",
        new ModelMerger(HfModels.load(), MergeMethods.installed())
            .describePlan(read(recipes), settings, false));
  }

  private static void assertSame(Path actual, Path expected, String... files) throws IOException {
    for (String file : files) {
      assertThat(actual.resolve(file)).hasSameBinaryContentAs(expected.resolve(file));
    }
  }

  /** The last of three recipes; the others are called first and second. */
  private static String chain(String first, String second, String dtype) {
    return Merging.sum(Path.of(first), second, 0.5, C, 0.25).replace("'" + first + "'", first)
        + "---\nname: second\n"
        + Merging.sum(Path.of(first), B, 0.7)
        + "out_dtype: "
        + dtype
        + "\n---\nname: first\n"
        + Merging.linear(BASE, 0.75, A, 0.25)
        + "dtype: "
        + dtype
        + "\n";
  }

  @ParameterizedTest
  @ValueSource(strings = {"bfloat16", "float16", "float32"})
  void aChainHasTheBytesOfOneWhoseStepsAreWritten(String dtype) throws IOException {
    String together = chain("first", "second", dtype);
    Merging.mergeAll(together, temp.resolve("chain"), Merging.settings(MergeOptions.ofThreads(3)));

    List<String> steps = List.of(together.split("---\n"));
    Path first = temp.resolve("1st");
    Path second = temp.resolve("2nd");
    Merging.merge(steps.get(2), first);
    Merging.merge(steps.get(1).replace("first", first.toString()), second);
    Merging.merge(
        steps.get(0).replace("first", first.toString()).replace("second", second.toString()),
        temp.resolve("written"));

    assertSame(temp.resolve("chain"), temp.resolve("written"), "model.safetensors", "config.json");
    assertThat(ModelFolders.list(temp.resolve("chain")))
        .isEqualTo(ModelFolders.list(temp.resolve("written")));
    assertThat(Files.readString(temp.resolve("chain/hfmerge.yaml"))).isEqualTo(together);
    assertThat(Files.readString(temp.resolve("chain/README.md")))
        .contains("- `" + BASE + "`\n- `" + A + "`\n- `" + B + "`\n- `" + C + "`\n");
  }

  @Test
  void companionsOfAnIntermediateComeFromItsBase() throws IOException {
    Path base = ModelFolders.copy(BASE, temp.resolve("base"), tensor -> tensor);
    Files.writeString(base.resolve("tokenizer.json"), "{}");
    String recipes =
        "name: first\n" + Merging.sum(base, A, 1) + "---\n" + Merging.sum(Path.of("first"), B, 1);
    MergedModels merged = Merging.mergeAll(recipes, temp.resolve("out"), Merging.DEFAULTS);
    assertThat(merged.models().getFirst().companions()).containsExactly("tokenizer.json");
    assertThat(merged.lines())
        .contains("first: computed when it was read; 370,944 bytes read for it");
    assertThat(temp.resolve("out/tokenizer.json")).hasContent("{}");
  }

  @Test
  void leavesNothingOfIntermediatesBehind() throws IOException {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
    Merging.mergeAll(chain("first", "second", "float32"), temp.resolve("out"), Merging.DEFAULTS);
    plan(chain("first", "second", "float32"));
    assertThatThrownBy(() ->
            Merging.mergeAll(
                chain("first", "second", "float32").replace(C.toString(), "nowhere"),
                temp.resolve("out2"),
                Merging.DEFAULTS))
        .hasMessageContaining("nowhere");
    try (Stream<Path> files = Files.list(temporary)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .noneMatch(name -> name.startsWith(".recipes-"));
    }
  }

  @Test
  void saysWhichIntermediateOverflowed() throws IOException {
    String recipes =
        "name: first\n"
            + Merging.sum(BASE, A, 1e7)
            + "out_dtype: float16\n---\n"
            + Merging.sum(Path.of("first"), B, 1);
    String finding = "first: values became NaN or infinite though their inputs are finite";
    assertThatThrownBy(() -> Merging.mergeAll(recipes, temp.resolve("out"), Merging.DEFAULTS))
        .isInstanceOf(NonFiniteOutputException.class)
        .hasMessageContaining(finding);
    assertThat(temp.resolve("out")).doesNotExist();
    MergedModels merged =
        Merging.mergeAll(recipes, temp.resolve("out"), Merging.DEFAULTS.withAllowNonFinite(true));
    assertThat(merged.lines()).anySatisfy(line -> assertThat(line).startsWith(finding));
  }

  @Test
  void aNameThatIsAPathIsRefused() {
    // the tests run in the module's folder
    String recipes =
        "name: src\n" + Merging.sum(BASE, A, 1) + "---\n" + Merging.sum(Path.of("src"), B, 1);
    assertThatThrownBy(() -> plan(recipes))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessage(
            "\"src\" is the name of a recipe and an existing path; give the recipe another name");
  }

  private static final String SWEEP =
      """
      outputs:
        - {name: l03, parameters: {lambda: 0.3}}
        - {name: half, out_dtype: float16}
        - name: other
          merge_method: linear
          parameters: {normalize: false}
      """;

  private static String sweep() {
    return Merging.sum(BASE, A, 1, B, 0.5)
            .replace("parameters: {weight: 0.5}", "parameters: {weight: 0.5, density: 1}")
        + SWEEP
            .replace("merge_method: linear", "merge_method: task_arithmetic")
            .replace("{normalize: false}", "{normalize: true}");
  }

  @Test
  void everyOutputIsTheWholeModelThatItsRecipeMakesAlone() throws IOException {
    Path out = temp.resolve("out");
    MergedModels merged = Merging.mergeAll(sweep(), out, Merging.DEFAULTS);
    assertThat(ModelFolders.list(out))
        .filteredOn(name -> name.indexOf('/') == name.length() - 1)
        .containsExactly("half/", "l03/", "other/");
    for (String name : List.of("l03", "half", "other")) {
      Path alone = temp.resolve("alone-" + name).resolve(name);
      Files.createDirectory(alone.getParent());
      String recipe = Files.readString(out.resolve(name).resolve("hfmerge.yaml"));
      Merging.merge(recipe, alone);
      assertSame(
          out.resolve(name),
          alone,
          "model.safetensors",
          "config.json",
          "README.md",
          "hfmerge.yaml");
      assertThat(ModelFolders.list(out.resolve(name))).isEqualTo(ModelFolders.list(alone));
    }
    assertThat(Files.readString(out.resolve("l03/README.md")))
        .startsWith("---\n")
        .contains("# l03");
    assertThat(Files.readString(out.resolve("half/config.json"))).contains("\"float16\"");
    long size = merged.models().getFirst().report().bytesWritten();
    assertThat(merged.lines().getLast())
        .startsWith(
            "3 outputs together: %,d bytes read, %,d written in"
                .formatted(3 * size, 2 * size + size / 2));
    assertThat(merged.lines().getFirst())
        .isEqualTo(
            out.resolve("l03")
                + ": 39 tensors merged, 0 copied; %,d bytes written".formatted(size));
  }

  @Test
  void outputsMayBuildOnIntermediateResults() throws IOException {
    String recipes =
        "name: first\n"
            + Merging.sum(BASE, A, 1)
            + "out_dtype: bfloat16\n---\n"
            + Merging.sum(Path.of("first"), B, 1)
            + "outputs: [{name: x}, {name: y, parameters: {lambda: 2}}]\n";
    Merging.mergeAll(recipes, temp.resolve("out"), Merging.DEFAULTS);
    for (String name : List.of("x", "y")) {
      Path alone = temp.resolve("alone-" + name);
      String recipe = Files.readString(temp.resolve("out").resolve(name).resolve("hfmerge.yaml"));
      Merging.mergeAll(recipe, alone, Merging.DEFAULTS);
      assertSame(temp.resolve("out").resolve(name), alone, "model.safetensors", "config.json");
    }
  }

  @Test
  void outputsAreAddedToAFolderThatIsThere() throws IOException {
    Path out = temp.resolve("out");
    Merging.mergeAll(sweep(), out, Merging.DEFAULTS);
    String more = Merging.sum(BASE, A, 1) + "outputs: [{name: more}]\n";
    Merging.mergeAll(more, out, Merging.DEFAULTS);
    assertThat(out.resolve("more/model.safetensors")).exists();
    assertThatThrownBy(() -> Merging.mergeAll(more, out, Merging.DEFAULTS))
        .isInstanceOf(OutputExistsException.class)
        .hasMessageStartingWith(out.resolve("more") + ": expected nothing there");
    MergeSettings replacing =
        new MergeSettings(MergeOptions.ofThreads(1), true, Long.MAX_VALUE, "test");
    Merging.mergeAll(more, out, replacing);
    assertThat(ModelFolders.list(out)).contains("l03/", "more/");
  }

  @Test
  void outputsDoNotGoIntoAModelOrAFile() throws IOException {
    Path model = ModelFolders.copy(BASE, temp.resolve("model"), tensor -> tensor);
    assertThatThrownBy(() -> Merging.mergeAll(sweep(), model, Merging.DEFAULTS))
        .isInstanceOf(OutputExistsException.class)
        .hasMessageContaining("found a model");
    Path file = Files.writeString(temp.resolve("file"), "x");
    assertThatThrownBy(() -> Merging.mergeAll(sweep(), file, Merging.DEFAULTS))
        .isInstanceOf(OutputExistsException.class)
        .hasMessageContaining("found a file");
    assertThatThrownBy(() -> Merging.mergeAll(sweep(), temp.resolve("no/where"), Merging.DEFAULTS))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no such folder");
  }

  @Test
  void aFaultLeavesNothingAtTheTarget() {
    String unknownModel = sweep().replace(B.toString(), "nowhere");
    assertThatThrownBy(() -> Merging.mergeAll(unknownModel, temp.resolve("out"), Merging.DEFAULTS))
        .hasMessageContaining("nowhere");
    assertThat(temp.resolve("out")).doesNotExist();
    MergeSettings tiny = Merging.settings(MergeOptions.ofThreads(2).withMemory(1000));
    assertThatThrownBy(() -> Merging.mergeAll(sweep(), temp.resolve("out"), tiny))
        .isInstanceOf(MemoryBudgetException.class)
        .hasMessageContaining("expected a memory of at least");
    assertThat(temp).isEmptyDirectory();
  }

  @Test
  void thePlanShowsEveryRecipeAndWhatIsReadOnce() throws IOException {
    String text = plan(sweep());
    assertThat(text)
        .contains("output \"l03\":", "output \"half\":", "output \"other\":")
        .contains("lambda=0.3")
        .contains("all outputs together: 556,416 bytes of inputs")
        .containsPattern(
            "memory +[0-9,]+ bytes of buffers and statistics, of 1,073,741,824 allowed");
    assertThat(plan(chain("first", "second", "float32")))
        .contains("recipe \"first\", computed when it is read:")
        .contains("recipe \"second\", computed when it is read:")
        .doesNotContain("together");
  }

  @Test
  void recipesThatNoneUsesAreNamedInTheReport() throws IOException {
    String recipes = "name: idle\n" + Merging.sum(BASE, C, 1) + "---\n" + Merging.sum(BASE, A, 1);
    String note = "recipe \"idle\" is used by no other; it was not computed";
    assertThat(plan(recipes)).contains("note: " + note);
    assertThat(Merging.mergeAll(recipes, temp.resolve("out"), Merging.DEFAULTS).lines())
        .contains(note);
  }
}
