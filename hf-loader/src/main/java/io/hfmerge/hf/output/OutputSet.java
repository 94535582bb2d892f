package io.hfmerge.hf.output;

import io.hfmerge.error.InputChangedException;
import io.hfmerge.error.OutputExistsException;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.recipe.RecipeBook;
import io.hfmerge.recipe.RecipeOutput;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * All outputs of a run while they grow: in the target itself or, where they have names, in folders
 * of it, which is created for them and deleted again if nothing is left in it.
 */
final class OutputSet implements AutoCloseable {

  /** What a run does with its outputs. */
  interface Work<T> {
    T run() throws IOException;
  }

  private final List<ResumableOutput> outputs = new ArrayList<>();
  private final Path place;
  private final boolean created;

  private OutputSet(Path place, boolean created) {
    this.place = place;
    this.created = created;
  }

  /** Where an output goes. */
  static Path target(RecipeOutput output, Path target) {
    String name = output.name();
    return name == null ? target : target.resolve(name);
  }

  /**
   * Checks targets, for failing early.
   *
   * @throws OutputExistsException if something is in the way
   */
  static void check(RecipeBook book, Path target, boolean replace) throws IOException {
    if (!book.hasNamedOutputs()) {
      StagedFolder.checked(target, replace);
      return;
    }
    Path absolute = target.toAbsolutePath().normalize();
    if (!Files.exists(absolute, LinkOption.NOFOLLOW_LINKS)) {
      StagedFolder.checked(target, false);
      return;
    }
    if (!Files.isDirectory(absolute) || Files.exists(absolute.resolve("config.json"))) {
      throw new OutputExistsException(
          target
              + ": expected a folder to put the outputs' folders in, found a "
              + (Files.isDirectory(absolute) ? "model" : "file")
              + "; name another one");
    }
    for (RecipeOutput output : book.outputs()) {
      StagedFolder.checked(target(output, absolute), replace);
    }
  }

  /**
   * Begins or continues all outputs.
   *
   * @throws IOException if a file cannot be written, or the disk has too little room for all
   */
  static OutputSet open(
      RecipeBook book,
      Path target,
      List<OutputJob> jobs,
      InputWatch watch,
      MergeSettings settings,
      ProgressListener listener)
      throws IOException {
    Path absolute = target.toAbsolutePath().normalize();
    boolean created = book.hasNamedOutputs() && !Files.exists(absolute);
    if (created) {
      Files.createDirectory(absolute);
    }
    OutputSet set = new OutputSet(absolute, created);
    try {
      for (OutputJob job : jobs) {
        RunIdentity identity =
            RunIdentity.of(job.plan(), job.groups(), job.recipeText(), job.inputs(), settings);
        set.outputs.add(
            ResumableOutput.open(
                StagedFolder.checked(job.target(), settings.replace()),
                job.plan().layout(),
                identity,
                watch,
                settings,
                listener));
      }
      ResumableOutput.requireSpace(set.outputs);
      return set;
    } catch (IOException | RuntimeException | Error e) {
      set.close();
      throw e;
    }
  }

  ResumableOutput get(int output) {
    return outputs.get(output);
  }

  /** Fills and publishes; where that fails, says what is left. */
  <T> T carryOut(Work<T> work, InputWatch watch, ProgressListener listener) throws IOException {
    try {
      return work.run();
    } catch (InterruptedIOException | RuntimeException | Error e) {
      failed(e).ifPresent(listener::notice);
      throw e;
    } catch (IOException e) {
      // a file that was replaced or cut short fails in many ways, all for the same reason
      List<String> changes = watch.changes();
      if (!changes.isEmpty()) {
        InputChangedException changed = InputWatch.refuse(changes, e);
        failed(changed);
        throw changed;
      }
      Optional<String> advice = failed(e);
      if (advice.isPresent()) {
        throw new PartialMergeException(e, advice.get());
      }
      throw e;
    }
  }

  /** What to do with the parts that are kept; empty if none is. */
  private Optional<String> failed(Throwable failure) {
    List<String> advice = new ArrayList<>();
    for (ResumableOutput output : outputs) {
      output.failed(failure).ifPresent(advice::add);
    }
    return advice.isEmpty() ? Optional.empty() : Optional.of(String.join("\n", advice));
  }

  @Override
  public void close() throws IOException {
    IOException failure = null;
    for (ResumableOutput output : outputs) {
      try {
        output.close();
      } catch (IOException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (created) {
      try {
        Files.deleteIfExists(place);
      } catch (DirectoryNotEmptyException e) {
        // outputs, or what --resume continues, are in it
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
