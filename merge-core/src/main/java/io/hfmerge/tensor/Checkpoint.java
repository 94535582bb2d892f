package io.hfmerge.tensor;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A set of named tensors to read from; owns the open files or mappings behind it until closed.
 *
 * <p>Data is row-major and little-endian. Implementations may be read by several threads at once
 * and never write to what they read. Nothing returned outlives {@link #close()}.
 */
public interface Checkpoint extends AutoCloseable {

  /** How the user named it, for messages: a path or a reference. */
  String id();

  /**
   * The files that the tensors come from, for telling later whether they have changed; empty where
   * there are none.
   */
  default List<Path> files() {
    return List.of();
  }

  /** All tensors in the order of the files. Names are unique. */
  List<TensorSpec> tensors();

  /** The tensor of this exact name. */
  Optional<TensorSpec> find(String name);

  /** The files' own string metadata, e.g. {@code format=pt}; empty where there is none. */
  Map<String, String> metadata();

  /**
   * Copies part of a tensor's bytes.
   *
   * @param tensor name of an existing tensor
   * @param offsetBytes first byte, counted from the tensor's own start
   * @param destination filled completely
   * @throws IOException if the bytes cannot be read
   * @throws IllegalArgumentException if there is no such tensor or the range leaves it
   */
  void read(String tensor, long offsetBytes, MemorySegment destination) throws IOException;

  /**
   * All bytes of a tensor as read-only mapped memory, of any alignment, without a copy.
   *
   * @param tensor name of an existing tensor
   * @return empty where the bytes are not mapped as they are (computed, strided or remote tensors);
   *     {@link #read} then gives them
   */
  Optional<MemorySegment> mapped(String tensor);

  /**
   * What was found about a tensor while it was computed, known once all of it was read; empty where
   * tensors are stored.
   */
  default List<String> remarks(String tensor) {
    return List.of();
  }

  /**
   * Most memory that so many threads, reading at a time, make it take beside their destinations:
   * that of tensors which are computed.
   */
  default long memoryBytes(int threads) {
    return 0;
  }

  /**
   * The tensor of this name, which must exist.
   *
   * @throws IllegalArgumentException if it does not
   */
  default TensorSpec get(String name) {
    return find(name)
        .orElseThrow(() -> new IllegalArgumentException(id() + " has no tensor \"" + name + '"'));
  }

  @Override
  void close() throws IOException;
}
