package io.hfmerge.examples.experiment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * Where an experiment runs: its settings, its random numbers, and its cells, which are remembered
 * once they are done. One thread.
 */
public final class Lab {

  private final RunSettings settings;
  private final RunJournal journal;
  private final ProgressSink sink;
  private final Path folder;
  private final int shortening;
  private final Measurements measurements = new Measurements();
  private final List<String> notes = new ArrayList<>();
  private final List<List<String>> table = new ArrayList<>();
  private int cellsDone;
  private int cells = 1;

  Lab(RunSettings settings, RunJournal journal, ProgressSink sink, Path folder) {
    this(settings, journal, sink, folder, 1);
  }

  /**
   * For a try at the mechanics alone.
   *
   * @param shortening what numbers of steps are divided by
   */
  Lab(RunSettings settings, RunJournal journal, ProgressSink sink, Path folder, int shortening) {
    this.settings = settings;
    this.journal = journal;
    this.sink = sink;
    this.folder = folder;
    this.shortening = shortening;
  }

  public RunSettings settings() {
    return settings;
  }

  /**
   * A folder among the results, for models that stay: created, with what an interrupted run left.
   */
  public Path folder(String name) throws IOException {
    return Files.createDirectories(folder.resolve(name));
  }

  /** One of two sizes. */
  public int size(int quick, int full) {
    return settings.quick() ? quick : full;
  }

  /** One of two numbers of steps or epochs. */
  public int steps(int quick, int full) {
    return Math.toIntExact(steps(size(quick, full)));
  }

  /** A number of steps or epochs, fewer in a try. */
  public long steps(long wanted) {
    return Math.max(1, wanted / shortening);
  }

  /** Whether this is a try at the mechanics alone, whose numbers say nothing. */
  public boolean isTry() {
    return shortening > 1;
  }

  /** One of two sets of values. */
  public double[] values(double[] quick, double[] full) {
    return settings.quick() ? quick : full;
  }

  /** The number of repeats: as asked for, else by size. */
  public int repeats(int quick, int full) {
    return settings.repeats().orElse(size(quick, full));
  }

  /**
   * Random numbers of their own for every purpose, so that adding one purpose does not change the
   * others.
   */
  public RandomGenerator random(String stream) {
    long hash = 0xcbf29ce484222325L; // FNV-1a
    for (int i = 0; i < stream.length(); i++) {
      hash = (hash ^ stream.charAt(i)) * 0x100000001b3L;
    }
    return new SplittableRandom(hash ^ (settings.seed() * 0x9E3779B97F4A7C15L));
  }

  /** Says something that readers of the result must know, such as where the data came from. */
  public void note(String line) {
    if (!notes.contains(line)) {
      notes.add(line);
    }
  }

  /** Adds a row to the summary's table of main numbers, the first one the heads of the columns. */
  public void row(List<String> cells) {
    table.add(List.copyOf(cells));
  }

  /** Carries out cells, or takes their results from an earlier run. */
  public Measurements run(Cells plan) throws IOException {
    cells = plan.works.size();
    cellsDone = 0;
    for (Map.Entry<String, Cell.Work> entry : plan.works.entrySet()) {
      Cell cell = new Cell(entry.getKey(), this);
      java.util.Optional<List<Measurement>> known = journal.finished(entry.getKey());
      if (known.isPresent()) {
        measurements.addAll(known.get());
      } else {
        sink.at((double) cellsDone / cells, entry.getKey(), Double.NaN);
        entry.getValue().run(cell);
        journal.saveFinished(entry.getKey(), cell.measured());
        measurements.addAll(cell.measured());
      }
      cellsDone++;
    }
    return measurements;
  }

  /** Adds numbers that follow from those that are there. */
  public void derive(Consumer<Cell> work) {
    Cell cell = new Cell("derived", this);
    work.accept(cell);
    measurements.addAll(cell.measured());
  }

  /** Cells by name, in order. */
  public static final class Cells {
    private final Map<String, Cell.Work> works = new LinkedHashMap<>();

    /** Adds one. */
    public Cells add(String name, Cell.Work work) {
      if (works.put(name, work) != null) {
        throw new IllegalArgumentException("two cells named " + name);
      }
      return this;
    }
  }

  Measurements measurements() {
    return measurements;
  }

  List<List<String>> table() {
    return List.copyOf(table);
  }

  List<String> notes() {
    return List.copyOf(notes);
  }

  RunJournal journal() {
    return journal;
  }

  void progress(String cell, double share, double loss) {
    sink.at((cellsDone + share) / cells, cell, loss);
  }
}
