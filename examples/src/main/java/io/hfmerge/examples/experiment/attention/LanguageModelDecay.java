package io.hfmerge.examples.experiment.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.examples.experiment.Claim;
import io.hfmerge.examples.experiment.Experiment;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.Outcome;
import io.hfmerge.examples.experiment.attention.AttentionNetwork.Size;
import io.hfmerge.examples.experiment.data.TextData;
import io.hfmerge.examples.experiment.train.Losses;
import io.hfmerge.examples.experiment.train.Parameters;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import java.util.function.LongToDoubleFunction;
import java.util.random.RandomGenerator;

/**
 * Figure 4 and Table 1 of arXiv:2410.23819 in small: language models of GPT-2's layers (normalised
 * vectors, ReLU networks of four times the width), AdamW with β = 0.9 and 0.95, the decay of the
 * attention layers swept and 0.1 elsewhere.
 *
 * <p>The paper trains 125 and 355 million parameters on 100 billion tokens of the Pile; here they
 * are some hundred thousand on characters. What decay removes goes by η λ times the number of
 * steps, which in the paper is about 30 at λ = 0.25. So few steps need a larger λ for as much, so
 * it is swept up to 3. Neither dropout, clipping nor cosine schedule; steps are warmed up over a
 * tenth.
 */
public final class LanguageModelDecay implements Experiment {

  private static final String PERPLEXITY = "held-out perplexity by character";
  private static final double WARM_UP = 0.1;

  /** How often a model is looked at. */
  private static final int LOOKS = 15;

  @Override
  public String name() {
    return "language-model-decay";
  }

  @Override
  public String summary() {
    return "Decay of attention layers lowers ranks and costs perplexity in language models (P3,"
        + " Figure 4, Table 1).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2410.23819, section 4.2, Figure 4 and Table 1",
        "In language models trained with AdamW ranks of PW_V and W_KᵀW_Q fall as the decay of the"
            + " attention layers grows, imbalance and gap of norms with them; held-out perplexity"
            + " is lowest without decay of the attention layers.",
        "Over the sweep the final pseudo-ranks of both products, imbalance and gap (means over"
            + " heads, layers and repeats) have a rank correlation with λ of -0.8 or less, and"
            + " final held-out perplexity one of 0.8 or more.",
        "Ranks that do not follow λ, or a perplexity that some decay lowers.");
  }

  @Override
  public Optional<String> data() {
    return Optional.of(TextData.EXPECTED);
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    double[] decays = lab.values(new double[] {0, 1, 3}, new double[] {0, 0.1, 0.3, 1, 3});
    int repeats = lab.repeats(1, 2);
    long steps = lab.steps(600, 3000);
    int batch = lab.size(16, 32);
    double rate = lab.settings().quick() ? 2e-3 : 1e-3;
    TextData text = TextData.load(lab.settings().data(), lab.random("language text"));
    Size size =
        new Size(
            text.alphabet(),
            lab.size(32, 64),
            lab.size(32, 64),
            lab.size(2, 4),
            lab.size(2, 3),
            true);
    lab.note("Text: " + text.source() + ".");
    lab.note(
        "%d layers of %d heads, width %d, context %d, batches of %d, %d steps of up to %s."
            .formatted(
                size.layers(),
                size.heads(),
                size.width(),
                size.length(),
                batch,
                steps,
                Numbers.exact(rate)));
    AttentionDecay swept =
        new AttentionSweep(
                size,
                Arrays.stream(decays).boxed().toList(),
                repeats,
                steps,
                LOOKS,
                warmUp(rate, steps),
                0.95)
            .run(lab, "language", PERPLEXITY, new NextCharacter(lab, text, batch, size));
    return new Outcome(
        List.of(
            swept.falls(AttentionNetwork.PRODUCT_RANK),
            swept.falls(AttentionNetwork.KEY_QUERY_RANK),
            swept.falls(AttentionNetwork.IMBALANCE),
            swept.falls(AttentionNetwork.GAP),
            swept.grows(PERPLEXITY)),
        AttentionDecay.figures(PERPLEXITY));
  }

  private static LongToDoubleFunction warmUp(double rate, long steps) {
    double top = Math.max(1, WARM_UP * steps);
    return step -> rate * Math.min(1, (step + 1) / top);
  }

  /** The task: every next character of sequences out of a text. */
  private record NextCharacter(Lab lab, TextData text, int batch, Size size)
      implements AttentionSweep.Task {

    /** Batches of held-out sequences, at equal distances over the whole of the text. */
    private static final int TEST_BATCHES = 16;

    @Override
    public NDArray loss(Parameters parameters, AttentionNetwork network, int repeat, long step) {
      RandomGenerator random = lab.random("language " + repeat + " " + step);
      int places = text.train().length - length();
      return loss(parameters, network, text.train(), row -> random.nextInt(places));
    }

    /** Perplexity. */
    @Override
    public double heldOut(Parameters parameters, AttentionNetwork network, int repeat) {
      long places = (long) text.test().length - length();
      double sum = 0;
      for (int i = 0; i < TEST_BATCHES; i++) {
        long first = (long) i * batch;
        try (NDScope scope = new NDScope()) {
          scope.suppressNotUsedWarning();
          sum +=
              Parameters.values(
                  loss(
                      parameters,
                      network,
                      text.test(),
                      row ->
                          Math.toIntExact(places * (first + row) / ((long) TEST_BATCHES * batch))))[
                  0];
        }
      }
      return Math.exp(sum / TEST_BATCHES);
    }

    /** Sequences have one character more than the network reads. */
    private int length() {
      return size.length() + 1;
    }

    /**
     * Mean cross-entropy of every next character.
     *
     * @param start of the sequence in a row of the batch, asked for in order
     */
    private NDArray loss(
        Parameters parameters, AttentionNetwork network, int[] characters, IntUnaryOperator start) {
      int t = size.length();
      long[] tokens = new long[batch * t];
      double[] oneHot = new double[batch * t * size.vocabulary()];
      for (int b = 0; b < batch; b++) {
        int from = start.applyAsInt(b);
        for (int i = 0; i < t; i++) {
          tokens[b * t + i] = characters[from + i];
          oneHot[(b * t + i) * size.vocabulary() + characters[from + i + 1]] = 1;
        }
      }
      NDArray logits = network.logits(parameters.integers(tokens, new Shape((long) batch * t)));
      Shape rows = new Shape((long) batch * t, size.vocabulary());
      return Losses.crossEntropy(logits.reshape(rows), parameters.constant(oneHot, rows));
    }
  }
}
