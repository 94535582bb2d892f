package io.hfmerge.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.analysis.metric.BalanceMetrics;
import io.hfmerge.analysis.metric.BalanceMetrics.Identity;
import io.hfmerge.analysis.metric.HeadMetrics;
import io.hfmerge.analysis.metric.Product;
import io.hfmerge.hf.arch.BalanceTraits;
import io.hfmerge.hf.arch.BalanceTraits.Mlp;
import io.hfmerge.hf.arch.BalanceTraits.Rotary;
import io.hfmerge.hf.arch.ModelDimensions;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.tensor.DType;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Balance at stationary points that gradient descent finds: Σ ½‖KᵀR Q_h − T‖² over heads h and
 * rotations R, with weight decay on K and all Q_h.
 */
class StationaryBalanceTest {

  private static final int WIDTH = 4;
  private static final int HIDDEN = 7;
  private static final double DECAY = 0.3;
  private static final double STEP = 0.02;
  private static final int STEPS = 60_000;

  /** Gradients end at f64 rounding; the gap is of their order over the decay. */
  private static final double STATIONARY = 1e-8;

  private final Random random = new Random(8);

  /** Keys [k, d] and queries [H k, d] of one group. */
  private static final class Factors {

    private final double[] key;
    private final double[] queries;

    Factors(double[] key, double[] queries) {
      this.key = key;
      this.queries = queries;
    }
  }

