package io.hfmerge.examples.experiment.attention;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.examples.experiment.train.Parameters;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AttentionNetworkTest {

  private static final int VOCABULARY = 5;

  private static double[] logits(boolean gpt, long... tokens) {
    try (Parameters parameters = new Parameters(Device.cpu(), DataType.FLOAT64)) {
      AttentionNetwork network =
          new AttentionNetwork(
              parameters,
              new SplittableRandom(1),
              new AttentionNetwork.Size(VOCABULARY, 4, 6, 2, 2, gpt));
      return Parameters.values(
          network.logits(parameters.integers(tokens, new Shape(tokens.length))));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void noPositionSeesLaterTokens(boolean gpt) {
    double[] some = logits(gpt, 0, 1, 2, 3);
    double[] other = logits(gpt, 0, 1, 2, 4);
    int known = 3 * VOCABULARY;
    assertThat(Arrays.copyOf(other, known)).isEqualTo(Arrays.copyOf(some, known));
    assertThat(Arrays.copyOfRange(other, known, some.length))
        .isNotEqualTo(Arrays.copyOfRange(some, known, some.length));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void sequencesOfABatchDoNotMix(boolean gpt) {
    double[] alone = logits(gpt, 3, 0, 1, 1);
    double[] second =
        Arrays.copyOfRange(logits(gpt, 2, 2, 4, 0, 3, 0, 1, 1), 4 * VOCABULARY, 8 * VOCABULARY);
    for (int i = 0; i < alone.length; i++) {
      assertThat(second[i]).isCloseTo(alone[i], org.assertj.core.api.Assertions.within(1e-12));
    }
  }
}
