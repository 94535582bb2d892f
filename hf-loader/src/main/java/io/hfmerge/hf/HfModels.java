package io.hfmerge.hf;

import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.arch.Architectures;
import io.hfmerge.hf.arch.ModelStructure;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.files.LinkRule;
import io.hfmerge.hf.lora.AdaptedCheckpoint;
import io.hfmerge.hf.lora.Adapter;
import io.hfmerge.hf.lora.AdapterConfig;
import io.hfmerge.tensor.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * Opens models by reference: a folder, a file of safetensors or PyTorch, {@code sample:NAME}, a
 * model on the Hugging Face Hub, or whatever else a {@link ModelResolver} on the class path knows;
 * {@code BASE+ADAPTER} is a base with a PEFT adapter applied ({@link ModelReference}).
 */
public final class HfModels {

  private static final String CONFIG_FILE = "config.json";

  private final List<ModelResolver> resolvers;
  private final Architectures architectures;
  private final OpenOptions options;

  /**
   * Opens by these parts only.
   *
   * @param resolvers asked in ascending order
   */
  public HfModels(List<ModelResolver> resolvers, Architectures architectures) {
    this(resolvers, architectures, OpenOptions.DEFAULT);
  }

  private HfModels(
      List<ModelResolver> resolvers, Architectures architectures, OpenOptions options) {
    List<ModelResolver> sorted = new ArrayList<>(resolvers);
    sorted.sort(Comparator.comparingInt(ModelResolver::order));
    this.resolvers = List.copyOf(sorted);
    this.architectures = architectures;
    this.options = options;
  }

  /** The same, opening models in this way. */
  public HfModels with(OpenOptions changed) {
    return new HfModels(resolvers, architectures, changed);
  }

  /**
   * With the resolvers and architectures that the thread's context class loader finds: those on the
   * class path, unless the thread was given another loader.
   *
   * @throws UnsupportedFeatureException if one of them cannot be loaded
   */
  public static HfModels load() {
    return load(Thread.currentThread().getContextClassLoader());
  }

  /**
   * With the resolvers and architectures that this class loader finds.
   *
   * @param classLoader where to look; null for the system's
   * @throws UnsupportedFeatureException if one of them cannot be loaded
   */
  public static HfModels load(@Nullable ClassLoader classLoader) {
    try {
      return new HfModels(
          ServiceLoader.load(ModelResolver.class, classLoader).stream()
              .map(ServiceLoader.Provider::get)
              .toList(),
          Architectures.load(classLoader));
    } catch (ServiceConfigurationError e) {
      throw new UnsupportedFeatureException(
          "a plug-in on the class path cannot be loaded: " + e.getMessage(), e);
    }
  }

  /**
   * Opens a model with the parts that {@link #load()} finds.
   *
   * @param reference a folder, a file, {@code sample:NAME}, {@code owner/name@revision} on the Hub,
   *     ...
   * @throws UnresolvedReferenceException if nothing knows the reference; lists what was tried
   * @throws io.hfmerge.error.MalformedCheckpointException if a file breaks its format's rules
   * @throws IOException if a file cannot be read
   */
  public static HfModel open(String reference) throws IOException {
    return load().openModel(reference);
  }

  /**
   * Opens a model with the parts that {@link #load()} finds.
   *
   * @param reference see {@link #open(String)}
   * @param options how far it is, whether to stop, whether to download
   */
  public static HfModel open(String reference, OpenOptions options) throws IOException {
    return load().with(options).openModel(reference);
  }

  /** Opens a model; see {@link #open(String)}. */
  public HfModel openModel(String reference) throws IOException {
    ModelReference parts = ModelReference.parse(reference);
    ModelLocation location = locate(parts.model());
    return assemble(
        reference, parts.adapter(), location, WeightFiles.open(parts.model(), location));
  }

