package io.hfmerge.hf.djl.model;

import ai.djl.nn.Parameter;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.arch.Architecture;
import io.hfmerge.hf.arch.LayerStack;
import io.hfmerge.hf.arch.ModelDimensions;
import io.hfmerge.hf.arch.Projection;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.djl.block.Activation;
import io.hfmerge.hf.djl.block.Attention;
import io.hfmerge.hf.djl.block.AttentionShape;
import io.hfmerge.hf.djl.block.FeedForward;
import io.hfmerge.hf.djl.block.Head;
import io.hfmerge.hf.djl.block.LinearProjection;
import io.hfmerge.hf.djl.block.Normalization;
import io.hfmerge.hf.djl.block.PatchEmbedding;
import io.hfmerge.hf.djl.block.PositionRule;
import io.hfmerge.hf.djl.block.QueryKeyValue;
import io.hfmerge.hf.djl.block.SequenceBlock;
import io.hfmerge.hf.djl.block.TokenEmbedding;
import io.hfmerge.hf.djl.block.TransformerBlock;
import io.hfmerge.hf.djl.block.TransformerLayer;
import io.hfmerge.hf.djl.block.TransformerLayer.Arrangement;
import io.hfmerge.hf.djl.model.Family.Embedding;
import io.hfmerge.hf.djl.model.Family.HeadRule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Composes the blocks of one model; parameters have no values yet. */
final class ModelComposition {

  private static final int MAX_VOCABULARY = 100_000_000;
  private static final int MAX_POSITIONS = 1_000_000_000;
  private static final int MAX_IMAGE = 100_000;

  private final ModelConfig config;
  private final Family family;
  private final LayerStack stack;
  private final ModelDimensions sizes;
  private final StoredParameters parameters;
  private final LayerWindows windows;
  private final Map<Role, Projection> projections = new LinkedHashMap<>();
  private final Activation activation;
  private final double epsilon;
  private final List<String> extras = new ArrayList<>();

  ModelComposition(HfModel model, ModelConfig config, Family family, StoredParameters parameters) {
    Architecture architecture = model.architecture().orElseThrow();
    this.config = config;
    this.family = family;
    this.stack = architecture.stacks().getFirst();
    this.sizes = model.structure().dimensions().orElseThrow();
    this.parameters = parameters;
    this.windows = LayerWindows.read(config, sizes.layers());
    for (Projection projection : stack.projections()) {
      projection.roles().forEach(role -> projections.put(role, projection));
    }
    this.activation = activation(family.activation());
    this.epsilon = epsilon();
  }

  /** The head's task if there is one for it in this family. */
  static Optional<HeadRule> head(Family family, Task task) {
    return family.heads().stream().filter(rule -> rule.task() == task).findFirst();
  }

  /** Names of tensors that have no place in what was composed. */
  List<String> extras() {
    return List.copyOf(extras);
  }

  /**
   * Puts the blocks together.
   *
   * @param allowExtras whether tensors may be left over
   */
  TransformerBlock compose(HfModel model, @Nullable HeadRule rule, boolean allowExtras) {
    SequenceBlock embedding = embedding(family.embedding());
    List<TransformerLayer> layers = new ArrayList<>();
    for (int i = 0; i < sizes.layers(); i++) {
      layers.add(layer(i));
    }
    Normalization finalNorm = family.finalNorm() == null ? null : norm(family.finalNorm());
    LinearProjection pooler = pooler(rule);
    Head head = rule == null ? null : head(rule);
    TransformerBlock.Settings settings =
        new TransformerBlock.Settings(
            family.causal(),
            family.positions(),
            paddingId(),
            RotarySettings.read(config, model.structure().balanceTraits(), sizes.headWidth()),
            limit());
    extras.addAll(parameters.check(otherParts(), allowExtras));
    return new TransformerBlock(embedding, settings, layers, finalNorm, pooler, head);
  }

