package io.hfmerge.hf.djl.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.djl.block.KeyValueCache;
import io.hfmerge.hf.djl.block.TransformerBlock.Wanted;
import io.hfmerge.hf.djl.block.TransformerInputs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Continues token sequences with a causal model. */
public final class Generator {

  private final TransformerModel model;
  private final Set<Long> endIds;

  /** Why generation stopped. */
  public enum Stop {
    /** As many tokens as asked for. */
    LENGTH,
    /** A token that ends texts. */
    END_OF_TEXT,
    /** The model takes no longer sequence. */
    MODEL_LIMIT
  }

  /**
   * What was generated.
   *
   * @param stop why there is no more of it
   */
  public record Continuation(TokenSequence tokens, Stop stop) {}

  /** Token ids. */
  public static final class TokenSequence {

    private final long[] ids;

    private TokenSequence(long[] ids) {
      this.ids = ids;
    }

    /** The ids; a copy. */
    public long[] ids() {
      return ids.clone();
    }

    /** Number of tokens. */
    public int length() {
      return ids.length;
    }
  }

  /**
   * How long and how to generate.
   *
   * @param maxNewTokens most tokens to add
   * @param sampling how each is chosen
   * @param cached whether keys and values of earlier tokens are kept; without, every token costs a
   *     pass over all before it, and gives the same up to rounding
   */
  public record Settings(int maxNewTokens, Sampling sampling, boolean cached) {

    public Settings {
      if (maxNewTokens < 0) {
        throw new IllegalArgumentException(
            "new tokens: expected a number from 0 on, found " + maxNewTokens);
      }
    }
  }

  /**
   * @param endIds tokens that end a text
   * @throws UnsupportedFeatureException if the model is no causal language model
   */
  public Generator(TransformerModel model, Set<Long> endIds) {
    if (model.task() != Task.CAUSAL_LM) {
      throw new UnsupportedFeatureException(
          "%s: expected a causal language model, found one for %s"
              .formatted(model.config(), model.task()));
    }
    this.model = model;
    this.endIds = Set.copyOf(endIds);
  }

  /**
   * With the tokens that the model's {@code generation_config.json}, else its config, says end a
   * text.
   */
  public static Generator of(TransformerModel model) throws IOException {
    return new Generator(model, endIds(model));
  }

  private static Set<Long> endIds(TransformerModel model) throws IOException {
    Path file = model.files().location().folder().resolve("generation_config.json");
    Set<Long> ids = new HashSet<>();
    if (Files.exists(file)) {
      addIds(ModelConfig.read(file), ids);
    }
    if (ids.isEmpty()) {
      addIds(model.config(), ids);
    }
    return ids;
  }

  private static void addIds(ModelConfig config, Set<Long> ids) {
    JsonNode node = config.tree().get("eos_token_id");
    if (node == null || node.isNull()) {
      return;
    }
    for (JsonNode id : node.isArray() ? node : List.of(node)) {
      if (!id.isIntegralNumber()) {
        throw config.malformed("eos_token_id", "an id or a list of ids", node.toString());
      }
      ids.add(id.longValue());
    }
  }

  /**
   * Continues a prompt.
   *
   * @param prompt at least one token
   * @param listener hears of each new token as it is chosen
   * @throws InvalidInputException if the prompt is empty, longer than the model takes, or has an id
   *     that it does not know
   */
  public Continuation generate(long[] prompt, Settings settings, LongConsumer listener) {
    if (prompt.length == 0) {
      throw new InvalidInputException("expected a prompt of at least one token, found none");
    }
    int limit = model.block().settings().limit();
    long[] tokens = Arrays.copyOf(prompt, Math.addExact(prompt.length, settings.maxNewTokens()));
    RandomGenerator random = settings.sampling().random();
    int length = prompt.length;
    Stop stop = Stop.LENGTH;
    try (KeyValueCache cache = settings.cached() ? model.newCache() : null) {
      while (length < tokens.length) {
        if (length > limit && length > prompt.length) {
          stop = Stop.MODEL_LIMIT;
          break;
        }
        int next = settings.sampling().choose(logits(tokens, length, cache), random);
        tokens[length++] = next;
        listener.accept(next);
        if (endIds.contains((long) next)) {
          stop = Stop.END_OF_TEXT;
          break;
        }
      }
    }
    long[] added = Arrays.copyOfRange(tokens, prompt.length, length);
    return new Continuation(new TokenSequence(added), stop);
  }

  /** Logits of the token after the first {@code length}. */
  private float[] logits(long[] tokens, int length, @Nullable KeyValueCache cache) {
    int first = cache == null ? 0 : cache.length();
    try (NDManager manager = model.newManager()) {
      NDArray ids =
          manager.create(Arrays.copyOfRange(tokens, first, length), new Shape(1, length - first));
      TransformerInputs inputs = TransformerInputs.of(ids);
      NDArray logits =
          (cache == null ? model.run(inputs, Wanted.NEXT) : model.run(inputs, cache, Wanted.NEXT))
              .logits();
      float[] values =
          Objects.requireNonNull(logits).toType(DataType.FLOAT32, false).toFloatArray();
      for (float value : values) {
        if (Float.isNaN(value)) {
          throw new MalformedCheckpointException(
              model.files().reference() + ": the model gives NaN; are its weights finite?");
        }
      }
      return values;
    }
  }
}
