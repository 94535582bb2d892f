package io.hfmerge.hf.arch;

import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.TensorSpec;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/** The families that are known, by {@code model_type}. Immutable. */
public final class Architectures {

  private final Map<String, Architecture> byModelType = new LinkedHashMap<>();

  private Architectures(Iterable<? extends ArchitectureProvider> providers) {
    Map<String, String> claimedBy = new LinkedHashMap<>();
    for (ArchitectureProvider provider : providers) {
      String name = provider.getClass().getName();
      for (Architecture architecture : provider.architectures()) {
        for (String modelType : architecture.modelTypes()) {
          String earlier = claimedBy.putIfAbsent(modelType, name);
          if (earlier != null) {
            throw new UnsupportedFeatureException(
                "model_type \"%s\" is defined by %s and by %s: expected one definition; %s"
                    .formatted(
                        modelType, earlier, name, "take one of the jars off the class path"));
          }
          byModelType.put(modelType, architecture);
        }
      }
    }
  }

  /**
   * The families of every provider that the thread's class loader finds.
   *
   * @throws UnsupportedFeatureException if two providers define the same {@code model_type}
   */
  public static Architectures load() {
    return new Architectures(ServiceLoader.load(ArchitectureProvider.class));
  }

  /**
   * The families of every provider that this class loader finds.
   *
   * @param classLoader where to look; null for the system's
   * @throws UnsupportedFeatureException if two providers define the same {@code model_type}
   */
  public static Architectures load(@Nullable ClassLoader classLoader) {
    return new Architectures(ServiceLoader.load(ArchitectureProvider.class, classLoader));
  }

  /**
   * The families of these providers only.
   *
   * @throws UnsupportedFeatureException if two providers define the same {@code model_type}
   */
  public static Architectures of(Iterable<? extends ArchitectureProvider> providers) {
    return new Architectures(providers);
  }

  /** Every {@code model_type} with a definition. */
  public SequencedSet<String> modelTypes() {
    return Collections.unmodifiableSequencedSet(new LinkedHashSet<>(byModelType.keySet()));
  }

  /** The definition of a {@code model_type}. */
  public Optional<Architecture> find(String modelType) {
    return Optional.ofNullable(byModelType.get(modelType));
  }

  /**
   * Finds out where a checkpoint's layers, roles and buffers are.
   *
   * @param config its config; without one, or if no family of that type is known, everything is by
   *     tensor name and shape
   * @param tensors its tensors
   * @param id its name for messages
   * @throws io.hfmerge.error.MalformedCheckpointException if the config's sizes make no sense, a
   *     tensor's shape contradicts them, or two tensors are the same weight
   */
  public ModelStructure structure(
      @Nullable ModelConfig config, Collection<TensorSpec> tensors, String id) {
    if (config == null) {
      return new PlainStructure("unknown", tensors);
    }
    String modelType = config.modelType().orElse("unknown");
    Architecture architecture = byModelType.get(modelType);
    return architecture == null
        ? new PlainStructure(modelType, tensors)
        : new DefinedStructure(architecture, config, tensors, id);
  }

  /**
   * {@link #structure(ModelConfig, Collection, String)} of an open checkpoint; reads no data.
   *
   * @param config its config, or null
   */
  public ModelStructure structure(@Nullable ModelConfig config, Checkpoint checkpoint) {
    return structure(config, checkpoint.tensors(), checkpoint.id());
  }
}
