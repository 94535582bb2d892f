package io.hfmerge.hf.output;

import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.json.PythonJson;
import io.hfmerge.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/**
 * The {@code config.json} of a merged model: the base's, byte for byte, but for the dtype where the
 * output has another. Unknown keys and their order are kept.
 */
final class OutputConfig {

  private static final String DTYPE = "dtype";

  /** The key that transformers before 4.56 reads, and later ones still do. */
  private static final String TORCH_DTYPE = "torch_dtype";

  private OutputConfig() {}

  /**
   * Writes the config.
   *
   * @param source the base's config file
   * @param target file to create
   * @param dtype dtype that the recipe asks the output to have; empty to keep what the base has
   */
  static void write(Path source, Path target, Optional<DType> dtype) throws IOException {
    ModelConfig config = ModelConfig.read(source);
    if (dtype.isEmpty() || config.dtype().equals(dtype)) {
      Files.write(target, Files.readAllBytes(source));
      return;
    }
    ObjectNode tree = config.tree().deepCopy();
    String name = dtype.get().torchName();
    if (tree.has(DTYPE)) {
      tree.put(DTYPE, name);
    }
    if (tree.has(TORCH_DTYPE) || !tree.has(DTYPE)) {
      tree.put(TORCH_DTYPE, name);
    }
    Files.writeString(target, PythonJson.write(tree));
  }
}