  /**
   * A model of given tensors, computed ones for instance.
   *
   * @param reference how it is called
   * @param folder holds the config, if there is one, and companion files
   * @param checkpoint closed with the model, and at once if this fails
   * @throws IOException if the config cannot be read
   */
  public HfModel assemble(String reference, Path folder, Checkpoint checkpoint) throws IOException {
    return assemble(
        reference,
        Optional.empty(),
        ModelLocation.folder(folder),
        new WeightFiles(checkpoint, List.of()));
  }

  private HfModel assemble(
      String reference, Optional<String> adapterName, ModelLocation location, WeightFiles weights)
      throws IOException {
    Checkpoint checkpoint = weights.checkpoint();
    try {
      Path configFile = location.folder().resolve(CONFIG_FILE);
      Optional<ModelConfig> config = Optional.empty();
      if (Files.exists(configFile)) {
        LinkRule.check(location.folder(), configFile);
        config = Optional.of(ModelConfig.read(configFile));
      }
      List<String> notes = new ArrayList<>(weights.notes());
      Optional<ModelLocation> adapter = Optional.empty();
      if (adapterName.isPresent()) {
        adapter = Optional.of(locate(adapterName.get()));
        ModelStructure structure = architectures.structure(config.orElse(null), checkpoint);
        AdaptedCheckpoint adapted =
            AdaptedCheckpoint.of(
                checkpoint, structure, openAdapter(adapterName.get(), adapter.get()));
        checkpoint = adapted;
        notes.addAll(adapted.notes());
      }
      return new HfModel(reference, location, checkpoint, config, architectures, adapter, notes);
    } catch (IOException | RuntimeException e) {
      checkpoint.close();
      throw e;
    }
  }

  /**
   * Opens a PEFT adapter by itself.
   *
   * @param reference a folder with {@code adapter_config.json}, or whatever a resolver knows
   * @throws UnresolvedReferenceException if nothing knows the reference or it is no adapter
   * @throws io.hfmerge.error.MalformedCheckpointException if its config and tensors do not agree
   * @throws UnsupportedFeatureException if it needs something that is not computed here
   * @throws IOException if a file cannot be read
   */
  public Adapter openAdapter(String reference) throws IOException {
    return openAdapter(reference, locate(reference));
  }

  private static Adapter openAdapter(String reference, ModelLocation location) throws IOException {
    Path folder = location.folder();
    Path configFile = folder.resolve(AdapterConfig.FILE);
    if (!Files.exists(configFile)) {
      throw new UnresolvedReferenceException(
          "%s: expected an adapter's folder with %s, found none"
              .formatted(folder, AdapterConfig.FILE));
    }
    AdapterConfig config = AdapterConfig.read(configFile);
    for (String name : Adapter.FILES) {
      Path weights = folder.resolve(name);
      if (Files.exists(weights)) {
        return Adapter.of(
            config, WeightFiles.open(reference, ModelLocation.file(weights)).checkpoint());
      }
    }
    if (location.remote().isPresent()) {
      return Adapter.of(config, location.remote().get().open(reference));
    }
    throw new UnresolvedReferenceException(
        "%s: expected %s beside %s, found none"
            .formatted(folder, Adapter.FILES.getFirst(), AdapterConfig.FILE));
  }

  /**
   * Finds the files of one part of a reference, without opening them.
   *
   * @throws UnresolvedReferenceException if nothing knows the reference; lists what was tried
   * @throws IOException if it is known but cannot be fetched or read
   */
  public ModelLocation locate(String reference) throws IOException {
    ResolutionAttempts attempts = new ResolutionAttempts();
    for (ModelResolver resolver : resolvers) {
      Optional<ModelLocation> location = resolver.resolve(reference, options, attempts);
      if (location.isPresent()) {
        return location.get();
      }
    }
    StringBuilder message =
        new StringBuilder()
            .append('"')
            .append(reference)
            .append(
                "\": expected a folder, a .safetensors or .bin file, sample:NAME or a model on the"
                    + " Hub, found none of them");
    attempts.list().forEach(attempt -> message.append("\n  tried ").append(attempt));
    throw new UnresolvedReferenceException(message.toString());
  }
}
