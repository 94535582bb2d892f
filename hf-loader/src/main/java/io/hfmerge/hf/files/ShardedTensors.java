package io.hfmerge.hf.files;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The tensors of all files of a checkpoint by name: each in one file, and in the one that the index
 * names. Files are known by their names, so that they may be anywhere.
 *
 * @param <P> where a tensor is, as its format says it
 */
public final class ShardedTensors<P> {

  private record Held<P>(TensorSpec spec, String file, P place) {

    String shard() {
      return file.substring(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
    }
  }

  private final String id;
  private final Map<String, Held<P>> byName = new LinkedHashMap<>();
  private final List<TensorSpec> specs = new ArrayList<>();

  /**
   * Without tensors yet.
   *
   * @param id name of the checkpoint for messages
   */
  public ShardedTensors(String id) {
    this.id = id;
  }

  /**
   * Adds a tensor.
   *
   * @param file path or address of its file
   * @param where its place there for a message, such as " at byte 8"; or empty
   * @throws MalformedCheckpointException if there is one of this name already
   */
  public void add(String file, Supplier<String> where, TensorSpec spec, P place) {
    Held<P> earlier = byName.putIfAbsent(spec.name(), new Held<>(spec, file, place));
    if (earlier != null) {
      throw new MalformedCheckpointException(
          "%s: tensor \"%s\"%s: expected in one shard, found in %s too"
              .formatted(file, spec.name(), where.get(), earlier.shard()));
    }
    specs.add(spec);
  }

  /**
   * Checks that every tensor is in the file that the index names.
   *
   * @throws MalformedCheckpointException if one is elsewhere or nowhere
   */
  public void check(ShardIndex index) {
    index
        .fileByTensor()
        .forEach((tensor, file) -> {
          Held<P> held = byName.get(tensor);
          if (held == null || !held.shard().equals(file)) {
            throw new MalformedCheckpointException(
                "%s: expected tensor \"%s\" in %s, found it in %s"
                    .formatted(
                        index.index(), tensor, file, held == null ? "no shard" : held.shard()));
          }
        });
  }

  /** What the tensors are, in the order in which they were added. */
  public List<TensorSpec> specs() {
    return Collections.unmodifiableList(specs);
  }

  /** Where they are, in that order. */
  public Collection<P> places() {
    return byName.values().stream().map(Held::place).toList();
  }

  /** What a tensor is, if there is one of this name. */
  public Optional<TensorSpec> find(String name) {
    Held<P> held = byName.get(name);
    return held == null ? Optional.empty() : Optional.of(held.spec());
  }

  /**
   * Where a tensor is.
   *
   * @throws IllegalArgumentException if there is none of this name
   */
  public P place(String name) {
    return held(name).place();
  }

  /**
   * Where a tensor is of which some bytes are to be read.
   *
   * @throws IllegalArgumentException if there is none of this name, or it has not these bytes
   */
  public P place(String name, long offset, long length) {
    Held<P> held = held(name);
    long size = held.spec().sizeBytes();
    if (offset < 0 || offset > size - length) {
      throw new IllegalArgumentException(
          "%s: tensor \"%s\" has %d bytes, asked for %d from %d on"
              .formatted(id, name, size, length, offset));
    }
    return held.place();
  }

  private Held<P> held(String name) {
    Held<P> held = byName.get(name);
    if (held == null) {
      throw new IllegalArgumentException(id + " has no tensor \"" + name + '"');
    }
    return held;
  }
}
