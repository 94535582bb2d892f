package io.hfmerge.hf.safetensors;

import io.hfmerge.hf.files.ShardFilling;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Which tensor goes into which file of a checkpoint, and where in it.
 *
 * <p>Shards are filled by {@link ShardFilling}. Within a file tensors are laid out as the reference
 * writer does, by descending alignment of their dtype and then by name, so that every tensor is
 * aligned to its element size.
 *
 * @param shards the files, in order
 */
record SafetensorsLayout(List<Shard> shards) {

  SafetensorsLayout {
    shards = List.copyOf(shards);
  }

  /**
   * One file.
   *
   * @param fileName name within the checkpoint's folder
   * @param tensors in the order of their data
   */
  record Shard(String fileName, List<TensorSpec> tensors) {
    Shard {
      tensors = List.copyOf(tensors);
    }

    long sizeBytes() {
      return tensors.stream().mapToLong(TensorSpec::sizeBytes).sum();
    }
  }

  static SafetensorsLayout of(List<TensorSpec> tensors, long maxShardBytes) {
    List<List<TensorSpec>> groups = ShardFilling.fill(tensors, maxShardBytes);
    List<Shard> shards = new ArrayList<>();
    for (int i = 0; i < groups.size(); i++) {
      String name = ShardFilling.fileName("model", ".safetensors", i, groups.size());
      shards.add(shard(name, groups.get(i)));
    }
    return new SafetensorsLayout(shards);
  }

  /** One file of this name. */
  static SafetensorsLayout ofFile(String fileName, List<TensorSpec> tensors) {
    return new SafetensorsLayout(List.of(shard(fileName, tensors)));
  }

  private static Shard shard(String fileName, List<TensorSpec> tensors) {
    List<TensorSpec> ordered = new ArrayList<>(tensors);
    ordered.sort(
        Comparator.comparing(TensorSpec::dtype).reversed().thenComparing(TensorSpec::name));
    return new Shard(fileName, ordered);
  }
}
