package io.hfmerge.hf.djl;

import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Tensors in memory of a chosen alignment, mapped or not, whose bytes a test can change. */
final class MemoryCheckpoint implements Checkpoint {

  final Map<String, MemorySegment> bytes = new LinkedHashMap<>();
  private final List<TensorSpec> tensors = new ArrayList<>();
  private final Arena arena = Arena.ofShared();
  private final boolean mapped;

  MemoryCheckpoint(boolean mapped) {
    this.mapped = mapped;
  }

  /** Adds a tensor that starts {@code misalignment} bytes behind an aligned address. */
  MemorySegment add(String name, DType dtype, int misalignment, long... shape) {
    TensorSpec tensor = new TensorSpec(name, dtype, Shape.of(shape));
    tensors.add(tensor);
    long size = tensor.sizeBytes();
    bytes.put(name, arena.allocate(size + misalignment, 64).asSlice(misalignment, size));
    return bytes.get(name);
  }

  @Override
  public String id() {
    return "memory";
  }

  @Override
  public List<TensorSpec> tensors() {
    return List.copyOf(tensors);
  }

  @Override
  public Optional<TensorSpec> find(String name) {
    return tensors.stream().filter(tensor -> tensor.name().equals(name)).findFirst();
  }

  @Override
  public Map<String, String> metadata() {
    return Map.of();
  }

  @Override
  public void read(String tensor, long offsetBytes, MemorySegment destination) {
    MemorySegment.copy(bytes.get(tensor), offsetBytes, destination, 0, destination.byteSize());
  }

  @Override
  public Optional<MemorySegment> mapped(String tensor) {
    return mapped ? Optional.of(bytes.get(tensor).asReadOnly()) : Optional.empty();
  }

  @Override
  public void close() {
    arena.close();
  }
}
