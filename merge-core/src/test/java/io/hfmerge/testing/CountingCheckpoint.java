package io.hfmerge.testing;

import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Another checkpoint, with a count of the bytes read of each tensor; can fail on purpose. */
public final class CountingCheckpoint implements Checkpoint {

  private final Checkpoint checkpoint;
  private final Map<String, AtomicLong> bytes = new ConcurrentHashMap<>();
  private final AtomicInteger readsToFail = new AtomicInteger();

  public CountingCheckpoint(Checkpoint checkpoint) {
    this.checkpoint = checkpoint;
  }

  /** Fails the next reads. */
  public void failNext(int reads) {
    readsToFail.set(reads);
  }

  /** Bytes read of a tensor so far. */
  public long bytesRead(String tensor) {
    AtomicLong count = bytes.get(tensor);
    return count == null ? 0 : count.get();
  }

  /** Bytes read of all tensors so far. */
  public long bytesRead() {
    return bytes.values().stream().mapToLong(AtomicLong::get).sum();
  }

  @Override
  public String id() {
    return checkpoint.id();
  }

  @Override
  public List<TensorSpec> tensors() {
    return checkpoint.tensors();
  }

  @Override
  public Optional<TensorSpec> find(String name) {
    return checkpoint.find(name);
  }

  @Override
  public Map<String, String> metadata() {
    return checkpoint.metadata();
  }

  @Override
  public void read(String tensor, long offsetBytes, MemorySegment destination) throws IOException {
    if (readsToFail.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
      throw new IOException("the cable was pulled");
    }
    checkpoint.read(tensor, offsetBytes, destination);
    bytes.computeIfAbsent(tensor, key -> new AtomicLong()).addAndGet(destination.byteSize());
  }

  @Override
  public Optional<MemorySegment> mapped(String tensor) {
    return checkpoint.mapped(tensor);
  }

  @Override
  public void close() throws IOException {
    checkpoint.close();
  }
}
