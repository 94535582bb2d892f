package io.hfmerge.examples.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.hfmerge.examples.experiment.attention.FactorisedToy;
import io.hfmerge.examples.experiment.attention.ManyFactorBound;
import io.hfmerge.examples.experiment.attention.TwoFactorBound;
import io.hfmerge.examples.experiment.lowrank.DeepLinearMergeTheorem;
import io.hfmerge.examples.experiment.lowrank.LowRankLemma;
import io.hfmerge.examples.experiment.lowrank.MergeMlp;
import io.hfmerge.examples.experiment.lowrank.NormPreservationLemma;
import io.hfmerge.examples.experiment.lowrank.RankOneLemma;
import io.hfmerge.examples.experiment.lowrank.ShallowMergeLemma;
import io.hfmerge.examples.experiment.sgdrank.RankBound;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What theory says exactly, held against real training runs at the quick size. */
class PaperAnchorsTest {

  @TempDir Path temp;

  /** An experiment's outcome beside its numbers. */
  private record Run(Outcome outcome, Measurements measured) {

    Finding finding(String part) {
      return outcome.findings().stream()
          .filter(f -> f.part().startsWith(part))
          .findFirst()
          .orElseThrow();
    }
  }

  private Run run(Experiment experiment) throws IOException {
    return run(experiment, 1);
  }

  private Run run(Experiment experiment, int shortening) throws IOException {
    RunSettings settings =
        new RunSettings(true, 1, OptionalInt.of(1), Optional.empty(), Device.cpu());
    Lab lab =
        new Lab(
            settings,
            RunJournal.open(
                temp.resolve(experiment.name()), "test", Duration.ofHours(1), System::nanoTime),
            (share, cell, loss) -> {},
            temp.resolve(experiment.name() + "-results"),
            shortening);
    Outcome outcome = experiment.run(lab);
    return new Run(outcome, lab.measurements());
  }

  @Test
  void stationaryDeepLinearNetworksHaveRankOne() throws IOException {
    Run run = run(new RankOneLemma());
    assertThat(run.outcome().holds()).as(run.outcome().toString()).isTrue();
    assertThat(run.measured().values("rank")).containsOnly(1.0);
  }

  @Test
  void bothSidesOfLemmaTwoAgreeWithinOnePercent() throws IOException {
    Run run = run(new NormPreservationLemma());
    assertThat(run.outcome().holds()).as(run.outcome().toString()).isTrue();
    assertThat(run.measured().values("relative difference of the sides"))
        .hasSize(6)
        .allMatch(difference -> difference < 0.01);
  }

  @Test
  void lemmaThreeHoldsWithTheExponentOfItsProof() throws IOException {
    Run run = run(new LowRankLemma());
    assertThat(run.finding("the exponent of the proof").holds())
        .as(run.outcome().toString())
        .isTrue();
  }

  @Test
  void lemmaFourIsNeverViolated() throws IOException {
    Run run = run(new ShallowMergeLemma());
    assertThat(run.outcome().holds()).as(run.outcome().toString()).isTrue();
  }

  @Test
  void theoremOneHoldsForSmallDecayAndWithTheRateOfItsProof() throws IOException {
    Run run = run(new DeepLinearMergeTheorem());
    assertThat(run.finding("Theorem 1, gap of the sum, λ = 0.01").holds()).isTrue();
    assertThat(run.finding("Theorem 2, end-to-end value, λ = 0.01").holds()).isTrue();
    assertThat(run.finding("the proof's rate").holds()).as(run.outcome().toString()).isTrue();
    // at a non-zero stationary point W_1 shrinks by λ on inputs that training has not seen, and the
    // other factors do not: end-to-end values fall as e^{-λt}, not as Theorem 2's e^{-λKt}
    assertThat(run.finding("Theorem 2, end-to-end value, λ ≥ 0.05").holds()).isFalse();
    String group = "K = 2, λ = 0.1, leak 0: end-to-end";
    List<Measurement> path = run.measured().path("values and bound, natural logarithm", group, 0);
    Measurement middle = path.get(path.size() / 2);
    Measurement end = path.getLast();
    assertThat((end.value() - middle.value()) / (end.x() - middle.x()))
        .isCloseTo(-0.1, within(0.005));
  }

