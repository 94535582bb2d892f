package io.hfmerge.cli.output;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;

/**
 * How far a piece of work is, as one line: share, bar, bytes, throughput and remaining time. The
 * throughput is that of the last seconds, since the first ones are slower. Thread-safe.
 */
final class ProgressText {

  /** How far back the throughput looks. */
  private static final long WINDOW_NANOS = 5_000_000_000L;

  /** Before that a throughput would be a guess. */
  private static final long FIRST_NANOS = 200_000_000L;

  private static final int MIN_BAR = 5;
  private static final int MAX_BAR = 30;

  private record Sample(long nanos, long bytes) {}

  private final String task;
  private final long total;
  private final Deque<Sample> samples = new ArrayDeque<>();

  /**
   * @param total bytes to get through
   */
  ProgressText(String task, long total) {
    this.task = task;
    this.total = total;
    samples.add(new Sample(0, 0));
  }

  /**
   * The line now.
   *
   * @param nanos time since the beginning, no less than in the call before
   * @param done bytes done so far
   * @param columns width at most
   */
  synchronized String line(long nanos, long done, int columns) {
    samples.addLast(new Sample(nanos, done));
    while (samples.size() > 2 && nanos - samples.getFirst().nanos() > WINDOW_NANOS) {
      samples.removeFirst();
    }
    double share = total <= 0 ? 1 : Math.clamp((double) done / total, 0, 1);
    String left = String.format(Locale.ROOT, "%s %3d %% ", task, (int) (100 * share));
    StringBuilder right = new StringBuilder();
    right.append(' ').append(Terminal.size(done)).append(" of ").append(Terminal.size(total));
    Sample first = samples.getFirst();
    long bytes = done - first.bytes();
    if (nanos - first.nanos() >= FIRST_NANOS && bytes > 0) {
      double perSecond = bytes / ((nanos - first.nanos()) / 1e9);
      right.append(", ").append(Terminal.size((long) perSecond)).append("/s, ");
      right.append(duration((long) Math.ceil(Math.max(0, total - done) / perSecond)));
      right.append(" left");
    }
    int room = Math.min(MAX_BAR, columns - left.length() - right.length() - 2);
    String bar = "";
    if (room >= MIN_BAR) {
      int filled = (int) (room * share);
      bar = "[" + "=".repeat(filled) + " ".repeat(room - filled) + "]";
    }
    String line = left + bar + right;
    return line.length() <= columns ? line : line.substring(0, columns);
  }

  private static String duration(long seconds) {
    if (seconds < 60) {
      return seconds + " s";
    }
    return seconds < 3600
        ? String.format(Locale.ROOT, "%d:%02d min", seconds / 60, seconds % 60)
        : String.format(Locale.ROOT, "%d:%02d h", seconds / 3600, seconds / 60 % 60);
  }
}
