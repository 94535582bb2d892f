package io.hfmerge.hf.output;

import java.util.List;
import java.util.regex.Pattern;

/**
 * The README of a merged model: the front matter that the Hub reads, the parents, and the recipe
 * that makes the same weights again.
 *
 * @param title heading
 * @param method name of the merge method
 * @param methodSummary what it does and where it comes from
 * @param parents the models merged, the base first
 * @param recipe the recipe as YAML
 * @param notes what the reader must know: tensors left out, dtypes changed
 * @param version version of hfmerge
 */
record ModelCard(
    String title,
    String method,
    String methodSummary,
    List<Parent> parents,
    String recipe,
    List<String> notes,
    String version) {

  /** A repository on the Hub as opposed to a path, which means nothing to others. */
  private static final Pattern HUB_ID =
      Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*");

  /**
   * A model merged.
   *
   * @param reference as in the recipe
   * @param path whether that is a path, which may look like {@code owner/name} and be none
   */
  record Parent(String reference, boolean path) {

    boolean isHubId() {
      return !path && HUB_ID.matcher(reference).matches();
    }
  }

  ModelCard {
    parents = List.copyOf(parents);
    notes = List.copyOf(notes);
  }

  String markdown() {
    StringBuilder card = new StringBuilder("---\n");
    List<String> hubIds = parents.stream().filter(Parent::isHubId).map(Parent::reference).toList();
    if (!hubIds.isEmpty()) {
      card.append("base_model:\n");
      hubIds.forEach(id -> card.append("- ").append(id).append('\n'));
    }
    card.append("base_model_relation: merge\n");
    card.append("library_name: transformers\n");
    card.append("tags:\n- merge\n- hfmerge\n---\n");
    card.append("# ").append(title).append("\n\n");
    card.append("Merged with hfmerge ").append(version).append(" by `").append(method);
    card.append("`: ").append(methodSummary).append("\n\n");
    card.append("## Models\n\n");
    parents.forEach(
        parent -> card.append("- `").append(parent.reference().replace("`", "")).append("`\n"));
    // a fence longer than any run of backticks in the text that it encloses
    String fence = "`".repeat(Math.max(3, longestRun(recipe) + 1));
    card.append("\n## Recipe\n\n").append(fence).append("yaml\n").append(recipe.stripTrailing());
    card.append('\n').append(fence).append('\n');
    if (!notes.isEmpty()) {
      card.append("\n## Notes\n\n");
      notes.forEach(note -> card.append("- ").append(note).append('\n'));
    }
    return card.toString();
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