  @Test
  void factorisedSingularValuesAndRateAreThoseOfTheory() throws IOException {
    Run run = run(new FactorisedToy());
    assertThat(run.outcome().holds()).as(run.outcome().toString()).isTrue();
    double[] target = {1, 0.8, 0.6, 0.4, 0.2};
    for (double decay : new double[] {0, 0.1, 0.3, 0.9, 2.2}) {
      for (int i = 0; i < target.length; i++) {
        assertThat(run.measured().at("singular values by decay", "σ" + (i + 1), decay).mean())
            .isCloseTo(Math.max(0, target[i] - decay / 2), within(1e-3));
      }
    }
    // the flow's rate: from 1 to 1/e of the imbalance in 1/(2λ)
    List<Measurement> path =
        run.measured().path("norm of AᵀA − BᵀB", "λ = 0.1", 0).stream()
            .filter(m -> m.x() <= 1000)
            .toList();
    double time = 0.05 * (path.getLast().x() - path.getFirst().x());
    assertThat(Math.log(path.getFirst().value() / path.getLast().value()) / time)
        .isCloseTo(0.2, within(0.01));
  }

  @Test
  void theBoundsOfThePropositionsHoldForRandomFactors() throws IOException {
    assertThat(run(new TwoFactorBound()).outcome().holds()).isTrue();
    assertThat(run(new ManyFactorBound()).finding("L = 2").holds()).isTrue();
  }

  @Test
  void sgdStaysWithinLemmaThreePointTwo() throws IOException {
    Run run = run(new RankBound());
    assertThat(run.finding("Lemma 3.2").holds()).as(run.outcome().toString()).isTrue();
    List<Double> ratios = run.measured().values("distance to rank Bn over the lemma's bound");
    assertThat(ratios).hasSizeGreaterThan(50);
    // and it is a real comparison, not rounding against rounding
    assertThat(ratios.stream().mapToDouble(r -> r).max().orElse(0)).isGreaterThan(0.01);
  }

  @Test
  void theLastStepIsComparedWithTheoremThreePointThreeWhateverTheNumberOfSteps()
      throws IOException {
    Run run = run(new RankBound(), 4); // 150 steps, no multiple of the 64 that are looked back
    assertThat(run.measured().values("measured rank over the theorem's bound"))
        .hasSize(6)
        .allMatch(ratio -> ratio > 0 && ratio <= 1);
  }

  @Test
  void sumsKeepOrthogonalTasksWithDecayAndNoOthers() throws IOException {
    Run run = run(new MergeMlp());
    assertThat(run.outcome().holds()).as(run.outcome().toString()).isTrue();
    double[] excess =
        Arrays.stream(
                new String[][] {
                  {"orthogonal", "0.002"}, {"same inputs", "0.002"}, {"orthogonal", "0"}
                })
            .mapToDouble(c -> {
              double decay = Double.parseDouble(c[1]);
              return run.measured().at("final training loss by decay", c[0] + ", sum", decay).mean()
                  - run.measured()
                      .at("final training loss by decay", c[0] + ", single", decay)
                      .mean();
            })
            .toArray();
    // a network that knows nothing has a loss of ln 2
    assertThat(excess[0]).isLessThan(0.05 * Math.log(2));
    assertThat(excess[1]).isGreaterThan(0.5 * Math.log(2)).isGreaterThan(10 * excess[0]);
    assertThat(excess[2]).isGreaterThan(0.1 * Math.log(2)).isGreaterThan(3 * excess[0]);
  }
}