  private double[] gaussian(int count, double scale) {
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = scale * random.nextGaussian();
    }
    return values;
  }

  private Factors descend(int heads, double[] angles) {
    Factors factors =
        new Factors(gaussian(WIDTH * HIDDEN, 0.7), gaussian(heads * WIDTH * HIDDEN, 0.7));
    double[][][] targets = new double[heads][angles.length][];
    for (double[][] ofHead : targets) {
      for (int r = 0; r < angles.length; r++) {
        ofHead[r] = gaussian(HIDDEN * HIDDEN, 1);
      }
    }
    double[] keyGradient = new double[factors.key.length];
    double[] queryGradient = new double[factors.queries.length];
    for (int step = 0; step < STEPS; step++) {
      for (int i = 0; i < keyGradient.length; i++) {
        keyGradient[i] = DECAY * factors.key[i];
      }
      for (int i = 0; i < queryGradient.length; i++) {
        queryGradient[i] = DECAY * factors.queries[i];
      }
      for (int h = 0; h < heads; h++) {
        for (int r = 0; r < angles.length; r++) {
          addGradients(factors, h, angles[r], targets[h][r], keyGradient, queryGradient);
        }
      }
      double largest = 0;
      for (int i = 0; i < keyGradient.length; i++) {
        factors.key[i] -= STEP * keyGradient[i];
        largest = Math.max(largest, Math.abs(keyGradient[i]));
      }
      for (int i = 0; i < queryGradient.length; i++) {
        factors.queries[i] -= STEP * queryGradient[i];
        largest = Math.max(largest, Math.abs(queryGradient[i]));
      }
      if (largest < 1e-12) {
        break;
      }
    }
    return factors;
  }

  private static void addGradients(
      Factors factors,
      int head,
      double angle,
      double[] target,
      double[] keyGradient,
      double[] queryGradient) {
    double[] rotated = new double[WIDTH * HIDDEN];
    rotate(factors.queries, head * WIDTH * HIDDEN, angle, rotated);
    double[] turnedBack = new double[WIDTH * HIDDEN];
    double[] error = new double[HIDDEN * HIDDEN];
    for (int a = 0; a < HIDDEN; a++) {
      for (int b = 0; b < HIDDEN; b++) {
        double sum = -target[a * HIDDEN + b];
        for (int k = 0; k < WIDTH; k++) {
          sum += factors.key[k * HIDDEN + a] * rotated[k * HIDDEN + b];
        }
        error[a * HIDDEN + b] = sum;
      }
    }
    for (int k = 0; k < WIDTH; k++) {
      for (int a = 0; a < HIDDEN; a++) {
        for (int b = 0; b < HIDDEN; b++) {
          keyGradient[k * HIDDEN + a] += error[a * HIDDEN + b] * rotated[k * HIDDEN + b];
          turnedBack[k * HIDDEN + b] += error[a * HIDDEN + b] * factors.key[k * HIDDEN + a];
        }
      }
    }
    double[] back = new double[WIDTH * HIDDEN];
    rotate(turnedBack, 0, -angle, back);
    for (int i = 0; i < back.length; i++) {
      queryGradient[head * WIDTH * HIDDEN + i] += back[i];
    }
  }

  /** Rotates component i with i + k/2, as LLaMA pairs them, the second pair by another angle. */
  private static void rotate(double[] from, int at, double angle, double[] to) {
    int half = WIDTH / 2;
    for (int i = 0; i < half; i++) {
      double turn = angle / (1 + 2 * i);
      for (int j = 0; j < HIDDEN; j++) {
        double x = from[at + i * HIDDEN + j];
        double y = from[at + (i + half) * HIDDEN + j];
        to[i * HIDDEN + j] = Math.cos(turn) * x - Math.sin(turn) * y;
        to[(i + half) * HIDDEN + j] = Math.sin(turn) * x + Math.cos(turn) * y;
      }
    }
  }

  private static double[] transpose(double[] matrix, int rows) {
    int columns = matrix.length / rows;
    double[] result = new double[matrix.length];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        result[j * rows + i] = matrix[i * columns + j];
      }
    }
    return result;
  }

  /** Q and K as found, V and O from factors without rotation. */
  private AnalysisReport analyze(int heads, double[] angles, Rotary rotary) throws Exception {
    Factors attention = descend(heads, angles);
    Factors values = descend(heads, new double[] {0});
    try (MemoryCheckpoint checkpoint =
        new MemoryCheckpoint()
            .add("q", DType.F64, attention.queries, heads * WIDTH, HIDDEN)
            .add("k", DType.F64, attention.key, WIDTH, HIDDEN)
            .add("v", DType.F64, values.key, WIDTH, HIDDEN)
            .add("o", DType.F64, transpose(values.queries, heads * WIDTH), HIDDEN, heads * WIDTH)) {
      return ModelAnalyzer.analyze(
          AnalysisSubject.of(
              checkpoint,
              FakeStructure.of(
                  new ModelDimensions(1, HIDDEN, heads, 1, WIDTH),
                  new BalanceTraits(rotary, rotary == Rotary.NONE ? 0 : WIDTH, false, Mlp.UNKNOWN),
                  List.of(
                      checkpoint.matrix("q", 0, Role.Q, false),
                      checkpoint.matrix("k", 0, Role.K, false),
                      checkpoint.matrix("v", 0, Role.V, false),
                      checkpoint.matrix("o", 0, Role.O, false)))),
          AnalysisRequest.everything(),
          ProgressListener.NONE);
    }
  }

  private static void assertBalanced(AnalysisReport report, Identity queryKey, Identity valueOut) {
    assertThat(report.balance())
        .extracting(BalanceMetrics::identity)
        .containsExactly(queryKey, valueOut);
    assertThat(report.balance())
        .allSatisfy(entry -> assertThat(entry.value().orElseThrow()).isLessThan(STATIONARY));
  }

  private static double rawDiscrepancy(AnalysisReport report) {
    return report.heads().stream()
        .filter(head -> head.product() == Product.QK)
        .mapToDouble(HeadMetrics::relativeDiscrepancy)
        .min()
        .orElseThrow();
  }

  @Test
  void oneHeadWithoutRotationIsFullyBalanced() throws Exception {
    AnalysisReport report = analyze(1, new double[] {0}, Rotary.NONE);
    assertBalanced(report, Identity.FULL, Identity.FULL);
    assertThat(rawDiscrepancy(report)).isLessThan(STATIONARY);
    for (HeadMetrics head : report.heads()) {
      assertThat(head.tightness()).isBetween(1 - STATIONARY, 1 + STATIONARY);
      assertThat(head.rowNorms().correlation().orElseThrow()).isGreaterThan(1 - STATIONARY);
    }
  }

  @Test
  void sharedKeysAreBalancedAgainstTheSumOfTheirQueries() throws Exception {
    AnalysisReport report = analyze(2, new double[] {0}, Rotary.NONE);
    assertBalanced(report, Identity.GQA_SUM, Identity.GQA_SUM);
    // head by head the paper's number finds imbalance at an exact stationary point
    assertThat(rawDiscrepancy(report)).isGreaterThan(0.1);
  }

  @Test
  void rotatedPairsAreBalancedInTheirSummedNormsOnly() throws Exception {
    AnalysisReport report = analyze(1, new double[] {0, 0.7, 1.9, 4}, Rotary.HALF_SPLIT);
    assertBalanced(report, Identity.ROTARY_PAIRS, Identity.FULL);
    assertThat(rawDiscrepancy(report)).isGreaterThan(0.1);
  }
}
