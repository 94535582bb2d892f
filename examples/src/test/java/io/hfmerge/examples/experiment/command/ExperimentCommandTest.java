package io.hfmerge.examples.experiment.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.cli.HfMerge;
import io.hfmerge.examples.experiment.Experiment;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExperimentCommandTest {

  @TempDir Path temp;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    return HfMerge.commandLine()
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(arguments);
  }

  @Test
  void listsEveryExperimentOnALine() {
    assertThat(run("experiment")).isZero();
    assertThat(out.toString().lines()).hasSize(ExperimentCatalogue.all().size());
    assertThat(out.toString()).contains("factorised-toy", "merge-mlp");
  }

  @Test
  void everyExperimentSaysWhatCountsForAndAgainstIt() {
    assertThat(ExperimentCatalogue.all()).extracting(Experiment::name).doesNotHaveDuplicates();
    for (Experiment experiment : ExperimentCatalogue.all()) {
      assertThat(experiment.claim().source()).contains("arXiv:");
      assertThat(experiment.claim().rule()).isNotBlank();
      assertThat(experiment.claim().counter()).isNotBlank();
      assertThat(experiment.summary()).endsWith(".");
    }
  }

  @Test
  void runsAnExperimentAndWritesItsFiles() {
    Path folder = temp.resolve("r");
    assertThat(run("experiment", "proposition-a4", "--quick", "--out", folder.toString()))
        .as(err.toString())
        .isZero();
    assertThat(out.toString()).contains("proposition-a4: the claim holds.");
    assertThat(folder.resolve("summary.md")).exists();
    assertThat(folder.resolve("measurements.csv")).exists();
    assertThat(folder.resolve("deviation-over-bound-one-factor.svg")).exists();
    assertThat(run("experiment", "proposition-a4", "--quick", "--out", folder.toString()))
        .isEqualTo(9);
    assertThat(
            run("experiment", "proposition-a4", "--quick", "--force", "--out", folder.toString()))
        .isZero();
  }

  @Test
  void refusesUnknownNamesAndOptions() {
    assertThat(run("experiment", "nothing")).isEqualTo(2);
    assertThat(err.toString()).contains("unknown experiment \"nothing\"", "lemma-1");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--device: expected cpu or gpu, found \"tpu\" | lemma-1 --device tpu",
        "--repeats: expected 1 to 10000, found 0 | lemma-1 --repeats 0",
        "--repeats: expected 1 to 10000, found 2147483647 | lemma-1 --repeats 2147483647",
        "--resume and --force exclude each other | lemma-1 --resume --force",
        "--data: lemma-1 reads no data; those that do are transformers, | lemma-1 --data .",
        "--data nowhere: expected train-images-idx3-ubyte and | sgd-rank --data nowhere",
        "--quick: expected the NAME of an experiment with it | --quick",
        "--seed: expected the NAME of an experiment with it | --seed 2",
        "is not a long | lemma-1 --seed x",
        "--out: expected a folder, found nothing | lemma-1 --out=",
        "Unmatched argument at index 2: | lemma-1 extra"
      })
  void refusesOptionsBeforeAnythingIsWritten(String message, String arguments) {
    assertThat(run(("experiment " + arguments).split(" "))).isEqualTo(2);
    assertThat(err.toString()).contains(message);
    assertThat(Path.of("lemma-1-results")).doesNotExist();
  }

  @Test
  void refusesAFileForTheResultsAndLeavesNothingWhereDataIsWrong() throws IOException {
    Path file = Files.writeString(temp.resolve("file"), "x");
    assertThat(run("experiment", "proposition-a4", "--quick", "--out", file.toString()))
        .isEqualTo(9);
    assertThat(err.toString()).contains("expected a folder for the results, found a file");
    Path folder = temp.resolve("r");
    for (String name : List.of("sgd-rank", "rank-two", "language-model-decay", "transformers")) {
      assertThat(
              run(
                  "experiment",
                  name,
                  "--quick",
                  "--data",
                  file.toString(),
                  "--out",
                  folder.toString()))
          .as(name)
          .isEqualTo(7);
      assertThat(err.toString()).contains(file + ": expected ");
      assertThat(folder).doesNotExist();
    }
  }

  @Test
  void progressShowsShareLossAndRemainingTime() {
    assertThat(ExperimentProgress.text("x", 0.5, 0.25, "cell 3", 0.1234, 10_000_000_000L, 100))
        .isEqualTo("x  50 % [========        ] loss 0.123, 20 s left  cell 3");
  }
}
