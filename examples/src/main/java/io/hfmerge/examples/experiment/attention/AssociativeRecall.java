package io.hfmerge.examples.experiment.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.examples.experiment.Claim;
import io.hfmerge.examples.experiment.Experiment;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.Outcome;
import io.hfmerge.examples.experiment.train.Losses;
import io.hfmerge.examples.experiment.train.Parameters;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Figure 3 of arXiv:2410.23819: a two-layer attention-only transformer on associative recall, N =
 * 20 pairs, batches of 128, 5 % of labels replaced, AdamW with the decay of the attention layers
 * swept and 0.1 elsewhere. Width 64, four heads and a step of 1e-3 are ours. Ranks, imbalance and
 * gap are means over heads and both layers; the paper shows those of the first.
 */
public final class AssociativeRecall implements Experiment {

  private static final String LOSS = "loss";
  private static final double NOISE = 0.05;

  /** How often a network is looked at. */
  private static final int LOOKS = 30;

  @Override
  public String name() {
    return "associative-recall";
  }

  @Override
  public String summary() {
    return "Decay lowers the ranks of attention products on associative recall (P3, Figure 3).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2410.23819, section 4.1, Figure 3",
        "Ranks of PW_V and W_KᵀW_Q fall with the decay of attention layers; PᵀP − W_VW_Vᵀ and the gap"
            + " of nuclear and Frobenius norm vanish, the faster the larger the decay.",
        "Over the sweep the final pseudo-ranks of both products, imbalance and gap have a rank"
            + " correlation with λ of -0.8 or less; at the largest λ imbalance and gap end below a"
            + " tenth of where they began, without decay above it.",
        "Ranks, imbalance or gap that do not follow λ.");
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    double[] decays = lab.values(new double[] {0, 0.3, 1}, new double[] {0, 0.05, 0.1, 0.3, 1});
    int pairs = lab.size(5, 20);
    int batch = lab.size(32, 128);
    long steps = lab.steps(600, 20_000);
    double rate = lab.settings().quick() ? 5e-3 : 1e-3;
    int repeats = lab.repeats(1, 2);
    AttentionNetwork.Size size =
        new AttentionNetwork.Size(
            2 * pairs, 2 * pairs + 1, lab.size(32, 64), lab.size(2, 4), 2, false);
    lab.note(
        "N = %d, batches of %d, width %d, %d steps of %s; numbers are means over heads and both layers, where the paper's are of the first layer."
            .formatted(pairs, batch, size.width(), steps, Numbers.exact(rate)));
    AttentionDecay swept =
        new AttentionSweep(
                size,
                Arrays.stream(decays).boxed().toList(),
                repeats,
                steps,
                LOOKS,
                step -> rate,
                0.99)
            .run(lab, "recall", LOSS, new Recall(lab, pairs, batch, size));
    return new Outcome(
        List.of(
            swept.falls(AttentionNetwork.PRODUCT_RANK),
            swept.falls(AttentionNetwork.KEY_QUERY_RANK),
            swept.falls(AttentionNetwork.IMBALANCE),
            swept.falls(AttentionNetwork.GAP),
            swept.vanishes(AttentionNetwork.IMBALANCE),
            swept.vanishes(AttentionNetwork.GAP)),
        AttentionDecay.figures(LOSS));
  }

  /** The task: in a row of pairs, to find what went with the key at the end. */
  private record Recall(Lab lab, int pairs, int batch, AttentionNetwork.Size size)
      implements AttentionSweep.Task {

    @Override
    public NDArray loss(Parameters parameters, AttentionNetwork network, int repeat, long step) {
      return loss(parameters, network, lab.random("recall " + repeat + " " + step), NOISE);
    }

    @Override
    public double heldOut(Parameters parameters, AttentionNetwork network, int repeat) {
      return Parameters.values(loss(parameters, network, lab.random("recall test " + repeat), 0))[
          0];
    }

    private NDArray loss(
        Parameters parameters, AttentionNetwork network, RandomGenerator random, double noise) {
      Sequences sequences = Sequences.draw(random, pairs, batch, noise);
      NDArray logits =
          network.logits(
              parameters.integers(sequences.tokens(), new Shape((long) batch * size.length())));
      return Losses.crossEntropy(
          logits.get(":, -1, :"),
          parameters.constant(
              sequences.oneHot(size.vocabulary()), new Shape(batch, size.vocabulary())));
    }
  }

  /** Keys are tokens 0 to N − 1, values N to 2N − 1; each sequence pairs them anew. */
  @SuppressWarnings("ArrayRecordComponent") // handed on at once, never compared
  private record Sequences(long[] tokens, int[] answers) {

    static Sequences draw(RandomGenerator random, int pairs, int batch, double noise) {
      int t = 2 * pairs + 1;
      long[] tokens = new long[batch * t];
      int[] answers = new int[batch];
      for (int b = 0; b < batch; b++) {
        int[] keys = new int[pairs];
        for (int i = 0; i < pairs; i++) {
          int j = random.nextInt(i + 1);
          keys[i] = keys[j];
          keys[j] = i;
        }
        for (int i = 0; i < pairs; i++) {
          tokens[b * t + 2 * i] = keys[i];
          tokens[b * t + 2 * i + 1] = (long) pairs + random.nextInt(pairs);
        }
        int asked = random.nextInt(pairs);
        tokens[b * t + t - 1] = keys[asked];
        answers[b] =
            random.nextDouble() < noise
                ? pairs + random.nextInt(pairs)
                : (int) tokens[b * t + 2 * asked + 1];
      }
      return new Sequences(tokens, answers);
    }

    double[] oneHot(int vocabulary) {
      double[] rows = new double[answers.length * vocabulary];
      for (int b = 0; b < answers.length; b++) {
        rows[b * vocabulary + answers[b]] = 1;
      }
      return rows;
    }
  }
}
