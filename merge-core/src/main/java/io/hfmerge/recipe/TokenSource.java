package io.hfmerge.recipe;

/** Where the embedding of a token comes from. */
public sealed interface TokenSource {

  /** Zeros. */
  record Zero() implements TokenSource {}

  /**
   * The same token's embedding in a model.
   *
   * @param reference a model of the recipe
   */
  record SameToken(String reference) implements TokenSource {}

  /**
   * Another token's embedding in a model.
   *
   * @param reference a model of the recipe
   * @param token its text in that model's vocabulary
   */
  record OtherToken(String reference, String token) implements TokenSource {}

  /**
   * A row of a model's embedding.
   *
   * @param reference a model of the recipe
   * @param id the row, from 0
   */
  record Row(String reference, int id) implements TokenSource {

    public Row {
      if (id < 0) {
        throw new IllegalArgumentException("a negative token id: " + id);
      }
    }
  }
}
