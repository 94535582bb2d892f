package io.hfmerge.hf;

import io.hfmerge.hf.arch.Architecture;
import io.hfmerge.hf.arch.Architectures;
import io.hfmerge.hf.arch.ModelStructure;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.tensor.Checkpoint;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * An open model: its tensors, its config where there is one, and its structure. Owns the mapped
 * files until closed.
 */
public final class HfModel implements AutoCloseable {

  private final String reference;
  private final ModelLocation location;
  private final Checkpoint checkpoint;
  private final Optional<ModelConfig> config;
  private final ModelStructure structure;
  private final Optional<Architecture> architecture;
  private final Optional<ModelLocation> adapter;
  private final List<String> notes;

  HfModel(
      String reference,
      ModelLocation location,
      Checkpoint checkpoint,
      Optional<ModelConfig> config,
      Architectures architectures,
      Optional<ModelLocation> adapter,
      List<String> notes) {
    this.reference = reference;
    this.location = location;
    this.checkpoint = checkpoint;
    this.config = config;
    this.structure = architectures.structure(config.orElse(null), checkpoint);
    this.architecture = config.flatMap(ModelConfig::modelType).flatMap(architectures::find);
    this.adapter = adapter;
    this.notes = List.copyOf(notes);
  }

  /** What the user asked for. */
  public String reference() {
    return reference;
  }

  /** Where the files are; with an adapter, those of the base. */
  public ModelLocation location() {
    return location;
  }

  /** All folders that the model is read from. */
  public List<ModelLocation> locations() {
    return adapter.map(folder -> List.of(location, folder)).orElse(List.of(location));
  }

  /** The tensors; open as long as this model is. */
  public Checkpoint checkpoint() {
    return checkpoint;
  }

  /** The parsed {@code config.json}; empty where the model has none. */
  public Optional<ModelConfig> config() {
    return config;
  }

  /** Layers, roles, heads and names. */
  public ModelStructure structure() {
    return structure;
  }

  /** What a user should know of how weights were found and an adapter applies, a line each. */
  public List<String> notes() {
    return notes;
  }

  /** The definition of its family; empty where there is none. */
  public Optional<Architecture> architecture() {
    return architecture;
  }

  @Override
  public void close() throws IOException {
    checkpoint.close();
  }
}
