package io.hfmerge.hf.hub;

/**
 * A user's secret. Never part of a message.
 *
 * @param value what is sent
 * @param source where it comes from, for messages
 */
record AccessToken(String value, String source) {

  AccessToken {
    if (!value.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw new IllegalArgumentException(
          source + ": expected a token of printable characters, found others");
    }
  }

  @Override
  public String toString() {
    return "token of " + source;
  }
}
