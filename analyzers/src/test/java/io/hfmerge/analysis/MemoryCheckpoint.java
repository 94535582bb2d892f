package io.hfmerge.analysis;

import io.hfmerge.hf.arch.MatrixBlock;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.arch.WeightMatrix;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Tensors in memory; mapped at an odd address, or not mapped at all. */
public final class MemoryCheckpoint implements Checkpoint {

  private final Map<String, TensorSpec> specs = new LinkedHashMap<>();
  private final Map<String, MemorySegment> data = new LinkedHashMap<>();
  private final Arena arena = Arena.ofShared();
  private boolean mapped = true;

  /** Adds a tensor, rounding the values to its dtype. */
  public MemoryCheckpoint add(String name, DType dtype, double[] values, long... shape) {
    TensorSpec spec = new TensorSpec(name, dtype, Shape.of(shape));
    MemorySegment bytes = arena.allocate(spec.sizeBytes() + 1, 8).asSlice(1);
    TensorCodec.encode(dtype, values, bytes, 0, values.length);
    specs.put(name, spec);
    data.put(name, bytes);
    return this;
  }

  /** Adds a tensor of zero bytes of any dtype. */
  public MemoryCheckpoint addRaw(String name, DType dtype, long... shape) {
    TensorSpec spec = new TensorSpec(name, dtype, Shape.of(shape));
    specs.put(name, spec);
    data.put(name, arena.allocate(spec.sizeBytes(), 8));
    return this;
  }

  /** From now on nothing is mapped. */
  public MemoryCheckpoint unmapped() {
    mapped = false;
    return this;
  }

  /** The whole of a two-dimensional tensor as a matrix. */
  public WeightMatrix matrix(String name) {
    return matrix(name, 0, Role.OTHER, false);
  }

  /** The whole of a two-dimensional tensor as a matrix with a place. */
  public WeightMatrix matrix(String name, int layer, Role role, boolean transposed) {
    List<Long> shape = get(name).shape().dimensions();
    long rows = shape.get(transposed ? 1 : 0);
    long columns = shape.get(transposed ? 0 : 1);
    return new WeightMatrix(
        "",
        layer,
        role,
        OptionalInt.empty(),
        name,
        rows,
        columns,
        List.of(new MatrixBlock(name, transposed, 0, rows, columns)));
  }

  @Override
  public String id() {
    return "memory";
  }

  @Override
  public List<TensorSpec> tensors() {
    return List.copyOf(specs.values());
  }

  @Override
  public Optional<TensorSpec> find(String name) {
    return Optional.ofNullable(specs.get(name));
  }

  @Override
  public Map<String, String> metadata() {
    return Map.of();
  }

  @Override
  public void read(String tensor, long offsetBytes, MemorySegment destination) {
    MemorySegment.copy(data.get(tensor), offsetBytes, destination, 0, destination.byteSize());
  }

  @Override
  public Optional<MemorySegment> mapped(String tensor) {
    return mapped ? Optional.of(data.get(tensor).asReadOnly()) : Optional.empty();
  }

  @Override
  public void close() {
    arena.close();
  }
}
