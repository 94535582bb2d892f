package io.hfmerge.hf.djl.text;

/**
 * One text as tokens.
 *
 * <p>Arrays are handed out as copies.
 */
public final class TokenIds {

  private final long[] ids;
  private final long[] types;

  TokenIds(long[] ids, long[] types) {
    this.ids = ids;
    this.types = types;
  }

  /** The ids, special tokens included. */
  public long[] ids() {
    return ids.clone();
  }

  /** The type of each token: 0, and 1 in the second text of a pair. */
  public long[] types() {
    return types.clone();
  }

  /** Number of tokens. */
  public int length() {
    return ids.length;
  }
}
