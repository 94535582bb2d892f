package io.hfmerge.examples.experiment.command;

import io.hfmerge.cli.output.Terminal;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.ProgressSink;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.jspecify.annotations.Nullable;

/**
 * A line on standard error, if that is a terminal: share done, cell, loss, remaining time. The time
 * is reckoned from this process's own pace, so that work taken from an earlier run does not count.
 */
final class ExperimentProgress implements ProgressSink, AutoCloseable {

  private static final int COLUMNS = 79;
  private static final int BAR = 16;
  private static final int REFRESH_MILLIS = 200;

  /** Before that a remaining time would be a guess. */
  private static final long FIRST_NANOS = 2_000_000_000L;

  private final String task;
  private final @Nullable ProgressBar bar;
  private final long startNanos = System.nanoTime();
  private volatile double first = Double.NaN;
  private volatile double done;
  private volatile String cell = "";
  private volatile double latest = Double.NaN;

  ExperimentProgress(String task) {
    this.task = task;
    this.bar =
        Terminal.isError()
            ? new ProgressBarBuilder()
                .setRenderer((state, columns) -> line(Math.min(columns, COLUMNS)))
                .setUpdateIntervalMillis(REFRESH_MILLIS)
                .continuousUpdate()
                .setConsumer(new ConsoleProgressBarConsumer(System.err, Terminal.columns()))
                .clearDisplayOnFinish()
                .build()
            : null;
  }

  @Override
  public void at(double share, String atWork, double loss) {
    if (Double.isNaN(first)) {
      first = share;
    }
    done = share;
    cell = atWork;
    latest = loss;
  }

  private String line(int columns) {
    return text(task, done, first, cell, latest, System.nanoTime() - startNanos, columns);
  }

  /** The line at a moment. */
  static String text(
      String task, double done, double first, String cell, double loss, long nanos, int columns) {
    int filled = (int) (BAR * done);
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%s %3d %% [%s%s]",
            task,
            (int) (100 * done),
            "=".repeat(filled),
            " ".repeat(BAR - filled)));
    if (!Double.isNaN(loss)) {
      text.append(" loss ").append(Numbers.brief(loss));
    }
    if (nanos > FIRST_NANOS && done > first) {
      long seconds = Math.round(nanos / 1e9 * (1 - done) / (done - first));
      text.append(", ").append(duration(seconds)).append(" left");
    }
    text.append("  ").append(cell);
    return text.length() <= columns ? text.toString() : text.substring(0, columns);
  }

  private static String duration(long seconds) {
    if (seconds < 60) {
      return seconds + " s";
    }
    return seconds < 3600
        ? String.format(Locale.ROOT, "%d:%02d min", seconds / 60, seconds % 60)
        : String.format(Locale.ROOT, "%d:%02d h", seconds / 3600, seconds / 60 % 60);
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
