package io.hfmerge.examples.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What every experiment keeps, at a size at which its numbers say nothing: a verdict on each part
 * of its claim, CSV files, figures and a summary that names rule, counter-evidence and data;
 * progress with shares and, where something is trained, losses; and the same bytes for the same
 * seed, even if it is interrupted twice and resumed, whatever the garbage collector does.
 */
public final class ExperimentContract {

  private static final List<String> TABLES = List.of("measurements.csv", "series.csv");

  /** How experiments without files say where their data comes from. */
  private static final String SOURCE = "built-in|no other was given|no file given";

  private final Experiment experiment;
  private final int shortening;
  private final Duration checkpointEvery;
  private final Path temp;

  /**
   * Describes a try.
   *
   * @param shortening what numbers of steps are divided by
   * @param checkpointEvery how often training's state is kept
   * @param temp an empty folder
   */
  public ExperimentContract(
      Experiment experiment, int shortening, Duration checkpointEvery, Path temp) {
    this.experiment = experiment;
    this.shortening = shortening;
    this.checkpointEvery = checkpointEvery;
    this.temp = temp;
  }

  /**
   * Runs it twice.
   *
   * @param trains whether losses are expected
   * @return the folder of the results
   */
  public Path check(boolean trains) throws IOException, InterruptedException {
    // one place for both: DARE's masks depend on the paths of what is merged
    Path parts = temp.resolve("results");
    Heard heard = new Heard(Integer.MAX_VALUE);
    Outcome outcome = run(parts, heard);
    Path whole = Files.move(parts, temp.resolve("whole"));
    heard.check(trains);
    checkOutcome(outcome);
    checkFiles(whole, outcome);

    Litter litter = new Litter();
    Outcome resumed;
    try {
      for (int stop : List.of(heard.calls / 2 + 1, trains ? 2 : 1)) {
        assertThatThrownBy(() -> run(parts, new Heard(stop))).isInstanceOf(Stopped.class);
        assertThat(parts.resolve("summary.md")).doesNotExist();
      }
      resumed = run(parts, new Heard(Integer.MAX_VALUE));
    } finally {
      litter.stop();
    }
    assertThat(resumed).isEqualTo(outcome);
    for (String file : TABLES) {
      assertThat(parts.resolve(file)).hasSameTextualContentAs(whole.resolve(file)); // says where
      assertThat(parts.resolve(file)).hasSameBinaryContentAs(whole.resolve(file));
    }
    if (trains) { // else a cell was begun again, and nothing was kept of what was interrupted
      assertThat(Files.readString(parts.resolve("summary.md"))).containsPattern("s over \\d parts");
    }
    return whole;
  }

  private Outcome run(Path folder, ProgressSink sink) throws IOException {
    RunSettings settings =
        new RunSettings(true, 1, OptionalInt.of(1), Optional.empty(), Device.cpu());
    return new ExperimentRun(
            experiment, settings, folder, checkpointEvery, System::nanoTime, shortening)
        .run(ExperimentRun.Existing.RESUME, sink);
  }

  private static void checkOutcome(Outcome outcome) {
    assertThat(outcome.findings()).isNotEmpty();
    assertThat(outcome.findings()).extracting(Finding::part).doesNotHaveDuplicates();
    for (Finding finding : outcome.findings()) {
      assertThat(finding.part()).isNotBlank();
      assertThat(finding.evidence()).isNotBlank();
    }
    assertThat(outcome.figures()).extracting(Plot::id).isNotEmpty().doesNotHaveDuplicates();
  }

  private void checkFiles(Path folder, Outcome outcome) throws IOException {
    assertThat(folder.resolve(".unfinished")).doesNotExist();
    assertThat(Files.readAllLines(folder.resolve("measurements.csv")))
        .startsWith("metric,group,x,repeat,value")
        .hasSizeGreaterThan(1);
    assertThat(Files.readAllLines(folder.resolve("series.csv")))
        .startsWith("metric,group,x,mean,deviation,repeats")
        .hasSizeGreaterThan(1);
    String measured = Files.readString(folder.resolve("measurements.csv"));
    String summary = Files.readString(folder.resolve("summary.md"));
    for (Figure figure : outcome.figures()) {
      String name = Plot.id(figure) + ".svg";
      assertThat(measured).contains(figure.metric());
      assertThat(Files.readString(folder.resolve(name))).startsWith("<svg").doesNotContain("NaN");
      assertThat(summary).contains("](" + name + ")");
    }
    assertThat(summary)
        .startsWith("# " + experiment.name() + ": " + (outcome.holds() ? "holds" : "does not hold"))
        .contains("| Source | arXiv:", "| Claim | ", "| Rule | ", "| Against it | ")
        .contains("seed 1, quick size");
    for (Finding finding : outcome.findings()) {
      assertThat(summary)
          .contains(
              "| %s | %s | "
                  .formatted(
                      finding.part().replace("|", "\\|"),
                      finding.holds() ? "holds" : "**does not hold**"));
    }
    if (experiment.data().isPresent()) {
      assertThat(summary).containsPattern(SOURCE);
    }
  }

  /** Thrown by a sink to interrupt a run. */
  private static final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** Counts and checks what progress says, and stops a run. */
  private static final class Heard implements ProgressSink {
    private final int stop;
    private int calls;
    private double share;
    private boolean loss;

    Heard(int stop) {
      this.stop = stop;
    }

    @Override
    public void at(double done, String cell, double latest) {
      calls++;
      assertThat(done).isBetween(share, 1.0);
      assertThat(cell).isNotBlank();
      share = done;
      loss |= Double.isFinite(latest);
      if (calls == stop) {
        throw new Stopped();
      }
    }

    void check(boolean trains) {
      assertThat(calls).isPositive();
      assertThat(loss).as("a loss was reported").isEqualTo(trains);
    }
  }

  /** Has memory freed that nothing refers to, and writes over it, all the time. */
  private static final class Litter {

    private static final int BUFFERS = 2000;
    private static final int PAUSE_MILLIS = 25;

    private final Thread thread = Thread.ofPlatform().daemon().start(this::spread);

    private void spread() {
      while (!Thread.currentThread().isInterrupted()) {
        long start = System.nanoTime();
        System.gc();
        long millis = (System.nanoTime() - start) / 1_000_000;
        List<ByteBuffer> others = new ArrayList<>();
        for (int i = 0; i < BUFFERS; i++) {
          others.add(ByteBuffer.allocateDirect(Double.BYTES).putLong(0, 0x4545_4545_4545_4545L));
        }
        try {
          // a fifth of the time at most, however large the heap is
          Thread.sleep(Math.max(PAUSE_MILLIS, 4 * millis));
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    }

    void stop() throws InterruptedException {
      thread.interrupt();
      thread.join();
    }
  }
}
