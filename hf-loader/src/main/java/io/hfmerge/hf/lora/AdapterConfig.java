package io.hfmerge.hf.lora;

import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.config.ModelConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * PEFT's {@code adapter_config.json}, as far as it decides the arithmetic. Whatever this program
 * does not compute as PEFT does, unknown keys included, is refused by name.
 *
 * <p>Keys and their meaning: huggingface/peft 0.21, {@code LoraConfig}.
 */
public final class AdapterConfig {

  /** Name of the file in an adapter's folder. */
  public static final String FILE = "adapter_config.json";

  /** Far above any adapter; a whole matrix of the largest models has a rank of 16,384. */
  static final int MAX_RANK = 1 << 16;

  /** Published scales lie between 0.01 and 64; beyond this a file is damaged or hostile. */
  static final double MAX_SCALE = 1e6;

  /** Keys that leave the merged weights as they are, whatever they say. */
  private static final Set<String> WITHOUT_EFFECT =
      Set.of(
          "auto_mapping",
          "base_model_name_or_path",
          "corda_config",
          "ensure_weight_tying",
          "eva_config",
          "inference_mode",
          "loftq_config",
          "lora_dropout",
          "lora_ga_config",
          "megatron_core",
          "peft_version",
          "qalora_group_size",
          "revision",
          "runtime_config",
          "task_type",
          "velora_config");

  private static final Set<String> READ =
      Set.of(
          "alpha_pattern",
          "bias",
          "exclude_modules",
          "fan_in_fan_out",
          "init_lora_weights",
          "layers_pattern",
          "layers_to_transform",
          "lora_alpha",
          "lora_bias",
          "modules_to_save",
          "peft_type",
          "r",
          "rank_pattern",
          "target_modules",
          "use_dora",
          "use_rslora");

  /** Initialisations that leave the base as it is. */
  private static final Set<String> PLAIN_INITIALISATIONS =
      Set.of("true", "false", "gaussian", "eva", "orthogonal");

  /** Which biases are in the file, whole. */
  enum Bias {
    NONE,
    ALL,
    LORA_ONLY
  }

  private record Pattern<T>(ModulePattern modules, T value) {}

  private final ModelConfig config;
  private final int rank;
  private final double alpha;
  private final List<Pattern<Integer>> ranks;
  private final List<Pattern<Double>> alphas;
  private final boolean rankStabilised;
  private final boolean magnitudes;
  private final boolean fanInFanOut;
  private final Bias bias;
  private final TargetModules targets;
  private final List<String> modulesToSave;

  private AdapterConfig(ModelConfig config) {
    this.config = config;
    refuseOtherKinds(config);
    this.rank = config.requiredCount(MAX_RANK, "r");
    this.alpha = config.number("lora_alpha").orElse(8); // LoraConfig's default
    this.ranks = rankPattern(config);
    this.alphas = alphaPattern(config);
    this.rankStabilised = config.bool("use_rslora").orElse(false);
    this.magnitudes = config.bool("use_dora").orElse(false);
    this.fanInFanOut = config.bool("fan_in_fan_out").orElse(false);
    this.bias =
        switch (config.string("bias").orElse("none")) {
          case "none" -> Bias.NONE;
          case "all" -> Bias.ALL;
          case "lora_only" -> Bias.LORA_ONLY;
          case String other ->
              throw config.malformed("bias", "none, all or lora_only", '"' + other + '"');
        };
    this.targets = TargetModules.read(config);
    this.modulesToSave = ConfigValues.texts(config, "modules_to_save");
    config.bool("lora_bias");
  }

  /**
   * Reads a config.
   *
   * @throws io.hfmerge.error.MalformedCheckpointException if it is no JSON object or a value makes
   *     no sense
   * @throws UnsupportedFeatureException if it asks for something that is not computed here
   * @throws IOException if it cannot be read
   */
  public static AdapterConfig read(Path file) throws IOException {
    return new AdapterConfig(ModelConfig.read(file));
  }

  /** Parses a config's text; {@code source} is what to call it in messages. */
  static AdapterConfig parse(String text, String source) {
    return new AdapterConfig(ModelConfig.parse(text, source));
  }

  private static void refuseOtherKinds(ModelConfig config) {
    String type =
        config
            .string("peft_type")
            .orElseThrow(() -> config.malformed("peft_type", "\"LORA\"", "nothing"));
    if (!type.toUpperCase(Locale.ROOT).equals("LORA")) {
      throw unsupported(config, "peft_type", "LORA adapters are read", '"' + type + '"');
    }
    for (Map.Entry<String, JsonNode> entry : config.tree().properties()) {
      String key = entry.getKey();
      if (!READ.contains(key)
          && !WITHOUT_EFFECT.contains(key)
          && !ConfigValues.isUnset(entry.getValue())) {
        throw unsupported(
            config, key, "this setting is not computed here", ConfigValues.quote(entry.getValue()));
      }
    }
  }

