package io.hfmerge.testing;

import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A checkpoint in native memory. Its tensors start at odd addresses, as mapped ones may. Closing
 * frees the memory: later use fails.
 */
public final class MemoryCheckpoint implements Checkpoint {

  private record Stored(TensorSpec spec, MemorySegment bytes) {}

  private final String id;
  private final Arena arena = Arena.ofShared();
  private final Map<String, Stored> tensors = new LinkedHashMap<>();
  private boolean mapped = true;

  public MemoryCheckpoint(String id) {
    this.id = id;
  }

  /** Adds a tensor of these values, rounded to its dtype. */
  public MemoryCheckpoint with(String name, DType dtype, Shape shape, double... values) {
    if (values.length != shape.elements()) {
      throw new IllegalArgumentException(values.length + " values for " + shape);
    }
    MemorySegment bytes = allocate(dtype.sizeBytes(values.length));
    TensorCodec.encode(dtype, values, bytes, 0, values.length);
    return add(new TensorSpec(name, dtype, shape), bytes);
  }

  /** Adds a tensor of these bytes. */
  public MemoryCheckpoint withBytes(String name, DType dtype, Shape shape, byte[] content) {
    MemorySegment bytes = allocate(content.length);
    MemorySegment.copy(MemorySegment.ofArray(content), 0, bytes, 0, content.length);
    return add(new TensorSpec(name, dtype, shape), bytes);
  }

  private MemoryCheckpoint add(TensorSpec spec, MemorySegment bytes) {
    if (tensors.putIfAbsent(spec.name(), new Stored(spec, bytes)) != null) {
      throw new IllegalArgumentException("two tensors " + spec.name());
    }
    return this;
  }

  private MemorySegment allocate(long bytes) {
    return arena.allocate(bytes + 1).asSlice(1);
  }

  /** From now on bytes can only be read, as from a computed or remote tensor. */
  public MemoryCheckpoint unmapped() {
    mapped = false;
    return this;
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public List<TensorSpec> tensors() {
    return tensors.values().stream().map(Stored::spec).toList();
  }

  @Override
  public Optional<TensorSpec> find(String name) {
    return Optional.ofNullable(tensors.get(name)).map(Stored::spec);
  }

  @Override
  public Map<String, String> metadata() {
    return Map.of();
  }

  @Override
  public void read(String tensor, long offsetBytes, MemorySegment destination) throws IOException {
    MemorySegment.copy(bytes(tensor), offsetBytes, destination, 0, destination.byteSize());
  }

  @Override
  public Optional<MemorySegment> mapped(String tensor) {
    return mapped ? Optional.of(bytes(tensor).asReadOnly()) : Optional.empty();
  }

  /** The stored bytes of a tensor. */
  public MemorySegment bytes(String tensor) {
    Stored stored = tensors.get(tensor);
    if (stored == null) {
      throw new IllegalArgumentException(id + " has no tensor " + tensor);
    }
    return stored.bytes();
  }

  @Override
  public void close() {
    arena.close();
  }
}
