package io.hfmerge.hf.djl.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.hf.djl.eval.Bootstrap.Interval;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Scores, intervals and probes on numbers worked out by hand. */
class StatisticsTest {

  private static double[] normals(int n, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = random.nextGaussian();
    }
    return values;
  }

  private static Metric mean(double[] values) {
    return new Metric(
        "mean",
        true,
        values.length,
        sample -> {
          double sum = 0;
          for (int i : sample) {
            sum += values[i];
          }
          return sum / sample.length;
        });
  }

  @Test
  void intervalOfAMeanIsThatOfTheNormalDistribution() {
    double[] values = normals(400, 7);
    double mean = mean(values).value();
    double variance = 0;
    for (double value : values) {
      variance += (value - mean) * (value - mean) / values.length;
    }
    double half = 1.96 * Math.sqrt(variance / values.length);

    Interval interval = new Bootstrap(4000, 0.95, 1).of(mean(values)).orElseThrow();

    // the ends of 4000 draws scatter by about 2 % of the width
    assertThat(interval.low()).isCloseTo(mean - half, within(0.1 * half));
    assertThat(interval.high()).isCloseTo(mean + half, within(0.1 * half));
  }

  @Test
  void differencesArePaired() {
    double[] first = normals(200, 3);
    double[] shifted = new double[first.length];
    for (int i = 0; i < first.length; i++) {
      shifted[i] = first[i] + 0.25;
    }

    Interval interval =
        new Bootstrap(500, 0.95, 1).ofDifference(mean(first), mean(shifted)).orElseThrow();

    assertThat(interval.low()).isCloseTo(0.25, within(1e-12));
    assertThat(interval.high()).isCloseTo(0.25, within(1e-12));
  }

  @Test
  void oneUnitHasNoInterval() {
    assertThat(new Bootstrap(100, 0.95, 0).of(mean(new double[] {1}))).isEmpty();
  }

  @Test
  void scoresOfFiveExamples() {
    int[] labels = {0, 0, 1, 1, 2};
    double[][] logits = {
      {2, 0, 0}, // right
      {0, 2, 0}, // 1 instead of 0
      {0, 2, 0}, // right
      {0, 2, 0}, // right
      {0, 2, 0} // 1 instead of 2
    };
    List<Metric> metrics = new ClassScores(labels, logits).metrics();
    double right = Math.log(Math.exp(2) + 2) - 2;

    assertThat(metrics).extracting(Metric::name).containsExactly("accuracy", "macro-f1", "loss");
    assertThat(metrics.get(0).value()).isCloseTo(0.6, within(1e-12));
    // F1 of 0: 2·1/(2+1); of 1: 2·2/(2+4); of 2: 0
    assertThat(metrics.get(1).value()).isCloseTo((2.0 / 3 + 2.0 / 3 + 0) / 3, within(1e-12));
    assertThat(metrics.get(2).value()).isCloseTo((3 * right + 2 * (right + 2)) / 5, within(1e-12));
  }

  @Test
  void probeOfFeaturesThatTellNothingGivesTheShares() {
    float[][] features = new float[8][3];
    int[] labels = {0, 0, 0, 0, 0, 0, 1, 1};

    LinearProbe probe = LinearProbe.fit(features, labels, 2);
    double[] logits = probe.logits(new float[3]);

    assertThat(probe.converged()).isTrue();
    // log(6/8) − log(2/8)
    assertThat(logits[0] - logits[1]).isCloseTo(Math.log(3), within(1e-3));
  }

  /**
   * One feature, ±1, in equal shares and with classes of equal size: by symmetry the weights are w
   * and −w, and the slope of log(1 + exp(−2w))·3/4 + log(1 + exp(2w))·1/4 + 2w²/(2n) in w is 0.
   */
  @Test
  void probeReachesTheMinimum() {
    float[][] features = {{1}, {1}, {1}, {1}, {-1}, {-1}, {-1}, {-1}};
    int[] labels = {1, 1, 1, 0, 0, 0, 0, 1};

    LinearProbe probe = LinearProbe.fit(features, labels, 2);
    double[] logits = probe.logits(new float[] {1});
    double w = (logits[1] - logits[0]) / 2;
    double share = 1 / (1 + Math.exp(-2 * w));

    assertThat(probe.converged()).isTrue();
    assertThat(-0.75 * 2 * (1 - share) + 0.25 * 2 * share + 2 * w / 8).isCloseTo(0, within(1e-4));
  }
}
