package io.hfmerge.examples.experiment.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.cli.HfMerge;
import io.hfmerge.examples.experiment.Experiment;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
    assertThat(run("experiment", "lemma-1", "--device", "tpu")).isEqualTo(2);
    assertThat(run("experiment", "lemma-1", "--repeats", "0")).isEqualTo(2);
    assertThat(run("experiment", "lemma-1", "--resume", "--force")).isEqualTo(2);
  }

  @Test
  void progressShowsShareLossAndRemainingTime() {
    assertThat(ExperimentProgress.text("x", 0.5, 0.25, "cell 3", 0.1234, 10_000_000_000L, 100))
        .isEqualTo("x  50 % [========        ] loss 0.123, 20 s left  cell 3");
  }
}
