package io.hfmerge.hf.djl.model;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.djl.DjlTensors;
import io.hfmerge.hf.djl.block.KeyValueCache;
import io.hfmerge.hf.djl.block.TransformerBlock;
import io.hfmerge.hf.djl.block.TransformerBlock.Wanted;
import io.hfmerge.hf.djl.block.TransformerInputs;
import io.hfmerge.hf.djl.block.TransformerOutputs;
import io.hfmerge.hf.djl.model.Family.HeadRule;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * A model that runs: the blocks of its family with the weights of a checkpoint, on one device. Owns
 * the weights until closed, and must be closed before the checkpoint, whose memory it shares on the
 * CPU.
 *
 * <pre>{@code
 * try (HfModel files = HfModels.open("org/name");
 *     TransformerModel model = TransformerModel.load(files, Device.cpu());
 *     NDManager manager = model.newManager()) {
 *   NDArray ids = manager.create(new long[][] {{464, 3290}});
 *   NDArray logits = model.run(TransformerInputs.of(ids), Wanted.LOGITS).logits();
 * }
 * }</pre>
 *
 * <p>Several threads may run it at a time, each with a manager of its own. Results on one device
 * with one number of threads are the same bits every time.
 */
public final class TransformerModel implements AutoCloseable {

  private final HfModel model;
  private final ModelConfig config;
  private final Task task;
  private final TransformerBlock block;
  private final List<String> extras;
  private final DjlTensors weights;
  private final NDManager manager;
  private final ParameterStore store;

  private TransformerModel(
      HfModel model,
      ModelConfig config,
      Task task,
      TransformerBlock block,
      List<String> extras,
      DjlTensors weights,
      NDManager manager) {
    this.model = model;
    this.config = config;
    this.task = task;
    this.block = block;
    this.extras = List.copyOf(extras);
    this.weights = weights;
    this.manager = manager;
    this.store = new ParameterStore(manager, false);
  }

  /** Loads a model with the head of its config's class. */
  public static TransformerModel load(HfModel model, Device device) throws IOException {
    return load(model, LoadOptions.on(device));
  }

  /**
   * Loads a model.
   *
   * @param model stays open as long as the result is used
   * @throws IOException if weights cannot be read
   * @throws UnsupportedFeatureException if nothing here runs the family, or the head asked for
   * @throws io.hfmerge.error.MalformedCheckpointException if tensors are missing, left over, or of
   *     shapes that contradict the config; nothing is ever filled in
   */
  public static TransformerModel load(HfModel model, LoadOptions options) throws IOException {
    ModelConfig config = config(model);
    Family family = family(model, config);
    refuseVariants(config);
    StoredParameters parameters = new StoredParameters(model);
    Task task = task(config, family, parameters, options.task());
    HeadRule rule = ModelComposition.head(family, task).orElse(null);
    ModelComposition composition = new ModelComposition(model, config, family, parameters);
    TransformerBlock block = composition.compose(model, rule, options.extras());
    NDManager manager = NDManager.newBaseManager(options.device(), "PyTorch");
    boolean complete = false;
    try {
      DjlTensors weights =
          DjlTensors.load(
              model.checkpoint(), manager, parameters.names(), precision(model, options));
      parameters.fill(weights);
      complete = true;
      return new TransformerModel(
          model, config, task, block, composition.extras(), weights, manager);
    } finally {
      if (!complete) {
        manager.close();
      }
    }
  }

  /** Every {@code model_type} that runs. */
  public static List<String> modelTypes() {
    return Families.modelTypes();
  }

  /** Whether anything here runs models of this family; its weights may still be refused. */
  public static boolean runs(HfModel model) {
    return model.architecture().isPresent()
        && model.config().flatMap(ModelConfig::modelType).flatMap(Families::find).isPresent();
  }

  /** The DJL block, for trainers and predictors. */
  public TransformerBlock block() {
    return block;
  }

  /** Tensors that were left out since the model has no place for them. */
  public List<String> extras() {
    return extras;
  }

  /** The head. */
  public Task task() {
    return task;
  }

  /** The model's config. */
  public ModelConfig config() {
    return config;
  }

  /** The files that it was loaded from. */
  public HfModel files() {
    return model;
  }

  /** Where it runs. */
  public Device device() {
    return manager.getDevice();
  }

  /** A manager for inputs and results; close it when they are used up. */
  public NDManager newManager() {
    return manager.newSubManager();
  }