  private SequenceBlock embedding(Embedding rule) {
    long width = sizes.hidden();
    return switch (rule) {
      case Embedding.Tokens tokens -> {
        long vocabulary = config.requiredCount(MAX_VOCABULARY, "vocab_size");
        yield new TokenEmbedding(
            weight(tokens.words(), vocabulary, width),
            tokens.positions() == null
                ? null
                : weight(
                    tokens.positions(),
                    config.requiredCount(
                        MAX_POSITIONS, "max_position_embeddings", "n_positions", "n_ctx"),
                    width),
            tokens.types() == null
                ? null
                : weight(
                    tokens.types(), config.requiredCount(MAX_VOCABULARY, "type_vocab_size"), width),
            tokens.norm() == null ? null : norm(tokens.norm()),
            // rounded to the type of the model, as transformers does
            tokens.scaled() ? (float) Math.sqrt(sizes.hidden()) : 1);
      }
      case Embedding.Patches patches -> {
        long image = config.requiredCount(MAX_IMAGE, "image_size");
        long patch = config.requiredCount(MAX_IMAGE, "patch_size");
        long channels = config.requiredCount(MAX_IMAGE, "num_channels");
        long tokens = 1 + (image / patch) * (image / patch);
        yield new PatchEmbedding(
            weight(patches.projection() + ".weight", width, channels, patch, patch),
            bias(patches.projection() + ".bias", width),
            weight(patches.classToken(), 1, 1, width),
            weight(patches.positions(), 1, tokens, width),
            image);
      }
    };
  }

  private TransformerLayer layer(int index) {
    return new TransformerLayer(
        arrangement(),
        norm(inLayer(index, family.attentionNorm())),
        attention(index),
        family.mlpNorm() == null ? null : norm(inLayer(index, family.mlpNorm())),
        new FeedForward(
            projections.containsKey(Role.GATE) ? mlp(index, Role.GATE) : null,
            mlp(index, Role.M1),
            mlp(index, Role.M2),
            activation));
  }

  private Arrangement arrangement() {
    boolean sequential =
        family.arrangement() == Arrangement.PARALLEL
            && !config.bool("use_parallel_residual").orElse(true);
    return sequential ? Arrangement.SEQUENTIAL : family.arrangement();
  }

  private Attention attention(int index) {
    AttentionShape shape =
        new AttentionShape(
            index,
            sizes.heads(),
            sizes.kvHeads(),
            sizes.headWidth(),
            scale(index),
            windows.window(index),
            family.scoresInF32());
    Optional<Family.HeadNorms> norms =
        family.headNorms().filter(rule -> rule.present().test(config));
    return new Attention(
        shape,
        queryKeyValue(index),
        norms.map(rule -> headNorm(inLayer(index, rule.query()))).orElse(null),
        norms.map(rule -> headNorm(inLayer(index, rule.key()))).orElse(null),
        projection(index, Role.O, family.biases().output().test(config)));
  }

  private double scale(int index) {
    double scale =
        config.bool("scale_attn_weights").orElse(true) ? 1 / Math.sqrt(sizes.headWidth()) : 1;
    return config.bool("scale_attn_by_inverse_layer_idx").orElse(false)
        ? scale / (index + 1)
        : scale;
  }

  private QueryKeyValue queryKeyValue(int index) {
    boolean bias = family.biases().queryKeyValue().test(config);
    Projection query = projectionOf(Role.Q);
    return switch (query.split()) {
      case WHOLE ->
          new QueryKeyValue.Separate(
              projection(index, Role.Q, bias),
              projection(index, Role.K, bias),
              projection(index, Role.V, bias));
      case BLOCKS -> new QueryKeyValue.Blocks(projection(index, Role.Q, bias));
      case PER_HEAD -> new QueryKeyValue.PerHead(projection(index, Role.Q, bias));
    };
  }

  private LinearProjection mlp(int index, Role role) {
    return projection(index, role, family.biases().mlp().test(config));
  }

  /** The stored projection that holds a role; its shape was checked with the structure. */
  private LinearProjection projection(int index, Role role, boolean bias) {
    String module = inLayer(index, projectionOf(role).module());
    Parameter matrix = weight(module + ".weight", StoredParameters.ANY, StoredParameters.ANY);
    return new LinearProjection(
        matrix, bias ? bias(module + ".bias", StoredParameters.ANY) : null, stack.conv1d());
  }

  private Projection projectionOf(Role role) {
    Projection projection = projections.get(role);
    if (projection == null) {
      throw new UnsupportedFeatureException(
          config + ": no " + role + " in the definition of " + family.modelType());
    }
    return projection;
  }

  private @Nullable LinearProjection pooler(@Nullable HeadRule rule) {
    if (family.pooler() == null) {
      return null;
    }
    boolean needed =
        rule instanceof HeadRule.Classes classes && classes.pooling() == Head.Pooling.POOLER;
    return needed || parameters.has(family.pooler() + ".weight")
        ? linear(family.pooler(), sizes.hidden(), sizes.hidden(), true)
        : null;
  }

