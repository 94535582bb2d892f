package io.hfmerge.hf.djl.text;

import java.util.Arrays;
import java.util.stream.LongStream;

/** The special tokens that a tokenizer puts before and after a text. */
public final class Surroundings {

  private final long[] before;
  private final long[] after;

  private Surroundings(long[] before, long[] after) {
    this.before = before;
    this.after = after;
  }

  /**
   * Finds them by comparing a text with and without.
   *
   * @param text of at least one token
   */
  public static Surroundings of(TextTokenizer tokenizer, String text) {
    long[] plain = tokenizer.encodePlain(text).ids();
    long[] whole = tokenizer.encode(text).ids();
    for (int start = 0; start + plain.length <= whole.length; start++) {
      int end = start + plain.length;
      if (Arrays.equals(plain, 0, plain.length, whole, start, end)) {
        return new Surroundings(
            Arrays.copyOf(whole, start), Arrays.copyOfRange(whole, end, whole.length));
      }
    }
    return new Surroundings(new long[0], new long[0]);
  }

  /** Number of them before the text. */
  public int before() {
    return before.length;
  }

  /** Number of them after the text. */
  public int after() {
    return after.length;
  }

  /** Number of special tokens. */
  public int size() {
    return before.length + after.length;
  }

  /** A text with them. */
  public long[] around(long[] ids) {
    return LongStream.concat(
            LongStream.concat(Arrays.stream(before), Arrays.stream(ids)), Arrays.stream(after))
        .toArray();
  }
}
