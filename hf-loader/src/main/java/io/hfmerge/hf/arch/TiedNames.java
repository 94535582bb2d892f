package io.hfmerge.hf.arch;

import java.util.List;

/**
 * Canonical names of one weight that files hold once or several times: part of the vocabulary of
 * {@link Architecture}.
 *
 * @param names the names, the usual one first
 * @param when when they are one weight
 */
public record TiedNames(List<String> names, When when) {

  /** When names are one weight. */
  public enum When {
    /** In every model of the family. */
    ALWAYS,
    /** Unless {@code tie_word_embeddings} is false. */
    UNLESS_CONFIG_UNTIES,
    /** If {@code tie_word_embeddings} is true. */
    IF_CONFIG_TIES
  }

  public TiedNames {
    names = List.copyOf(names);
    if (names.size() < 2) {
      throw new IllegalArgumentException("tied names " + names + ": at least two are needed");
    }
  }
}
