package io.hfmerge.examples.experiment.lowrank;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.examples.experiment.Finding;
import io.hfmerge.examples.experiment.Measurement;
import io.hfmerge.examples.experiment.MeasurementsOf;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every part of the rule of Figures 3, 5 and 6 can fail, by the numbers that it names. */
class MergeVerdictTest {

  private static final double DECAY = 1e-3;

  /**
   * What the paper shows.
   *
   * @param orthogonal loss of the sum for orthogonal inputs with decay, where single networks have
   *     0.02
   * @param same for the same inputs
   * @param without for orthogonal inputs without decay, where single networks have 0
   * @param error held-out error of the sum for orthogonal inputs, where single networks have 0.2
   * @param sameError for the same inputs
   * @param rank in the end, from 5
   */
  private record Numbers(
      double orthogonal, double same, double without, double error, double sameError, double rank) {

    List<Finding> findings() {
      List<Measurement> all = new ArrayList<>();
      add(all, MergedTasks.FINAL_LOSS, "orthogonal", DECAY, 0.02, orthogonal);
      add(all, MergedTasks.FINAL_LOSS, "same inputs", DECAY, 0.02, same);
      add(all, MergedTasks.FINAL_LOSS, "orthogonal", 0, 0, without);
      add(all, MergedTasks.FINAL_ERROR, "orthogonal", DECAY, 0.2, error);
      add(all, MergedTasks.FINAL_ERROR, "same inputs", DECAY, 0.2, sameError);
      all.add(new Measurement(MergedTasks.OTHER, "orthogonal", 0, 0, 0.2));
      all.add(new Measurement(MergedTasks.STABLE_RANK, "orthogonal W1, single", 0, 0, 5));
      all.add(new Measurement(MergedTasks.STABLE_RANK, "orthogonal W1, single", 10, 0, rank));
      return MergeVerdict.findings(MeasurementsOf.list(all), DECAY);
    }

    private static void add(
        List<Measurement> all, String metric, String group, double x, double single, double sum) {
      all.add(new Measurement(metric, group + ", single", x, 0, single));
      all.add(new Measurement(metric, group + ", sum", x, 0, sum));
    }
  }

  @Test
  void whatThePaperShowsHolds() {
    assertThat(new Numbers(0.03, 1.1, 0.3, 0.21, 0.5, 1.2).findings())
        .hasSize(5)
        .allMatch(Finding::holds);
  }

  @ParameterizedTest
  @CsvSource({
    "close for orthogonal inputs, 0.3, 1.2, 1, 0.21, 0.5, 1.2",
    "far for the same inputs, 0.03, 0.05, 0.3, 0.21, 0.5, 1.2",
    "far without decay, 0.03, 1.1, 0.003, 0.21, 0.5, 1.2",
    "far without decay, 0.08, 1.1, 0.1, 0.21, 0.5, 1.2",
    "held-out error, 0.03, 1.1, 0.3, 0.3, 0.5, 1.2",
    "held-out error, 0.03, 1.1, 0.3, 0.21, 0.21, 1.2",
    "stable rank falls, 0.03, 1.1, 0.3, 0.21, 0.5, 5.1",
    "far for the same inputs, 0.03, NaN, 0.3, 0.21, 0.5, 1.2"
  })
  void eachPartFailsByItsOwnNumbers(
      String part,
      double orthogonal,
      double same,
      double without,
      double error,
      double sameError,
      double rank) {
    assertThat(new Numbers(orthogonal, same, without, error, sameError, rank).findings())
        .filteredOn(finding -> !finding.holds())
        .singleElement()
        .extracting(Finding::part)
        .asString()
        .contains(part);
  }
}
