package io.hfmerge.recipe;

import io.hfmerge.error.InvalidRecipeException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Which model, and which adapter to apply to it: {@code path[@revision][+adapter[@revision]]}.
 *
 * <p>{@link #toString} is the canonical form, by which recipes, plans and resolvers name models. A
 * path that exists on this machine is taken as it is, whatever signs it contains.
 *
 * @param model the model
 * @param adapter a LoRA adapter on top of it, or null
 */
public record ModelReference(Source model, @Nullable Source adapter) {

  private static final char REVISION = '@';
  private static final char ADAPTER = '+';

  /**
   * A path or a Hub id.
   *
   * @param path folder, file or Hub id
   * @param revision branch, tag or commit, or null for the default
   */
  public record Source(String path, @Nullable String revision) {

    public Source {
      if (path.isBlank() || (revision != null && revision.isBlank())) {
        throw new IllegalArgumentException("a reference without a path or with an empty revision");
      }
    }

    @Override
    public String toString() {
      return revision == null ? path : path + REVISION + revision;
    }
  }

  /**
   * Takes a text apart. Looks at the file system, since paths may contain {@code +} and {@code @}.
   *
   * @throws InvalidRecipeException if a part is empty or a sign stands more than once
   */
  public static ModelReference parse(String text) {
    if (text.isBlank()) {
      throw new InvalidRecipeException("expected a path or a Hub id, found an empty text");
    }
    int split = exists(text) ? -1 : adapterSign(text);
    if (split < 0) {
      return new ModelReference(source(text, text), null);
    }
    return new ModelReference(
        source(text.substring(0, split), text), source(text.substring(split + 1), text));
  }

  /** Where the adapter's part begins: after the longest path that exists, else at the one sign. */
  private static int adapterSign(String text) {
    for (int i = text.lastIndexOf(ADAPTER); i > 0; i = text.lastIndexOf(ADAPTER, i - 1)) {
      if (existsWithoutRevision(text.substring(0, i))) {
        return i;
      }
    }
    int first = text.indexOf(ADAPTER);
    if (first >= 0 && existsWithoutRevision(text.substring(first + 1))) {
      return first;
    }
    if (first != text.lastIndexOf(ADAPTER)) {
      throw twice(ADAPTER, text);
    }
    return first;
  }

  private static Source source(String part, String text) {
    int sign = exists(part) ? -1 : part.lastIndexOf(REVISION);
    String path = sign < 0 ? part : part.substring(0, sign);
    String revision = sign < 0 ? null : part.substring(sign + 1);
    if (path.isBlank() || (revision != null && revision.isBlank())) {
      throw new InvalidRecipeException(
          "expected path[@revision][+adapter[@revision]], found \""
              + text
              + "\" with nothing beside a sign");
    }
    if (sign >= 0 && path.indexOf(REVISION) >= 0 && !exists(path)) {
      throw twice(REVISION, text);
    }
    return new Source(path, revision);
  }

  private static InvalidRecipeException twice(char sign, String text) {
    return new InvalidRecipeException(
        "expected path[@revision][+adapter[@revision]], found more than one \""
            + sign
            + "\" in \""
            + text
            + "\"; a path may contain it if it exists on this machine");
  }

  private static boolean existsWithoutRevision(String part) {
    int sign = part.lastIndexOf(REVISION);
    return exists(part) || (sign > 0 && exists(part.substring(0, sign)));
  }

  private static boolean exists(String text) {
    try {
      return Files.exists(
          text.startsWith("~/")
              ? Path.of(System.getProperty("user.home"), text.substring(2))
              : Path.of(text));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  @Override
  public String toString() {
    return adapter == null ? model.toString() : model.toString() + ADAPTER + adapter;
  }
}
