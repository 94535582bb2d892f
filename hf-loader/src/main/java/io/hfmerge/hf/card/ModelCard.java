package io.hfmerge.hf.card;

import io.hfmerge.hf.config.ModelConfig;
import java.util.List;
import java.util.Optional;

/**
 * The README of a merged model: the front matter that the Hub reads, the parents, and the recipe
 * that makes the same weights again.
 *
 * @param title heading
 * @param method name of the merge method
 * @param methodSummary what it does and where it comes from
 * @param parents the models merged, the base first
 * @param config of the merged model, where it has one
 * @param recipe the recipe as YAML
 * @param notes what the reader must know: tensors left out, dtypes changed
 * @param version version of hfmerge
 */
public record ModelCard(
    String title,
    String method,
    String methodSummary,
    List<Parent> parents,
    Optional<ModelConfig> config,
    String recipe,
    List<String> notes,
    String version) {

  public ModelCard {
    parents = List.copyOf(parents);
    notes = List.copyOf(notes);
  }

  /** The whole file. */
  public String markdown() {
    LicenceChoice licence = LicenceChoice.of(parents);
    StringBuilder card = new StringBuilder();
    frontMatter(card, licence);
    card.append("# ").append(title).append("\n\n");
    card.append("Merged with hfmerge ").append(version).append(" by `").append(method);
    card.append("`: ").append(methodSummary).append("\n\n");
    card.append("## Models\n\n");
    parents.forEach(parent -> card.append(parent.line()).append('\n'));
    // a fence longer than any run of backticks in the text that it encloses
    String fence = "`".repeat(Math.max(3, longestRun(recipe) + 1));
    card.append("\n## Recipe\n\n").append(fence).append("yaml\n").append(recipe.stripTrailing());
    card.append('\n').append(fence).append('\n');
    if (!notes.isEmpty() || !licence.notes().isEmpty()) {
      card.append("\n## Notes\n\n");
      notes.forEach(note -> card.append("- ").append(note).append('\n'));
      licence.notes().forEach(note -> card.append("- ").append(note).append('\n'));
    }
    return card.toString();
  }

  private void frontMatter(StringBuilder card, LicenceChoice licence) {
    card.append("---\n");
    List<String> hubIds =
        parents.stream().flatMap(parent -> parent.hubId().stream()).distinct().toList();
    if (!hubIds.isEmpty()) {
      card.append("base_model:\n");
      hubIds.forEach(id -> card.append("- ").append(id).append('\n'));
    }
    card.append("base_model_relation: merge\n");
    card.append("library_name: transformers\n");
    card.append("tags:\n- merge\n- hfmerge\n");
    licence.lines().forEach(line -> card.append(line).append('\n'));
    config
        .flatMap(PipelineTag::of)
        .or(() -> parents.stream().findFirst().flatMap(base -> base.frontMatter().pipelineTag()))
        .ifPresent(tag -> card.append("pipeline_tag: ").append(tag).append('\n'));
    List<String> languages =
        parents.stream()
            .flatMap(parent -> parent.frontMatter().languages().stream())
            .distinct()
            .toList();
    if (!languages.isEmpty()) {
      card.append("language:\n");
      // "no" is Norwegian, not a truth value
      languages.forEach(code -> card.append("- \"").append(code).append("\"\n"));
    }
    card.append("---\n");
  }

  private static int longestRun(String text) {
    int longest = 0;
    int run = 0;
    for (int i = 0; i < text.length(); i++) {
      run = text.charAt(i) == '`' ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    return longest;
  }
}
