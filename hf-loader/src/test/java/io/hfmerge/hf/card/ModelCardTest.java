package io.hfmerge.hf.card;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.hf.config.ModelConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

class ModelCardTest {

  private static final String RECIPE = "merge_method: linear\nmodels: []\n";

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
  void holdsTheWholeRecipeInAFenceThatItCannotLeave() {
    assertThat(card(List.of(), RECIPE).markdown())
        .contains("## Recipe\n\n```yaml\n" + RECIPE + "```\n");
    String hostile = "merge_method: linear # ```\n# ````\n## Not a heading\n";
    assertThat(card(List.of(), hostile).markdown()).contains("`````yaml\n" + hostile + "`````\n");
  }

  @Test
  void takesTheMostRestrictiveLicenceWhereItIncludesTheOthers() {
    record Case(List<String> parents, String expected) {}
    for (Case each :
        List.of(
            new Case(List.of("license: mit", "license: mit"), "mit"),
            new Case(List.of("license: mit", "license: apache-2.0"), "apache-2.0"),
            new Case(List.of("license: apache-2.0", "license: mit"), "apache-2.0"),
            new Case(List.of("license: [mit]", "license: gpl-3.0"), "gpl-3.0"),
            new Case(List.of("license: llama3.1", "license: apache-2.0"), "llama3.1"),
            new Case(List.of("license: gemma", "license: llama3"), "other"),
            new Case(List.of("license: cc-by-nc-4.0", "license: gpl-3.0"), "other"))) {
      List<Parent> parents = each.parents().stream().map(text -> parent("o/m", text)).toList();
      assertThat(frontMatter(card(parents, Optional.empty(), RECIPE).markdown()))
          .as(each.toString())
          .containsEntry("license", each.expected());
    }
  }

  @Test
  void keepsNameAndLinkOfALicenceThatTheHubHasNoWordFor() {
    String own = "license: other\nlicense_name: x-licence\nlicense_link: https://x.org/licence";
    String card =
        card(List.of(parent("o/a", own), parent("o/b", "license: mit")), Optional.empty(), RECIPE)
            .markdown();
    assertThat(frontMatter(card))
        .containsEntry("license", "other")
        .containsEntry("license_name", "x-licence")
        .containsEntry("license_link", "https://x.org/licence");
  }

  @Test
  void statesNoLicenceIfThatOfAParentIsUnknown() {
    String card =
        card(List.of(parent("o/a", "license: mit"), parent("o/b", "")), Optional.empty(), RECIPE)
            .markdown();
    assertThat(frontMatter(card)).doesNotContainKey("license");
    assertThat(card).contains("- no licence is stated, since none is known of o/b\n");
  }

  @Test
  void namesCommitsAndLicencesOfParents() {
    Parent parent =
        new Parent(
            "org/a@main",
            false,
            Optional.of("a".repeat(40)),
            FrontMatter.parse("---\nlicense: mit\n---\n"));
    String card = card(List.of(parent), Optional.empty(), RECIPE).markdown();
    assertThat(card).contains("- `org/a@main` at commit `" + "a".repeat(40) + "`, licence mit\n");
    assertThat(frontMatter(card)).containsEntry("base_model", List.of("org/a"));
  }

  @Test
  void takesThePurposeFromTheClassAndTheLanguagesFromTheParents() {
    ModelConfig config =
        ModelConfig.parse("{\"architectures\": [\"LlamaForCausalLM\"]}", "config.json");
    String card =
        card(
                List.of(
                    parent("o/a", "language: \"no\"\npipeline_tag: x"),
                    parent("o/b", "language:\n- en\n- \"no\"")),
                Optional.of(config),
                RECIPE)
            .markdown();
    assertThat(frontMatter(card))
        .containsEntry("pipeline_tag", "text-generation")
        .containsEntry("language", List.of("no", "en"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "license: \"mit\\n- injected\"",
        "license: &a [*a]",
        "license: {a: b}",
        "license: \"`x`\"",
        "- a list",
        "license: [",
        "license: !!java.io.File x"
      })
  void passesOverWhatIsNoUsualWord(String text) {
    assertThat(FrontMatter.parse("---\n" + text + "\n---\n").licence()).isEmpty();
  }

  @Test
  void saysWhatTheReaderMustKnow() {
    ModelCard card =
        new ModelCard(
            "t",
            "linear",
            "mean",
            List.of(),
            Optional.empty(),
            RECIPE,
            List.of("x left out"),
            "1.2");
    assertThat(card.markdown())
        .contains("# t\n")
        .contains("hfmerge 1.2 by `linear`: mean")
        .endsWith("## Notes\n\n- x left out\n");
    assertThat(card(List.of(), RECIPE).markdown()).doesNotContain("## Notes");
  }

  private static ModelCard card(List<String> parents, String recipe) {
    List<Parent> models =
        parents.stream()
            .map(parent -> new Parent(parent, false, Optional.empty(), FrontMatter.NONE))
            .toList();
    return card(models, Optional.empty(), recipe);
  }

  private static ModelCard card(List<Parent> parents, Optional<ModelConfig> config, String recipe) {
    return new ModelCard("title", "linear", "mean", parents, config, recipe, List.of(), "1.2");
  }

  private static Parent parent(String reference, String frontMatter) {
    return new Parent(
        reference,
        false,
        Optional.empty(),
        FrontMatter.parse("---\n" + frontMatter + "\n---\n# Model\n"));
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