  private Head head(HeadRule rule) {
    long width = sizes.hidden();
    return switch (rule) {
      case HeadRule.Vocabulary head -> {
        long vocabulary = config.requiredCount(MAX_VOCABULARY, "vocab_size");
        Activation function =
            head.activation() == null
                ? activation
                : Activation.find(head.activation()).orElseThrow();
        yield new Head.Vocabulary(
            head.transform() == null ? null : linear(head.transform(), width, width, true),
            function,
            head.norm() == null ? null : norm(head.norm()),
            new LinearProjection(
                weight(head.decoder() + ".weight", vocabulary, width),
                head.bias() == null ? null : bias(head.bias(), vocabulary),
                false));
      }
      case HeadRule.Classes head ->
          new Head.Classification(
              head.pooling(),
              head.dense() == null ? null : linear(head.dense(), width, width, true),
              linear(head.output(), StoredParameters.ANY, width, head.bias()));
    };
  }

  private LinearProjection linear(String module, long out, long in, boolean bias) {
    return new LinearProjection(
        weight(module + ".weight", out, in), bias ? bias(module + ".bias", out) : null, false);
  }

  private Normalization norm(String module) {
    return norm(module, sizes.hidden());
  }

  private Normalization headNorm(String module) {
    return norm(module, sizes.headWidth());
  }

  private Normalization norm(String module, long width) {
    return new Normalization(
        family.norm(),
        epsilon,
        parameters.take(module + ".weight", Parameter.Type.GAMMA, width),
        family.norm() == Normalization.Kind.LAYER
            ? parameters.take(module + ".bias", Parameter.Type.BETA, width)
            : null);
  }

  private Parameter weight(String name, long... shape) {
    return parameters.take(name, Parameter.Type.WEIGHT, shape);
  }

  private Parameter bias(String name, long size) {
    return parameters.take(name, Parameter.Type.BIAS, size);
  }

  private String inLayer(int index, String rest) {
    return stack.template().replace("{n}", Integer.toString(index)) + rest;
  }

  private Activation activation(Family.ActivationRule rule) {
    String name = config.string(rule.keys().toArray(String[]::new)).orElse(rule.otherwise());
    Activation found =
        Activation.find(name)
            .orElseThrow(() ->
                new UnsupportedFeatureException(
                    "%s: activation \"%s\" is not known here".formatted(config, name)));
    return rule.geluIsTanh() && found == Activation.GELU ? Activation.GELU_TANH : found;
  }

  private double epsilon() {
    String[] keys = family.epsilonKeys().toArray(String[]::new);
    double value =
        config
            .number(keys)
            .orElseThrow(() -> config.malformed(keys[0], "a small number above 0", "nothing"));
    if (!(value >= 0 && value < 1)) {
      throw config.malformed(keys[0], "a small number above 0", String.valueOf(value));
    }
    return value;
  }

  private long paddingId() {
    return family.positions() == PositionRule.BY_PADDING_ID
        ? config
            .integer("pad_token_id")
            .orElseThrow(() -> config.malformed("pad_token_id", "the id of padding", "nothing"))
        : 0;
  }

  private int limit() {
    if (family.embedding() instanceof Embedding.Patches) {
      return 0;
    }
    int positions =
        config.requiredCount(MAX_POSITIONS, "max_position_embeddings", "n_positions", "n_ctx");
    return family.positions() == PositionRule.BY_PADDING_ID
        ? Math.toIntExact(Math.max(0, positions - paddingId() - 1))
        : positions;
  }

  /** Starts of names of the parts that this model does not use and a file may have. */
  private List<String> otherParts() {
    List<String> starts = new ArrayList<>(family.others());
    if (family.pooler() != null) {
      starts.add(family.pooler() + ".");
    }
    for (HeadRule rule : family.heads()) {
      switch (rule) {
        case HeadRule.Vocabulary head -> {
          starts.add(head.decoder() + ".");
          addModule(starts, head.transform());
          addModule(starts, head.norm());
          if (head.bias() != null) {
            starts.add(head.bias());
          }
        }
        case HeadRule.Classes head -> {
          addModule(starts, head.dense());
          starts.add(head.output() + ".");
        }
      }
    }
    return starts;
  }

  private static void addModule(List<String> starts, @Nullable String module) {
    if (module != null) {
      starts.add(module + ".");
    }
  }
}
