package io.hfmerge.progress;

/**
 * Hears how far a long piece of work is. Calls may come from any thread, {@link #advanced} from
 * several at once.
 */
public interface ProgressListener {

  /** Hears nothing. */
  ProgressListener NONE =
      new ProgressListener() {
        @Override
        public void started(String task, long totalBytes) {}

        @Override
        public void advanced(long bytes) {}

        @Override
        public void finished() {}
      };

  /**
   * Work begins.
   *
   * @param task what is done, for people: {@code merging}, {@code analysing}
   * @param totalBytes bytes of weights to get through
   */
  void started(String task, long totalBytes);

  /** That many more bytes are done. */
  void advanced(long bytes);

  /**
   * Something to know at once, a line without a line break: that earlier work is continued or was
   * thrown away, where unfinished work is kept.
   */
  default void notice(String line) {}

  /** The work is complete; not called when it fails. */
  void finished();
}