  /** What a user should know of its settings, a line each. */
  public List<String> notes() {
    JsonNode init = config.tree().path("init_lora_weights");
    if (init.isMissingNode() || init.isNull()) {
      return List.of();
    }
    String name = init.isString() ? init.stringValue() : init.toString();
    return PLAIN_INITIALISATIONS.contains(name.toLowerCase(Locale.ROOT))
        ? List.of()
        : List.of(
            "%s: key \"init_lora_weights\": found %s, which changes the base model when training begins:"
                    .formatted(config.source(), ConfigValues.quote(init))
                + " the result is wrong unless the base given is the changed one; PEFT's"
                + " save_pretrained(..., path_initial_model_for_weight_conversion=...) makes an adapter"
                + " of the original");
  }

  private static UnsupportedFeatureException unsupported(
      ModelConfig config, String key, String why, String found) {
    return new UnsupportedFeatureException(
        "%s: key \"%s\": %s, found %s; merge the adapter with PEFT's merge_and_unload"
            .formatted(config.source(), key, why, found));
  }

  private static List<Pattern<Integer>> rankPattern(ModelConfig config) {
    List<Pattern<Integer>> patterns = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : entries(config, "rank_pattern")) {
      ModelConfig ranks = config.object("rank_pattern").orElseThrow();
      patterns.add(
          new Pattern<>(
              pattern(config, "rank_pattern", entry.getKey()),
              ranks.requiredCount(MAX_RANK, entry.getKey())));
    }
    return List.copyOf(patterns);
  }

  private static List<Pattern<Double>> alphaPattern(ModelConfig config) {
    List<Pattern<Double>> patterns = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : entries(config, "alpha_pattern")) {
      JsonNode value = entry.getValue();
      if (!value.isNumber() || !Double.isFinite(value.asDouble())) {
        throw config.malformed(
            "alpha_pattern." + entry.getKey(), "a finite number", ConfigValues.quote(value));
      }
      patterns.add(
          new Pattern<>(pattern(config, "alpha_pattern", entry.getKey()), value.asDouble()));
    }
    return List.copyOf(patterns);
  }

  private static Set<Map.Entry<String, JsonNode>> entries(ModelConfig config, String key) {
    return config.object(key).map(object -> object.tree().properties()).orElse(Set.of());
  }

  private static ModulePattern pattern(ModelConfig config, String key, String expression) {
    return ModulePattern.ending(config.source() + ": key \"" + key + '"', expression);
  }

  /** Where it came from, as in messages. */
  public String source() {
    return config.source();
  }

  /** What the adapter was trained on, as its author called it. */
  public Optional<String> baseModel() {
    return config.string("base_model_name_or_path");
  }

  /** The task that PEFT builds a model for, e.g. {@code CAUSAL_LM}. */
  public Optional<String> taskType() {
    return config.string("task_type");
  }

  /** Whether the adapter has magnitude vectors (DoRA, arXiv:2402.09353). */
  public boolean magnitudes() {
    return magnitudes;
  }

  /** Whether weights are stored {@code [in, out]}; PEFT itself goes by the class of the module. */
  public boolean fanInFanOut() {
    return fanInFanOut;
  }

  /** Whether modules stored whole stay tied to the weights that they were tied to. */
  boolean keepsTies() {
    return config.bool("ensure_weight_tying").orElse(false);
  }

  Bias bias() {
    return bias;
  }

  /** Whether the config names the modules that it means, so that one without tensors is missing. */
  boolean namesModules() {
    return targets.named();
  }

  /**
   * Whether a module is stored whole: the end of its own name, or of that of one around it, is in
   * {@code modules_to_save}. PEFT compares ends of names, not whole words.
   */
  boolean isSaved(String module) {
    for (int end = module.length(); end > 0; end = module.lastIndexOf('.', end - 1)) {
      String around = module.substring(0, end);
      if (modulesToSave.stream().anyMatch(around::endsWith)) {
        return true;
      }
    }
    return false;
  }

  /** Whether a module gets a low-rank update: it is meant, and not stored whole. */
  boolean isAdapted(String module) {
    String inner = '.' + module + '.';
    return targets.matches(module)
        && modulesToSave.stream().noneMatch(name -> inner.contains('.' + name + '.'));
  }

  /** The rank of a module: that of the first pattern that matches, else {@code r}. */
  int rank(String module) {
    return ranks.stream()
        .filter(pattern -> pattern.modules().matches(module))
        .findFirst()
        .map(Pattern::value)
        .orElse(rank);
  }

  /**
   * The factor of BA: alpha/r, or alpha/√r where rank-stabilised (arXiv:2312.03732).
   *
   * @throws io.hfmerge.error.MalformedCheckpointException if it is absurdly large
   */
  double scale(String module) {
    double scaled =
        alphas.stream()
            .filter(pattern -> pattern.modules().matches(module))
            .findFirst()
            .map(Pattern::value)
            .orElse(alpha);
    double ranked = rank(module);
    double scale = scaled / (rankStabilised ? Math.sqrt(ranked) : ranked);
    if (!(Math.abs(scale) <= MAX_SCALE)) {
      throw config.malformed(
          "lora_alpha",
          "a scale of at most " + MAX_SCALE + " for " + module,
          String.valueOf(scale));
    }
    return scale;
  }
}