  /** An empty cache for generation; close it before the model. */
  public KeyValueCache newCache() {
    return new KeyValueCache(manager);
  }

  /**
   * Runs the model without gradients.
   *
   * @see TransformerBlock#run
   */
  public TransformerOutputs run(TransformerInputs inputs, Wanted wanted) {
    return block.run(store, inputs, false, null, wanted);
  }

  /**
   * Runs a causal model on tokens that follow those in a cache, and adds them to it.
   *
   * @throws IllegalStateException if the model is not causal
   */
  public TransformerOutputs run(TransformerInputs inputs, KeyValueCache cache, Wanted wanted) {
    if (!block.settings().causal()) {
      throw new IllegalStateException("only causal models can go on from a cache");
    }
    return block.run(store, inputs, false, cache, wanted);
  }

  @Override
  public void close() {
    weights.close();
    manager.close();
  }

  private static ModelConfig config(HfModel model) {
    return model
        .config()
        .orElseThrow(() ->
            new UnsupportedFeatureException(
                model.reference() + ": expected a config.json, without which nothing can run"));
  }

  private static Family family(HfModel model, ModelConfig config) {
    String type = config.modelType().orElse("none");
    return Families.find(type)
        .filter(family -> model.architecture().isPresent())
        .orElseThrow(() ->
            new UnsupportedFeatureException(
                "%s: model_type \"%s\": this version runs %s"
                    .formatted(config, type, String.join(", ", Families.modelTypes()))));
  }

  /** Settings that change the forward pass in ways that nothing here computes. */
  private static void refuseVariants(ModelConfig config) {
    if (config.has("quantization_config")) {
      throw new UnsupportedFeatureException(config + ": quantized weights do not run here");
    }
    for (String key : List.of("add_cross_attention", "is_decoder")) {
      if (config.bool(key).orElse(false)) {
        throw new UnsupportedFeatureException(
            "%s: \"%s\": true is not supported in this version".formatted(config, key));
      }
    }
    String positions = config.string("position_embedding_type").orElse("absolute");
    if (!positions.equals("absolute")) {
      throw new UnsupportedFeatureException(
          "%s: position_embedding_type \"%s\": expected absolute".formatted(config, positions));
    }
  }

  private static Task task(
      ModelConfig config, Family family, StoredParameters parameters, Optional<Task> wanted) {
    if (wanted.isPresent()) {
      return supported(config, family, wanted.get());
    }
    for (String name : config.architectures()) {
      Optional<Task> task = Task.ofClass(name);
      if (task.isPresent()) {
        return supported(config, family, task.get());
      }
    }
    if (!config.architectures().isEmpty()) {
      throw new UnsupportedFeatureException(
          "%s: class %s: its head is not known here; choose another task, such as EMBEDDING"
              .formatted(config, String.join(", ", config.architectures())));
    }
    // without a class: the language model that every causal checkpoint is, else no head
    boolean causalHead =
        family.heads().stream()
            .anyMatch(rule ->
                rule instanceof HeadRule.Vocabulary head
                    && head.task() == Task.CAUSAL_LM
                    && parameters.has(head.decoder() + ".weight"));
    return causalHead ? Task.CAUSAL_LM : Task.EMBEDDING;
  }

  private static Task supported(ModelConfig config, Family family, Task task) {
    if (task != Task.EMBEDDING && ModelComposition.head(family, task).isEmpty()) {
      throw new UnsupportedFeatureException(
          "%s: a %s model has no head for %s here".formatted(config, family.modelType(), task));
    }
    return task;
  }

  private static DjlTensors.Option[] precision(HfModel model, LoadOptions options) {
    boolean gpu = options.device().isGpu();
    boolean half =
        switch (options.precision()) {
          case AUTO -> gpu && storedAsHalf(model);
          case F32 -> false;
          case F16 -> true;
        };
    if (half && !gpu) {
      throw new UnsupportedFeatureException("F16 runs on a GPU only: choose F32 on the CPU");
    }
    return new DjlTensors.Option[] {
      half ? DjlTensors.Option.ALL_AS_F16 : DjlTensors.Option.ALL_AS_F32
    };
  }

  private static boolean storedAsHalf(HfModel model) {
    return model.checkpoint().tensors().stream()
        .map(TensorSpec::dtype)
        .filter(DType::isFloat)
        .allMatch(type -> type == DType.F16);
  }
}
