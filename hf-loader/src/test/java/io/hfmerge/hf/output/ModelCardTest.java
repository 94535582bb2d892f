package io.hfmerge.hf.output;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.hf.testing.ModelFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

class ModelCardTest {

  private static final String RECIPE = "merge_method: linear\nmodels: []\n";

  @TempDir Path temp;

  @Test
  void beginsWithFrontMatterThatNamesParentsOnTheHub() {
    String card =
        card(List.of("org/base", "meta-llama/Llama-3.1-8B", "123/456"), RECIPE).markdown();
    assertThat(frontMatter(card))
        .isEqualTo(
            Map.of(
                "base_model",
                List.of("org/base", "meta-llama/Llama-3.1-8B", "123/456"),
                "base_model_relation",
                "merge",
                "library_name",
                "transformers",
                "tags",
                List.of("merge", "hfmerge")));
  }

  @Test
  void keepsPathsAndOtherReferencesOutOfTheFrontMatter() {
    List<String> others =
        List.of(
            "/home/me/model",
            "./model",
            "../a/b",
            "~/model",
            "model",
            "a/b/c",
            "C:\\models\\a",
            "sample:all-MiniLM-L6-v2",
            "org/name: {x}",
            "org/na me");
    String card = card(others, RECIPE).markdown();
    assertThat(frontMatter(card)).doesNotContainKey("base_model");
    others.forEach(other -> assertThat(card).contains("- `" + other + "`\n"));
  }

  @Test
  void aRelativePathIsNoHubId() throws IOException {
    // what makes models/base a path is that it is there
    Path folder = Path.of("target/card-test");
    Path base =
        Files.exists(folder)
            ? folder
            : ModelFolders.copy(ModelFolders.golden("llama", "base"), folder, t -> t);
    Merging.merge(Merging.sum(base, ModelFolders.golden("llama", "a"), 1), temp.resolve("out"));
    String card = Files.readString(temp.resolve("out/README.md"));
    assertThat(frontMatter(card)).doesNotContainKey("base_model");
    assertThat(card).contains("- `target/card-test`\n");
  }

  @Test
  void holdsTheWholeRecipeInAFenceThatItCannotLeave() {
    assertThat(card(List.of(), RECIPE).markdown())
        .contains("## Recipe\n\n```yaml\n" + RECIPE + "```\n");
    String hostile = "merge_method: linear # ```\n# ````\n## Not a heading\n";
    assertThat(card(List.of(), hostile).markdown()).contains("`````yaml\n" + hostile + "`````\n");
  }

  @Test
  void saysWhatTheReaderMustKnow() {
    ModelCard card =
        new ModelCard("t", "linear", "mean", List.of(), RECIPE, List.of("x left out"), "1.2");
    assertThat(card.markdown())
        .contains("# t\n")
        .contains("hfmerge 1.2 by `linear`: mean")
        .endsWith("## Notes\n\n- x left out\n");
    assertThat(card(List.of(), RECIPE).markdown()).doesNotContain("## Notes");
  }

  @Test
  void theFolderHoldsTheRecipeForRunningItAgain() throws IOException {
    Path base = ModelFolders.golden("llama", "base");
    String recipe = "# my notes\n" + Merging.sum(base, ModelFolders.golden("llama", "a"), 0.25);
    Merging.merge(recipe, temp.resolve("out"));
    assertThat(temp.resolve("out/hfmerge.yaml")).hasContent(recipe);
    assertThat(Files.readString(temp.resolve("out/README.md")))
        .startsWith("---\nbase_model_relation: merge\n")
        .contains("\n# out\n")
        .contains(recipe);
  }

  private static ModelCard card(List<String> parents, String recipe) {
    List<ModelCard.Parent> models =
        parents.stream().map(parent -> new ModelCard.Parent(parent, false)).toList();
    return new ModelCard("title", "linear", "mean", models, recipe, List.of(), "1.2");
  }

  private static Map<String, Object> frontMatter(String card) {
    assertThat(card).startsWith("---\n");
    String yaml = card.substring(4, card.indexOf("\n---\n") + 1);
    Map<String, Object> keys = new LinkedHashMap<>();
    ((Map<?, ?>) new Load(LoadSettings.builder().build()).loadFromString(yaml))
        .forEach((key, value) -> keys.put((String) key, value));
    return keys;
  }
}
