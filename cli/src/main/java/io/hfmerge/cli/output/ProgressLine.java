package io.hfmerge.cli.output;

import io.hfmerge.progress.ProgressListener;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.jspecify.annotations.Nullable;

/**
 * A progress bar on standard error with throughput and remaining time, for work that lasts longer
 * than a moment. Wiped when closed. Thread-safe.
 */
public final class ProgressLine implements ProgressListener, AutoCloseable {

  /** Short work is over before anybody reads a bar. */
  private static final long SHOW_AFTER_NANOS = 700_000_000L;

  /** A line that wraps cannot be wiped; no terminal in use is narrower. */
  private static final int COLUMNS = 79;

  private static final int REFRESH_MILLIS = 200;

  private final AtomicLong done = new AtomicLong();
  private @Nullable ProgressBar bar;
  private String task = "";
  private long total;
  private long startNanos;

  private final PrintWriter err;

  private ProgressLine(PrintWriter err) {
    this.err = err;
  }

  /** A bar if standard error is a terminal, else silence. */
  public static ProgressLine create() {
    return create(new PrintWriter(System.err, true, StandardCharsets.UTF_8));
  }

  /**
   * A bar if standard error is a terminal, else silence.
   *
   * @param err receives what is to be known at once, terminal or not
   */
  public static ProgressLine create(PrintWriter err) {
    return new ProgressLine(err);
  }

  @Override
  public synchronized void started(String newTask, long totalBytes) {
    close();
    task = newTask;
    total = totalBytes;
    startNanos = System.nanoTime();
    done.set(0);
  }

  @Override
  public void advanced(long bytes) {
    done.addAndGet(bytes);
    if (!Terminal.isError()) {
      return;
    }
    synchronized (this) {
      if (bar == null && System.nanoTime() - startNanos > SHOW_AFTER_NANOS) {
        bar = open();
      }
    }
  }

  @Override
  public synchronized void notice(String line) {
    close();
    err.println(Terminal.printable(line));
    err.flush();
  }

  /** The library draws, refreshes and wipes; what the line says is ours. */
  private ProgressBar open() {
    ProgressText text = new ProgressText(task, total);
    long start = startNanos;
    return new ProgressBarBuilder()
        .setRenderer((state, columns) ->
            text.line(System.nanoTime() - start, done.get(), Math.min(columns, COLUMNS)))
        .setUpdateIntervalMillis(REFRESH_MILLIS)
        .continuousUpdate()
        .setConsumer(new ConsoleProgressBarConsumer(System.err, Terminal.columns()))
        .clearDisplayOnFinish()
        .build();
  }

  @Override
  public void finished() {
    close();
  }

  @Override
  public synchronized void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
