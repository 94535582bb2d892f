package io.hfmerge.hf.card;

import io.hfmerge.hf.ModelLocation;
import java.io.IOException;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A model that was merged, as its card tells of it.
 *
 * @param reference as in the recipe
 * @param path whether that is a path, which may look like {@code owner/name} and be none
 * @param commit commit of its repository, where known
 * @param frontMatter of its own README
 */
public record Parent(
    String reference, boolean path, Optional<String> commit, FrontMatter frontMatter) {

  /** A repository on the Hub as opposed to a path, which means nothing to others. */
  private static final Pattern HUB_ID =
      Pattern.compile(
          "([A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*)(@[^\\s+:]+)?(:[^\\s+]+)?");

  /**
   * Reads what its README says.
   *
   * @param reference as in the recipe
   * @param path whether that is a path
   * @param commit commit of its repository, where known
   */
  public static Parent of(
      String reference, boolean path, Optional<String> commit, ModelLocation location)
      throws IOException {
    return new Parent(reference, path, commit, FrontMatter.read(location.folder()));
  }

  /** Its repository on the Hub without a revision; empty if it has none. */
  Optional<String> hubId() {
    if (path) {
      return Optional.empty();
    }
    var matcher = HUB_ID.matcher(reference);
    return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  /** One line of Markdown. */
  String line() {
    return "- `"
        + reference.replace("`", "")
        + '`'
        + commit.map(hash -> " at commit `" + hash.replace("`", "") + '`').orElse("")
        + frontMatter.licence().map(licence -> ", licence " + licence).orElse("");
  }
}
