package io.hfmerge.examples.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.hfmerge.examples.experiment.command.ExperimentCatalogue;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The mechanics of the experiments that no other test runs, in a few steps that say nothing. */
class EveryExperimentTest {

  @TempDir Path temp;

  private Outcome run(Experiment experiment, int shortening, String folder) throws IOException {
    RunSettings settings =
        new RunSettings(true, 1, OptionalInt.of(1), Optional.empty(), Device.cpu());
    Path results = temp.resolve(folder);
    Lab lab =
        new Lab(
            settings,
            RunJournal.open(
                temp.resolve(folder + "-journal"), "test", Duration.ofHours(1), System::nanoTime),
            (share, cell, loss) -> {},
            results,
            shortening);
    Outcome outcome = experiment.run(lab);
    new ResultFiles(experiment, settings, lab, outcome).write(results, new RunJournal.Time(0, 1));
    assertThat(lab.measurements().all()).isNotEmpty();
    for (Figure figure : outcome.figures()) {
      assertThat(lab.measurements().groups(figure.metric())).as(figure.metric()).isNotEmpty();
    }
    return outcome;
  }

  @ParameterizedTest
  @CsvSource({
    "transformers, 1",
    "decay-rank, 100",
    "merge-fashion-mnist, 300",
    "sgd-rank, 30",
    "norm-ratio, 30",
    "conv-rank, 30",
    "adamw-toy, 100",
    "associative-recall, 60",
    "language-model-decay, 300",
    "pretrained-balance, 1",
    "rank-two, 100",
    "generalization-bound, 100",
    "factorised-toy, 100",
    "lemma-4, 100"
  })
  void theSameSeedGivesTheSameBytesWhateverTheGarbageCollectorDoes(String name, int shortening)
      throws Exception {
    Experiment experiment = ExperimentCatalogue.find(name).orElseThrow();
    Outcome first = run(experiment, shortening, "first");
    Outcome second;
    Litter litter = new Litter();
    try {
      second = run(experiment, shortening, "second");
    } finally {
      litter.stop();
    }
    assertThat(second).isEqualTo(first);
    for (String file : List.of("measurements.csv", "series.csv")) {
      assertThat(temp.resolve("second").resolve(file))
          .hasSameBinaryContentAs(temp.resolve("first").resolve(file));
    }
  }

  /** Has memory freed that nothing refers to, and writes over it, all the time. */
  private static final class Litter {

    private static final int BUFFERS = 2000;
    private static final int PAUSE_MILLIS = 25;

    private final Thread thread = Thread.ofPlatform().daemon().start(this::spread);

    private void spread() {
      while (!Thread.currentThread().isInterrupted()) {
        System.gc();
        List<ByteBuffer> others = new ArrayList<>();
        for (int i = 0; i < BUFFERS; i++) {
          others.add(ByteBuffer.allocateDirect(Double.BYTES).putLong(0, 0x4545_4545_4545_4545L));
        }
        try {
          Thread.sleep(PAUSE_MILLIS);
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
