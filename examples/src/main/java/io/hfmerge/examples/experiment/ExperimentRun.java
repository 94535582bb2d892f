package io.hfmerge.examples.experiment;

import io.hfmerge.error.OutputExistsException;
import io.hfmerge.examples.experiment.train.EngineThreads;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.LongSupplier;

/** Carries an experiment out and writes its results. */
public final class ExperimentRun {

  /** What training may lose when it is interrupted. */
  public static final Duration CHECKPOINT_EVERY = Duration.ofSeconds(20);

  private static final String JOURNAL = ".unfinished";

  private final Experiment experiment;
  private final RunSettings settings;
  private final Path folder;
  private final Duration checkpointEvery;
  private final LongSupplier clock;
  private final int shortening;

  /**
   * Plans a run.
   *
   * @param folder of the results, created
   * @param checkpointEvery how often training's state is kept
   */
  public ExperimentRun(
      Experiment experiment, RunSettings settings, Path folder, Duration checkpointEvery) {
    this(experiment, settings, folder, checkpointEvery, System::nanoTime, 1);
  }

  /**
   * For tests.
   *
   * @param clock of nanoseconds
   * @param shortening what numbers of steps are divided by; 1 for a real run
   */
  ExperimentRun(
      Experiment experiment,
      RunSettings settings,
      Path folder,
      Duration checkpointEvery,
      LongSupplier clock,
      int shortening) {
    this.experiment = experiment;
    this.settings = settings;
    this.folder = folder;
    this.checkpointEvery = checkpointEvery;
    this.clock = clock;
    this.shortening = shortening;
  }

  /** What to do with a folder that is there. */
  public enum Existing {
    /** Refuse to touch it. */
    REFUSE,
    /** Go on where an interrupted run stopped. */
    RESUME,
    /** Begin again, replacing what a run writes. */
    REPLACE
  }

  /**
   * Runs.
   *
   * @return the verdict, which is also in {@code summary.md}
   * @throws OutputExistsException if the folder has something in it and is to be left alone, or is
   *     no folder
   */
  public Outcome run(Existing existing, ProgressSink sink) throws IOException {
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new OutputExistsException(folder + ": expected a folder for the results, found a file");
    }
    Path journalFolder = folder.resolve(JOURNAL);
    if (existing == Existing.REFUSE && !isEmpty(folder)) {
      throw new OutputExistsException(
          folder
              + ": the folder is not empty; use another --out, --force to replace results"
              + (Files.exists(journalFolder) ? ", or --resume to go on" : ""));
    }
    if (existing == Existing.REPLACE && Files.isDirectory(journalFolder)) {
      RunJournal.clear(journalFolder);
    }
    RunJournal journal =
        RunJournal.open(
            journalFolder, settings.identity(experiment.name()), checkpointEvery, clock);
    Lab lab = new Lab(settings, journal, sink, folder, shortening);
    EngineThreads.one(); // before whatever comes first starts the engine
    Outcome outcome;
    try {
      outcome = experiment.run(lab);
    } catch (IOException | RuntimeException e) {
      // data that cannot be read, say: the next try need not be told to resume or replace this one
      if (journal.isEmpty()) {
        RunJournal.clear(journalFolder);
        if (isEmpty(folder)) {
          Files.delete(folder);
        }
      }
      throw e;
    }
    ResultFiles files = new ResultFiles(experiment, settings, lab, outcome);
    files.write(folder, journal.time());
    RunJournal.clear(journalFolder);
    return outcome;
  }

  private static boolean isEmpty(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return true;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      return !files.iterator().hasNext();
    }
  }
}
