package io.hfmerge.hf;

import io.hfmerge.progress.ProgressListener;
import java.util.function.BooleanSupplier;

/**
 * How models are opened where that takes long: where they have to be fetched.
 *
 * @param listener hears of downloads; of several models one after another
 * @param cancelled asked now and then, from any thread; once it says true, opening and reading end
 *     with a {@link java.util.concurrent.CancellationException}. What was downloaded so far is kept
 *     and continued next time
 * @param stream whether weights of models that are not on this machine are read over the network as
 *     they are needed, instead of being downloaded first
 */
public record OpenOptions(ProgressListener listener, BooleanSupplier cancelled, boolean stream) {

  /** Downloads in silence, to the end. */
  public static final OpenOptions DEFAULT =
      new OpenOptions(ProgressListener.NONE, () -> false, false);

  /** The same with this listener. */
  public OpenOptions withListener(ProgressListener hears) {
    return new OpenOptions(hears, cancelled, stream);
  }

  /** The same with this way to be stopped. */
  public OpenOptions withCancellation(BooleanSupplier stopped) {
    return new OpenOptions(listener, stopped, stream);
  }

  /** The same with weights downloaded or not. */
  public OpenOptions withStream(boolean streamed) {
    return new OpenOptions(listener, cancelled, streamed);
  }
}
