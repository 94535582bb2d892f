package io.hfmerge.examples.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.error.OutputExistsException;
import io.hfmerge.error.UnfinishedMergeException;
import io.hfmerge.examples.experiment.data.Batches;
import io.hfmerge.examples.experiment.data.SphereTask;
import io.hfmerge.examples.experiment.train.AdamW;
import io.hfmerge.examples.experiment.train.Classifier;
import io.hfmerge.examples.experiment.train.Decay;
import io.hfmerge.examples.experiment.train.Losses;
import io.hfmerge.examples.experiment.train.Mlp;
import io.hfmerge.examples.experiment.train.Parameters;
import io.hfmerge.examples.experiment.train.Schedule;
import io.hfmerge.examples.experiment.train.Training;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExperimentRunTest {

  @TempDir Path temp;

  /** Two runs of AdamW with mini-batches. */
  private static final class Small implements Experiment {
    @Override
    public String name() {
      return "small";
    }

    @Override
    public String summary() {
      return "A small one.";
    }

    @Override
    public Claim claim() {
      return new Claim("nowhere", "losses | fall", "they do", "they do not");
    }

    @Override
    public Outcome run(Lab lab) throws IOException {
      Lab.Cells cells = new Lab.Cells();
      for (int repeat = 0; repeat < 2; repeat++) {
        int r = repeat;
        cells.add("run " + repeat, cell -> train(lab, cell, r));
      }
      Measurements measured = lab.run(cells);
      double first = measured.at("loss", "all", 0).mean();
      double last = measured.last("loss", "all").mean();
      return new Outcome(
          List.of(new Finding("falls", last < first, first + " to " + last)),
          List.of(new Figure("loss", "Loss", "step", "loss", false, true)));
    }

    private static void train(Lab lab, Cell cell, int repeat) throws IOException {
      Mlp network = new Mlp(List.of(8, 16, 1), 1);
      try (Parameters parameters = new Parameters(Device.cpu(), DataType.FLOAT32)) {
        network.initialise(parameters, lab.random("weights " + repeat), 1);
        SphereTask task =
            SphereTask.draw(
                lab.random("data " + repeat),
                32,
                8,
                0,
                8,
                0,
                new SphereTask.Labeling(lab.random("labels " + repeat), 8, 1));
        Classifier all = Classifier.of(parameters, task);
        Batches batches = new Batches(32, 8, epoch -> lab.random("epoch " + repeat + epoch));
        new Training(
                parameters,
                new AdamW(s -> 0.01, Decay.uniform(0.1), 0.9, 0.99, 1e-8, AdamW.Kind.DECOUPLED))
            .run(
                cell,
                120,
                Schedule.every(10),
                step -> {
                  NDArray rows = parameters.integers(batches.at(step), new Shape(8));
                  return Losses.logistic(
                      network.output(parameters.all(), all.inputs().get(rows)),
                      all.signs().get(rows));
                },
                step ->
                    cell.record(
                        "loss",
                        "all",
                        step,
                        repeat,
                        Classifier.loss(all.margins(network, parameters.all()))));
      }
    }
  }

  private static RunSettings settings(long seed) {
    return new RunSettings(true, seed, OptionalInt.empty(), Optional.empty(), Device.cpu());
  }

  private static ExperimentRun small(Path folder, long seed) {
    return new ExperimentRun(new Small(), settings(seed), folder, Duration.ZERO);
  }

  private static final ProgressSink SILENT = (share, cell, loss) -> {};

  @Test
  void theSameSeedGivesTheSameBytes() throws IOException {
    small(temp.resolve("a"), 7).run(ExperimentRun.Existing.REFUSE, SILENT);
    small(temp.resolve("b"), 7).run(ExperimentRun.Existing.REFUSE, SILENT);
    small(temp.resolve("c"), 8).run(ExperimentRun.Existing.REFUSE, SILENT);
    for (String file : List.of("measurements.csv", "series.csv", "loss.svg")) {
      assertThat(temp.resolve("a").resolve(file))
          .hasSameBinaryContentAs(temp.resolve("b").resolve(file));
    }
    assertThat(Files.readString(temp.resolve("c/measurements.csv")))
        .isNotEqualTo(Files.readString(temp.resolve("a/measurements.csv")));
  }

  @Test
  void anInterruptedRunGoesOnToTheSameBytes() throws IOException {
    small(temp.resolve("whole"), 7).run(ExperimentRun.Existing.REFUSE, SILENT);
    for (int stop : new int[] {2, 4, 8}) {
      Path folder = temp.resolve("stopped" + stop);
      AtomicInteger calls = new AtomicInteger();
      ProgressSink stopping =
          (share, cell, loss) -> {
            if (calls.incrementAndGet() == stop) {
              throw new IllegalStateException("stopped");
            }
          };
      assertThatThrownBy(() -> small(folder, 7).run(ExperimentRun.Existing.REFUSE, stopping))
          .hasMessage("stopped");
      assertThat(folder.resolve("measurements.csv")).doesNotExist();
      small(folder, 7).run(ExperimentRun.Existing.RESUME, SILENT);
      assertThat(folder.resolve("measurements.csv"))
          .hasSameBinaryContentAs(temp.resolve("whole/measurements.csv"));
      assertThat(folder.resolve(".unfinished")).doesNotExist();
    }
  }

  /** A clock that only calls of progress move, by ten seconds each. */
  private static final class Clock implements ProgressSink {
    private final int stop;
    private int calls;
    private long nanos;

    Clock(int stop) {
      this.stop = stop;
    }

    @Override
    public void at(double share, String cell, double loss) {
      calls++;
      nanos += 10_000_000_000L;
      if (calls == stop) {
        throw new IllegalStateException("stopped");
      }
    }

    void run(Path folder, ExperimentRun.Existing existing) throws IOException {
      new ExperimentRun(new Small(), settings(7), folder, Duration.ZERO, () -> nanos, 1)
          .run(existing, this);
    }
  }

  private String time(String folder) throws IOException {
    return Files.readString(temp.resolve(folder + "/summary.md"))
        .lines()
        .filter(line -> line.startsWith("| Run |"))
        .findFirst()
        .orElseThrow()
        .replaceAll(".*processors, (.*) \\|", "$1");
  }

  @Test
  void theTimeIsThatOfAllPartsOfAnInterruptedRun() throws IOException {
    // progress is reported at the beginning of both cells and at steps 0, 25, 50, 75 and 100
    new Clock(0).run(temp.resolve("whole"), ExperimentRun.Existing.REFUSE);
    assertThat(time("whole")).isEqualTo("120 s");

    for (int stop : new int[] {4, 9}) {
      assertThatThrownBy(
              () -> new Clock(stop).run(temp.resolve("parts"), ExperimentRun.Existing.RESUME))
          .hasMessage("stopped");
    }
    new Clock(0).run(temp.resolve("parts"), ExperimentRun.Existing.RESUME);
    // of the first part 3 calls came before its last checkpoint, and of the second 8 after the
    // call that begins a cell; the third begins its cell once more
    assertThat(time("parts")).isEqualTo("140 s over 3 parts, what interruptions lost not counted");

    new Clock(0).run(temp.resolve("parts"), ExperimentRun.Existing.REPLACE);
    assertThat(time("parts")).isEqualTo("120 s");
  }

  @Test
  void aFalseTimeOfAnEarlierPartIsRefused() throws IOException {
    Path journal = temp.resolve("t");
    RunJournal.open(journal, "x", Duration.ZERO, System::nanoTime);
    Files.writeString(journal.resolve("time.txt"), "99999999999999999999999 ns in 1 parts");
    assertThatThrownBy(() -> RunJournal.open(journal, "x", Duration.ZERO, System::nanoTime))
        .isInstanceOf(UnfinishedMergeException.class)
        .hasMessageContaining("time.txt")
        .hasMessageContaining("--force");
  }

  @Test
  void aDamagedCheckpointIsComputedAgain() throws IOException {
    RunJournal journal = RunJournal.open(temp.resolve("j"), "x", Duration.ZERO, System::nanoTime);
    journal.saveFinished("a b", List.of(new Measurement("m", "g", 1, 0, 2)));
    assertThat(journal.finished("a b").orElseThrow())
        .containsExactly(new Measurement("m", "g", 1, 0, 2));
    Path file = temp.resolve("j/a_20b.done");
    byte[] bytes = Files.readAllBytes(file);
    for (int i = 0; i < bytes.length; i++) {
      byte[] damaged = bytes.clone();
      damaged[i] ^= 0x55;
      Files.write(file, damaged);
      assertThat(journal.finished("a b")).isEmpty();
      Files.write(file, java.util.Arrays.copyOf(bytes, i));
      assertThat(journal.finished("a b")).isEmpty();
    }
  }

  @Test
  void refusesFoldersOfOthersAndOtherSettings() throws IOException {
    Path folder = temp.resolve("f");
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("mine.txt"), "x");
    assertThatThrownBy(() -> small(folder, 1).run(ExperimentRun.Existing.REFUSE, SILENT))
        .isInstanceOf(OutputExistsException.class)
        .hasMessageContaining("--force");
    RunJournal.open(
        folder.resolve(".unfinished"),
        settings(1).identity("small"),
        Duration.ZERO,
        System::nanoTime);
    assertThatThrownBy(() -> small(folder, 2).run(ExperimentRun.Existing.RESUME, SILENT))
        .isInstanceOf(UnfinishedMergeException.class)
        .hasMessageContaining("seed=1")
        .hasMessageContaining("seed=2");
  }

  @Test
  void theSummaryNamesVerdictRuleAndFigures() throws IOException {
    Outcome outcome = small(temp.resolve("s"), 7).run(ExperimentRun.Existing.REFUSE, SILENT);
    assertThat(outcome.holds()).isTrue();
    assertThat(Files.readString(temp.resolve("s/summary.md")))
        .contains("# small: holds", "losses \\| fall", "they do not", "![Loss](loss.svg)");
    assertThat(Files.readString(temp.resolve("s/loss.svg")))
        .startsWith("<svg")
        .contains("<path")
        .doesNotContain("NaN");
  }

  @Test
  void rankCorrelationAndLinesFollowTheirFormulas() {
    assertThat(Statistics.rankCorrelation(List.of(1.0, 2.0, 3.0), List.of(5.0, 7.0, 100.0)))
        .isEqualTo(1);
    // by hand: ranks 1 2 3 4 against 1 3 2 4: 1 - 6 * 2 / (4 * 15)
    assertThat(Statistics.rankCorrelation(List.of(1.0, 2.0, 3.0, 4.0), List.of(1.0, 3.0, 2.0, 4.0)))
        .isEqualTo(0.8);
    assertThat(Statistics.rankCorrelation(List.of(1.0, 2.0, 3.0), List.of(5.0, Double.NaN, 100.0)))
        .isNaN();
    assertThat(Statistics.line(List.of(0.0, 1.0, 2.0), List.of(1.0, 3.0, 5.0)).slope())
        .isEqualTo(2);
    assertThat(Statistics.of(List.of(1.0, 3.0))).isEqualTo(new Statistics(2, Math.sqrt(2), 2));
  }
}
