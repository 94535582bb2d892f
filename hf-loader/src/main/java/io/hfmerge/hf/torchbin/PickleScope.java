package io.hfmerge.hf.torchbin;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;

/**
 * Where the reading of a pickle is, and how much it has made: makes refusals that name the file and
 * the place in it.
 */
final class PickleScope {

  /** A tensor makes about 20, of about 50 bytes each; so this is 200,000 tensors or 200 MB. */
  static final int MAX_VALUES = 1 << 22;

  private final String source;
  private long position;
  private int values;

  PickleScope(String source) {
    this.source = source;
  }

  /** Sets the position of the opcode at work. */
  void at(long opcode) {
    position = opcode;
  }

  /**
   * Hears of values about to be made.
   *
   * @throws MalformedCheckpointException if they are too many
   */
  void count(int added) {
    values += added;
    if (values > MAX_VALUES) {
      throw malformed("expected at most " + MAX_VALUES + " values, found more");
    }
  }

  MalformedCheckpointException malformed(String what) {
    return new MalformedCheckpointException(place() + what);
  }

  UnsupportedFeatureException unsupported(String what) {
    return new UnsupportedFeatureException(place() + what);
  }

  private String place() {
    return source + ": pickle at byte " + position + ": ";
  }
}
