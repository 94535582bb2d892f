package io.hfmerge.hf.djl.model;

import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.djl.block.Head.Pooling;
import io.hfmerge.hf.djl.block.Normalization;
import io.hfmerge.hf.djl.block.PositionRule;
import io.hfmerge.hf.djl.block.TransformerLayer.Arrangement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A family's forward pass as data: what {@link io.hfmerge.hf.arch.Architecture}, which has the
 * projections, does not say. Names are canonical ones; those of norms in a layer come after the
 * layer's start.
 *
 * @param modelType the config's {@code model_type}
 * @param arrangement where the norms of a layer are
 * @param causal whether tokens see only those before them
 * @param norm kind of the norms
 * @param epsilonKeys config keys of the norms' ε
 * @param attentionNorm norm of the attention
 * @param mlpNorm norm of the MLP; null where the attention's serves both
 * @param headNorms norms of each head's query and key
 * @param finalNorm norm after the layers, or null
 * @param embedding the embedding
 * @param positions positions where none are given
 * @param activation of the MLP
 * @param biases which projections have one
 * @param scoresInF32 whether f16 is too narrow for attention scores
 * @param pooler projection of the first state that files may have, or null
 * @param heads the heads that are known
 * @param others starts of names of parts that files may have and nothing here runs
 */
record Family(
    String modelType,
    Arrangement arrangement,
    boolean causal,
    Normalization.Kind norm,
    List<String> epsilonKeys,
    String attentionNorm,
    @Nullable String mlpNorm,
    Optional<HeadNorms> headNorms,
    @Nullable String finalNorm,
    Embedding embedding,
    PositionRule positions,
    ActivationRule activation,
    Biases biases,
    boolean scoresInF32,
    @Nullable String pooler,
    List<HeadRule> heads,
    List<String> others) {

  /** Norms of each head's query and key, where the config has them. */
  record HeadNorms(String query, String key, Predicate<ModelConfig> present) {}

  /** How the input becomes vectors. */
  sealed interface Embedding {

    /**
     * Of tokens.
     *
     * @param norm of the sum, or null
     * @param scaled whether words are multiplied by √d
     */
    record Tokens(
        String words,
        @Nullable String positions,
        @Nullable String types,
        @Nullable String norm,
        boolean scaled)
        implements Embedding {}

    /** Of images. */
    record Patches(String projection, String classToken, String positions) implements Embedding {}
  }

  /**
   * Which activation an MLP has.
   *
   * @param keys config keys
   * @param otherwise name where they are absent
   * @param geluIsTanh whether {@code gelu} means the tanh form (Gemma)
   */
  record ActivationRule(List<String> keys, String otherwise, boolean geluIsTanh) {}

  /** Which projections have a bias. */
  record Biases(
      Predicate<ModelConfig> queryKeyValue,
      Predicate<ModelConfig> output,
      Predicate<ModelConfig> mlp) {}

  /** A head. */
  sealed interface HeadRule {

    Task task();

    /**
     * Scores of the vocabulary.
     *
     * @param decoder module of the matrix
     * @param bias name of its bias, or null
     * @param transform module of a projection before it, or null
     * @param norm module of the transform's norm, or null
     * @param activation name of the transform's activation; null for that of the MLP
     */
    record Vocabulary(
        Task task,
        String decoder,
        @Nullable String bias,
        @Nullable String transform,
        @Nullable String norm,
        @Nullable String activation)
        implements HeadRule {}

    /**
     * Scores of classes.
     *
     * @param dense module of a projection before the output, or null
     * @param output module of the output
     * @param bias whether the output has one
     */
    record Classes(Task task, Pooling pooling, @Nullable String dense, String output, boolean bias)
        implements HeadRule {}
  }

  static Builder of(String modelType) {
    return new Builder(modelType);
  }

  /** Collects a {@link Family}; LLaMA's skeleton unless told otherwise. */
  static final class Builder {

    private final String modelType;
    private Arrangement arrangement = Arrangement.SEQUENTIAL;
    private boolean causal = true;
    private Normalization.Kind norm = Normalization.Kind.RMS;
    private List<String> epsilonKeys = List.of("rms_norm_eps");
    private String attentionNorm = "input_layernorm";
    private @Nullable String mlpNorm = "post_attention_layernorm";
    private Optional<HeadNorms> headNorms = Optional.empty();
    private @Nullable String finalNorm = "norm";
    private Embedding embedding =
        new Embedding.Tokens("embed_tokens.weight", null, null, null, false);
    private PositionRule positions = PositionRule.BY_MASK;
    private ActivationRule activation = new ActivationRule(List.of("hidden_act"), "silu", false);
    private Biases biases = new Biases(config -> false, config -> false, config -> false);
    private boolean scoresInF32;
    private @Nullable String pooler;
    private final List<HeadRule> heads = new ArrayList<>();
    private final List<String> others = new ArrayList<>();

    private Builder(String modelType) {
      this.modelType = modelType;
    }

    Builder arrangement(Arrangement value) {
      arrangement = value;
      return this;
    }

    /** Tokens see each other in both directions; positions are places. */
    Builder bidirectional() {
      causal = false;
      positions = PositionRule.BY_PLACE;
      return this;
    }

    Builder norms(Normalization.Kind kind, String epsilonKey) {
      norm = kind;
      epsilonKeys = List.of(epsilonKey);
      return this;
    }

    Builder layerNorms(String attention, @Nullable String mlp) {
      attentionNorm = attention;
      mlpNorm = mlp;
      return this;
    }

    Builder headNorms(String query, String key, Predicate<ModelConfig> present) {
      headNorms = Optional.of(new HeadNorms(query, key, present));
      return this;
    }

    Builder finalNorm(@Nullable String module) {
      finalNorm = module;
      return this;
    }

    Builder embedding(Embedding value) {
      embedding = value;
      return this;
    }

    Builder positions(PositionRule rule) {
      positions = rule;
      return this;
    }

    Builder activation(String key, String otherwise) {
      activation = new ActivationRule(List.of(key), otherwise, false);
      return this;
    }

    Builder activation(ActivationRule rule) {
      activation = rule;
      return this;
    }

    Builder biases(
        Predicate<ModelConfig> queryKeyValue,
        Predicate<ModelConfig> output,
        Predicate<ModelConfig> mlp) {
      biases = new Biases(queryKeyValue, output, mlp);
      return this;
    }

    Builder scoresInF32() {
      scoresInF32 = true;
      return this;
    }

    Builder pooler(String module) {
      pooler = module;
      return this;
    }

    Builder head(HeadRule rule) {
      heads.add(rule);
      return this;
    }

    Builder others(String... starts) {
      others.addAll(List.of(starts));
      return this;
    }

    Family build() {
      return new Family(
          modelType,
          arrangement,
          causal,
          norm,
          epsilonKeys,
          attentionNorm,
          mlpNorm,
          headNorms,
          finalNorm,
          embedding,
          positions,
          activation,
          biases,
          scoresInF32,
          pooler,
          List.copyOf(heads),
          List.copyOf(others));
    }
  }
}
