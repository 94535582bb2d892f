package io.hfmerge.hf.output;

import io.hfmerge.error.InputChangedException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sees that inputs stay what they were when a merge began, by size and time: a model that is being
 * downloaded or trained on while it is merged gives weights of no model at all. Thread-safe.
 */
final class InputWatch {

  /** Work between two looks, in bytes written: a look costs microseconds. */
  private static final long INTERVAL_BYTES = 256L << 20;

  private static final int MAX_NAMED = 20;

  private final List<InputIdentity> inputs;
  private long sinceLast;

  InputWatch(List<InputIdentity> inputs) {
    this.inputs = List.copyOf(inputs);
  }

  /** What is watched. */
  List<InputIdentity> inputs() {
    return inputs;
  }

  /**
   * Work was done; looks now and then.
   *
   * @throws InputChangedException if an input has changed
   */
  synchronized void worked(long bytes) {
    sinceLast += bytes;
    if (sinceLast >= INTERVAL_BYTES) {
      sinceLast = 0;
      requireUnchanged();
    }
  }

  /**
   * Looks at every file.
   *
   * @throws InputChangedException if one has changed; names all of them
   */
  void requireUnchanged() {
    List<String> changes = changes();
    if (!changes.isEmpty()) {
      throw refuse(changes, null);
    }
  }

  /** The refusal of a merge whose inputs have changed. */
  static InputChangedException refuse(List<String> changes, @Nullable Throwable cause) {
    int named = Math.min(MAX_NAMED, changes.size());
    return new InputChangedException(
        "an input changed while it was merged; nothing was published, begin again when it is"
            + " complete\n  "
            + String.join("\n  ", changes.subList(0, named))
            + (named < changes.size() ? "\n  and " + (changes.size() - named) + " more" : ""),
        cause);
  }

  /** A line for each file that is not what it was. */
  List<String> changes() {
    return inputs.stream()
        .flatMap(input -> input.files().stream())
        .flatMap(file -> file.change().stream())
        .toList();
  }
}
