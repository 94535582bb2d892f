package io.hfmerge.hf;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a model's files are.
 *
 * @param folder the folder that holds config, tokenizer and weights
 * @param weightsFile the one file of weights meant, where the reference named a file; else the
 *     folder's own files are looked up
 * @param revision commit or version, where the source has one
 * @param remote the weights, where they are not in the folder
 */
public record ModelLocation(
    Path folder,
    Optional<Path> weightsFile,
    Optional<String> revision,
    Optional<RemoteWeights> remote) {

  /** With weights on this machine. */
  public ModelLocation(Path folder, Optional<Path> weightsFile, Optional<String> revision) {
    this(folder, weightsFile, revision, Optional.empty());
  }

  /** A model folder. */
  public static ModelLocation folder(Path folder) {
    return new ModelLocation(folder, Optional.empty(), Optional.empty());
  }

  /** A single weights file; its folder may hold a config. */
  public static ModelLocation file(Path file) {
    Path parent = file.toAbsolutePath().normalize().getParent();
    return new ModelLocation(
        parent == null ? Path.of("") : parent, Optional.of(file), Optional.empty());
  }
}
