package io.hfmerge.hf;

import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.arch.Architectures;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.files.LinkRule;
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
 * Opens models by reference: a folder, a file of safetensors or PyTorch, {@code sample:NAME}, or
 * whatever else a {@link ModelResolver} on the class path knows.
 */
public final class HfModels {

  private static final String CONFIG_FILE = "config.json";

  private final List<ModelResolver> resolvers;
  private final Architectures architectures;

  /**
   * Opens by these parts only.
   *
   * @param resolvers asked in ascending order
   */
  public HfModels(List<ModelResolver> resolvers, Architectures architectures) {
    List<ModelResolver> sorted = new ArrayList<>(resolvers);
    sorted.sort(Comparator.comparingInt(ModelResolver::order));
    this.resolvers = List.copyOf(sorted);
    this.architectures = architectures;
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
   * @param reference a folder, a file, {@code sample:NAME}, ...
   * @throws UnresolvedReferenceException if nothing knows the reference; lists what was tried
   * @throws io.hfmerge.error.MalformedCheckpointException if a file breaks its format's rules
   * @throws IOException if a file cannot be read
   */
  public static HfModel open(String reference) throws IOException {
    return load().openModel(reference);
  }

  /** Opens a model; see {@link #open}. */
  public HfModel openModel(String reference) throws IOException {
    ModelLocation location = locate(reference);
    WeightFiles weights = WeightFiles.open(reference, location);
    Checkpoint checkpoint = weights.checkpoint();
    try {
      Path configFile = location.folder().resolve(CONFIG_FILE);
      Optional<ModelConfig> config = Optional.empty();
      if (Files.exists(configFile)) {
        LinkRule.check(location.folder(), configFile);
        config = Optional.of(ModelConfig.read(configFile));
      }
      return new HfModel(reference, location, checkpoint, config, architectures, weights.notes());
    } catch (IOException | RuntimeException e) {
      checkpoint.close();
      throw e;
    }
  }

  private ModelLocation locate(String reference) throws IOException {
    ResolutionAttempts attempts = new ResolutionAttempts();
    for (ModelResolver resolver : resolvers) {
      Optional<ModelLocation> location = resolver.resolve(reference, attempts);
      if (location.isPresent()) {
        return location.get();
      }
    }
    StringBuilder message =
        new StringBuilder()
            .append('"')
            .append(reference)
            .append(
                "\": expected a folder, a .safetensors or .bin file or sample:NAME, found none of them");
    attempts.list().forEach(attempt -> message.append("\n  tried ").append(attempt));
    throw new UnresolvedReferenceException(message.toString());
  }
}
