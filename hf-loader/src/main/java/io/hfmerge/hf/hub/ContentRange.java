package io.hfmerge.hf.hub;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.hub.HubClient.Reply;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Checks that a reply is the part of a file that was asked for. */
final class ContentRange {

  private static final Pattern RANGE =
      Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18}|\\*)");

  private ContentRange() {}

  /**
   * Checks a reply with a part (206).
   *
   * @param end byte after the last that was asked for
   * @throws MalformedCheckpointException if it is another part, or of another file
   */
  static void require(Reply reply, HubFile file, long begin, long end) {
    String found = reply.headers().firstValue("Content-Range").orElse("none");
    Matcher range = RANGE.matcher(found);
    boolean right =
        range.matches()
            && Long.parseLong(range.group(1)) == begin
            && Long.parseLong(range.group(2)) == end - 1
            && (range.group(3).equals("*") || Long.parseLong(range.group(3)) == file.sizeBytes());
    if (!right) {
      throw new MalformedCheckpointException(
          "%s: expected Content-Range bytes %d-%d/%d of %s, found %s"
              .formatted(
                  HubErrors.shown(reply.address()),
                  begin,
                  end - 1,
                  file.sizeBytes(),
                  file.path(),
                  found));
    }
    requireLength(reply, file, end - begin);
    requirePlain(reply, file);
  }

  /** Checks a reply with the whole file (200). */
  static void requireWhole(Reply reply, HubFile file) {
    requireLength(reply, file, file.sizeBytes());
    requirePlain(reply, file);
  }

  private static void requireLength(Reply reply, HubFile file, long expected) {
    long found = reply.headers().firstValueAsLong("Content-Length").orElse(expected);
    if (found != expected) {
      throw new MalformedCheckpointException(
          "%s: expected %d bytes of %s, as the Hub lists it, found a Content-Length of %d"
              .formatted(HubErrors.shown(reply.address()), expected, file.path(), found));
    }
  }

  private static void requirePlain(Reply reply, HubFile file) {
    String encoding = reply.headers().firstValue("Content-Encoding").orElse("identity");
    if (!encoding.equalsIgnoreCase("identity")) {
      throw new MalformedCheckpointException(
          "%s: expected the plain bytes of %s, found Content-Encoding %s"
              .formatted(HubErrors.shown(reply.address()), file.path(), encoding));
    }
  }
}
