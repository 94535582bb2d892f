package io.hfmerge.engine;

import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One F32 tensor in a mapped file that can be cut short under the mapping. */
final class TruncatedCheckpoint implements Checkpoint {

  private final Path file;
  private final TensorSpec spec;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment mapped;

  TruncatedCheckpoint(Path file, int elements) throws IOException {
    this.file = file;
    this.spec = new TensorSpec("w", DType.F32, Shape.of(elements));
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, spec.sizeBytes(), arena);
    }
  }

  void truncate() throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(0);
    }
  }

  @Override
  public String id() {
    return file.toString();
  }

  @Override
  public List<TensorSpec> tensors() {
    return List.of(spec);
  }

  @Override
  public Optional<TensorSpec> find(String name) {
    return name.equals(spec.name()) ? Optional.of(spec) : Optional.empty();
  }

  @Override
  public Map<String, String> metadata() {
    return Map.of();
  }

  @Override
  public void read(String tensor, long offsetBytes, MemorySegment destination) {
    MemorySegment.copy(mapped, offsetBytes, destination, 0, destination.byteSize());
  }

  @Override
  public Optional<MemorySegment> mapped(String tensor) {
    return Optional.of(mapped);
  }

  @Override
  public void close() {
    arena.close();
  }
}
