package io.hfmerge.examples.experiment.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.hfmerge.examples.experiment.Experiment;
import io.hfmerge.examples.experiment.ExperimentRun;
import io.hfmerge.examples.experiment.Outcome;
import io.hfmerge.examples.experiment.RunSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PretrainedModelsTest {

  private static final Path GOLDEN = Path.of("../hf-loader/src/test/resources/golden/checkpoints");

  @TempDir Path temp;

  private Outcome run(Experiment experiment, Path data) throws IOException {
    RunSettings settings =
        new RunSettings(true, 1, OptionalInt.empty(), Optional.of(data), Device.cpu());
    return new ExperimentRun(experiment, settings, temp.resolve("out"), Duration.ofHours(1))
        .run(ExperimentRun.Existing.REPLACE, (share, cell, loss) -> {});
  }

  @Test
  void measuresAFolderAsNumpyDoes() throws IOException {
    run(new TransformerNorms(), GOLDEN.resolve("bert/base"));
    List<String> rows = Files.readAllLines(temp.resolve("out/measurements.csv"));
    // of analyzers' golden/checkpoints/bert/spectra-base.json, by numpy's SVD in f64
    assertThat(value(rows, "stable rank of base,Q,0.0,0,"))
        .isCloseTo(2.8521626856848123, within(1e-6));
    assertThat(value(rows, "Frobenius norm of base,K,0.0,0,"))
        .isCloseTo(1.9245382364542205, within(1e-6));
    // a random 24 x 24 matrix: 24 / (2 √24)
    assertThat(value(rows, "\"stable rank over that of a random matrix, base\",Q,0.0,0,"))
        .isCloseTo(2.8521626856848123 / Math.sqrt(6), within(1e-6));
    assertThat(Files.readString(temp.resolve("out/summary.md"))).contains("| base | 3 | 24 | 56 |");
  }

  @Test
  void measuresEveryModelOfAFolder() throws IOException {
    assertThat(run(new TransformerNorms(), GOLDEN.resolve("bert")).findings()).hasSize(9);
  }

  @Test
  void randomWeightsAreNoMoreBalancedThanRandomFactors() throws IOException {
    Outcome outcome = run(new PretrainedBalance(), GOLDEN.resolve("bert/base"));
    assertThat(outcome.findings())
        .filteredOn(finding -> finding.part().startsWith("more than random factors"))
        .hasSize(2)
        .noneMatch(finding -> finding.holds());
  }

  @Test
  void aFolderWithoutModelsIsAnErrorNotTheSample() {
    assertThatThrownBy(() -> run(new TransformerNorms(), temp))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("expected a Hugging Face model folder");
  }

  private static double value(List<String> rows, String start) {
    return rows.stream()
        .filter(row -> row.startsWith(start))
        .mapToDouble(row -> Double.parseDouble(row.substring(row.lastIndexOf(',') + 1)))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no row " + start));
  }
}
