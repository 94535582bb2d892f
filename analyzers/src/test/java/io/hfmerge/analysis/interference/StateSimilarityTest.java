package io.hfmerge.analysis.interference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.hf.djl.activation.Rows;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Similarities whose answers are known. */
class StateSimilarityTest {

  private static final int TOKENS = 60;
  private static final int WIDTH = 4;

  /** F32 values, F64 sums. */
  private static final double ROUNDING = 1e-6;

  private static float[] random(int rows, int columns, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static double cka(float[] x, float[] y, int columns) {
    return new StateSimilarity(new Rows(x, columns)).cka(new StateSimilarity(new Rows(y, columns)));
  }

  @Test
  void statesAreLikeThemselvesTurnedScaledAndMoved() {
    float[] x = random(TOKENS, WIDTH, 1);
    float[] y = new float[x.length];
    for (int i = 0; i < TOKENS; i++) {
      // a turn by the angle of 3, 4, 5 in two dimensions, an exchange of the others, times 10
      y[i * WIDTH] = 6 * x[i * WIDTH] - 8 * x[i * WIDTH + 1] + 7;
      y[i * WIDTH + 1] = 8 * x[i * WIDTH] + 6 * x[i * WIDTH + 1];
      y[i * WIDTH + 2] = 10 * x[i * WIDTH + 3] - 100;
      y[i * WIDTH + 3] = 10 * x[i * WIDTH + 2];
    }
    StateSimilarity first = new StateSimilarity(new Rows(x, WIDTH));
    StateSimilarity second = new StateSimilarity(new Rows(y, WIDTH));

    assertThat(first.cka(first)).isEqualTo(1, within(1e-12));
    assertThat(first.cka(second)).isEqualTo(1, within(ROUNDING));
    assertThat(second.varianceOver(first)).isEqualTo(100, within(100 * ROUNDING));
  }

  /** One column of ±1, and another with a correlation of 1/2: CKA is the correlation's square. */
  @Test
  void ofOneColumnItIsTheSquareOfTheCorrelation() {
    float[] x = {1, 1, 1, 1, -1, -1, -1, -1};
    float[] y = {1, 1, 1, -1, -1, -1, -1, 1};

    assertThat(cka(x, y, 1)).isEqualTo(0.25, within(1e-12));
  }

  @Test
  void unrelatedStatesAreAsAlikeAsChance() {
    double sum = 0;
    int draws = 40;
    for (int i = 0; i < draws; i++) {
      sum += cka(random(30, 20, 100 + i), random(30, 20, 500 + i), 20);
    }
    double chance = new StateSimilarity(new Rows(random(30, 20, 1), 20)).chance();

    assertThat(chance).isEqualTo(0.4, within(1e-12));
    assertThat(sum / draws).isEqualTo(chance, within(0.02));
  }

  @Test
  void statesThatDoNotVaryHaveNoSimilarity() {
    assertThat(cka(new float[] {2, 2, 2}, new float[] {1, 2, 3}, 1)).isNaN();
  }

  @Test
  void inputsOverlapFromOrthogonalToTheSame() {
    Rows x = new Rows(new float[] {1, 2, 0, 0, 3, -1, 0, 0}, WIDTH);
    Rows y = new Rows(new float[] {0, 0, 5, 1, 0, 0, 2, 2, 0, 0, 1, 0}, WIDTH);
    // sums of [1, 0] twice over, and of [1, 0] and [0, 1]: ⟨diag(2, 0), I⟩ / (2 √2)
    Rows half = new Rows(new float[] {1, 0, 1, 0}, 2);
    Rows both = new Rows(new float[] {1, 0, 0, 1}, 2);

    assertThat(StateSimilarity.gramOverlap(x, y)).isZero();
    assertThat(StateSimilarity.gramOverlap(x, x)).isEqualTo(1, within(1e-12));
    assertThat(StateSimilarity.gramOverlap(half, both)).isEqualTo(Math.sqrt(0.5), within(1e-12));
  }

  @Test
  void unrelatedInputsOverlapAsMuchAsChance() {
    double sum = 0;
    int draws = 40;
    Rows x = new Rows(random(30, 20, 1), 20);
    Rows y = new Rows(random(50, 20, 2), 20);
    for (int i = 0; i < draws; i++) {
      sum +=
          StateSimilarity.gramOverlap(
              new Rows(random(30, 20, 700 + i), 20), new Rows(random(50, 20, 900 + i), 20));
    }

    assertThat(sum / draws).isEqualTo(StateSimilarity.gramChance(x, y), within(0.02));
  }

  @Test
  void biasIsTheMeanDistance() {
    Rows x = new Rows(new float[] {1, 2, 3, 4}, 2);
    Rows y = new Rows(new float[] {1, 0, 6, 3}, 2);

    assertThat(StateSimilarity.bias(x, y)).isEqualTo(1.5);
  }
}
