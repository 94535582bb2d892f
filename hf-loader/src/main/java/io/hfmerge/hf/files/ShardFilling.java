package io.hfmerge.hf.files;

import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How tensors are divided among the files of a checkpoint: greedily in the order given, as
 * transformers does. A tensor above the limit gets a file of its own; a single file has the plain
 * name.
 */
public final class ShardFilling {

  private ShardFilling() {}

  /**
   * The tensors of each file.
   *
   * @param tensors in the order in which files are filled
   * @param maxShardBytes size above which a new file is begun, in bytes of tensor data
   * @return at least one file, which may be empty
   */
  public static List<List<TensorSpec>> fill(List<TensorSpec> tensors, long maxShardBytes) {
    List<List<TensorSpec>> shards = new ArrayList<>();
    List<TensorSpec> current = new ArrayList<>();
    long size = 0;
    for (TensorSpec tensor : tensors) {
      if (!current.isEmpty() && size + tensor.sizeBytes() > maxShardBytes) {
        shards.add(current);
        current = new ArrayList<>();
        size = 0;
      }
      current.add(tensor);
      size = Math.addExact(size, tensor.sizeBytes());
    }
    shards.add(current);
    return shards;
  }

  /**
   * As in {@code model-00001-of-00002.safetensors}, or {@code model.safetensors} for one alone.
   *
   * @param stem what the name begins with
   * @param ending with its dot
   * @param index from 0
   * @param count number of files
   */
  public static String fileName(String stem, String ending, int index, int count) {
    return count == 1
        ? stem + ending
        : String.format(Locale.ROOT, "%s-%05d-of-%05d%s", stem, index + 1, count, ending);
  }
}
