package io.hfmerge.hf.djl.eval;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.djl.block.TransformerBlock.Wanted;
import io.hfmerge.hf.djl.block.TransformerInputs;
import io.hfmerge.hf.djl.model.TokenLosses;
import io.hfmerge.hf.djl.model.TransformerModel;
import io.hfmerge.hf.djl.text.Surroundings;
import io.hfmerge.hf.djl.text.TextTokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.SplittableRandom;

/**
 * How well a language model predicts a text.
 *
 * <p>A causal model reads windows that overlap; every token but the first is scored once, in the
 * first window that holds it, with all of that window before it (the strided evaluation of
 * transformers' guide to perplexity). A masked model reads windows that do not overlap, in which
 * the seed decides the tokens that are replaced by the mask; only these are scored.
 */
public final class TextEvaluation {

  private static final int CAUSAL_WINDOW = 1024;
  private static final int MASKED_WINDOW = 512;

  private final String text;
  private final Settings settings;

  /**
   * How to read a text.
   *
   * @param window tokens of a window; empty for the model's limit, at most 1024 (causal) or 512
   * @param stride tokens from one window of a causal model to the next; empty for half a window
   * @param maskedShare share of the tokens that are masked, above 0 and below 1
   * @param seed decides which
   */
  public record Settings(OptionalInt window, OptionalInt stride, double maskedShare, long seed) {

    /** Share of masked tokens in BERT's training (Devlin et al. 2019, 3.1). */
    public static final double BERT_SHARE = 0.15;

    public Settings {
      if (!(maskedShare > 0 && maskedShare < 1)) {
        throw new InvalidInputException(
            "masked share: expected a number above 0 and below 1, found " + maskedShare);
      }
    }
  }

  public TextEvaluation(String text, Settings settings) {
    this.text = text;
    this.settings = settings;
  }

  /**
   * Evaluates a causal or masked language model.
   *
   * @throws InvalidInputException if the model has no such head, the text is too short, or window
   *     and stride do not fit
   */
  public Evaluation evaluate(TransformerModel model, TextTokenizer tokenizer) {
    return switch (model.task()) {
      case CAUSAL_LM -> causal(model, tokenizer.encode(text).ids());
      case MASKED_LM -> masked(model, tokenizer);
      case SEQUENCE_CLASSIFICATION, TOKEN_CLASSIFICATION, IMAGE_CLASSIFICATION, EMBEDDING ->
          throw new InvalidInputException(
              "%s: expected a language model for a text, found a model for %s"
                  .formatted(model.files().reference(), model.task()));
    };
  }

  /** The evaluation of a causal model on tokens. */
  Evaluation causal(TransformerModel model, long[] ids) {
    if (ids.length < 2) {
      throw new InvalidInputException("expected a text of at least 2 tokens, found " + ids.length);
    }
    int window = window(model, CAUSAL_WINDOW, 2);
    int stride = settings.stride().orElse(window / 2);
    if (stride < 1 || stride >= window) {
      throw new InvalidInputException(
          "stride: expected 1 to %d, so that each token has one before it, found %d"
              .formatted(window - 1, stride));
    }
    double[] losses = new double[ids.length - 1];
    int scored = 1;
    for (int begin = 0; scored < ids.length; begin += stride) {
      int end = Math.min(begin + window, ids.length);
      try (NDManager manager = model.newManager()) {
        NDArray part = manager.create(Arrays.copyOfRange(ids, begin, end)).expandDims(0);
        NDArray logits = logits(model, part);
        float[] found = TokenLosses.next(logits, part).toFloatArray();
        for (int token = scored; token < end; token++) {
          losses[token - 1] = found[token - begin - 1];
        }
      }
      scored = end;
    }
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("tokens", ids.length);
    facts.put("scoredTokens", losses.length);
    facts.put("window", window);
    facts.put("stride", stride);
    return new Evaluation(
        "causal-lm",
        List.of(
            Evaluation.blockMean("perplexity", true, losses, true),
            Evaluation.blockMean("loss", true, losses, false)),
        "tokens " + Arrays.hashCode(ids),
        facts,
        List.of());
  }

  private Evaluation masked(TransformerModel model, TextTokenizer tokenizer) {
    long mask = maskId(model, tokenizer);
    long[] plain = tokenizer.encodePlain(text).ids();
    Surroundings around = Surroundings.of(tokenizer, "a");
    int window = window(model, MASKED_WINDOW, around.size() + 1);
    int content = window - around.size();
    SplittableRandom random = new SplittableRandom(settings.seed());
    List<Double> losses = new ArrayList<>();
    List<Double> hits = new ArrayList<>();
    for (int begin = 0; begin < plain.length; begin += content) {
      int end = Math.min(begin + content, plain.length);
      long[] labels = around.around(Arrays.copyOfRange(plain, begin, end));
      long[] ids = labels.clone();
      List<Integer> places = new ArrayList<>();
      for (int i = 0; i < end - begin; i++) {
        if (random.nextDouble() < settings.maskedShare()) {
          int place = around.before() + i;
          ids[place] = mask;
          places.add(place);
        }
      }
      if (places.isEmpty()) {
        continue;
      }
      try (NDManager manager = model.newManager()) {
        NDArray logits = logits(model, manager.create(ids).expandDims(0));
        NDArray wanted = manager.create(labels).expandDims(0);
        float[] found = TokenLosses.of(logits, wanted).toFloatArray();
        long[] likeliest = logits.argMax(-1).toLongArray();
        for (int place : places) {
          losses.add((double) found[place]);
          hits.add(likeliest[place] == labels[place] ? 1.0 : 0.0);
        }
      }
    }
    if (losses.isEmpty()) {
      throw new InvalidInputException(
          "expected a text long enough for at least one masked token, found %d tokens"
              .formatted(plain.length));
    }
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("tokens", plain.length);
    facts.put("scoredTokens", losses.size());
    facts.put("window", window);
    facts.put("maskedShare", settings.maskedShare());
    facts.put("seed", settings.seed());
    double[] values = losses.stream().mapToDouble(Double::doubleValue).toArray();
    return new Evaluation(
        "masked-lm",
        List.of(
            Evaluation.blockMean("loss", true, values, false),
            Evaluation.blockMean(
                "accuracy",
                false,
                hits.stream().mapToDouble(Double::doubleValue).toArray(),
                false)),
        "tokens " + Arrays.hashCode(plain) + " " + window,
        facts,
        List.of());
  }

  private static NDArray logits(TransformerModel model, NDArray ids) {
    return Objects.requireNonNull(model.run(TransformerInputs.of(ids), Wanted.LOGITS).logits());
  }

  private int window(TransformerModel model, int most, int least) {
    int limit = model.block().settings().limit();
    int window = settings.window().orElse(Math.min(limit, most));
    if (window < least || window > limit) {
      throw new InvalidInputException(
          "%s: window: expected %d to %d tokens, the model's limit, found %d"
              .formatted(model.files().reference(), least, limit, window));
    }
    return window;
  }

  private static long maskId(TransformerModel model, TextTokenizer tokenizer) {
    return tokenizer
        .maskId()
        .orElseThrow(() ->
            new InvalidInputException(
                "%s: expected a tokenizer with one of %s, found neither"
                    .formatted(
                        model.files().reference(), String.join(", ", TextTokenizer.MASK_TOKENS))));
  }
}
