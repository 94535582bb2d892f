package io.hfmerge.testing;

import io.hfmerge.tensor.CheckpointWriter;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A writer into arrays that refuses bytes written twice and counts missing ones. Thread-safe. */
public final class MemoryWriter implements CheckpointWriter {

  private record Target(TensorSpec spec, byte[] bytes, boolean[] written) {}

  private final Map<String, Target> targets = new LinkedHashMap<>();
  private long failAfterBytes = Long.MAX_VALUE;
  private long total;

  public MemoryWriter(List<TensorSpec> layout) {
    for (TensorSpec spec : layout) {
      int size = Math.toIntExact(spec.sizeBytes());
      targets.put(spec.name(), new Target(spec, new byte[size], new boolean[size]));
    }
  }

  /** Fails like a full disk once that many bytes were written. */
  public MemoryWriter failingAfter(long bytes) {
    failAfterBytes = bytes;
    return this;
  }

  @Override
  public synchronized void write(String tensor, long offsetBytes, MemorySegment source)
      throws IOException {
    Target target = target(tensor);
    int offset = Math.toIntExact(offsetBytes);
    int size = Math.toIntExact(source.byteSize());
    total += size;
    if (total > failAfterBytes) {
      throw new IOException("No space left on device");
    }
    if (offset < 0 || offset + size > target.bytes().length) {
      throw new IllegalArgumentException(tensor + ": range leaves the tensor");
    }
    for (int i = offset; i < offset + size; i++) {
      if (target.written()[i]) {
        throw new IllegalArgumentException(tensor + ": byte " + i + " written twice");
      }
      target.written()[i] = true;
    }
    MemorySegment.copy(source, 0, MemorySegment.ofArray(target.bytes()), offset, size);
  }

  @Override
  public synchronized void finish() {
    for (String tensor : targets.keySet()) {
      if (!isComplete(tensor)) {
        throw new IllegalStateException(tensor + ": bytes are missing");
      }
    }
  }

  /** Whether every byte of a tensor was written. */
  public synchronized boolean isComplete(String tensor) {
    for (boolean written : target(tensor).written()) {
      if (!written) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void close() {}

  private Target target(String tensor) {
    Target target = targets.get(tensor);
    if (target == null) {
      throw new IllegalArgumentException("no tensor " + tensor);
    }
    return target;
  }

  /** A copy of a tensor's bytes. */
  public synchronized byte[] bytes(String tensor) {
    return target(tensor).bytes().clone();
  }

  /** A tensor's values. */
  public synchronized double[] values(String tensor) {
    TensorSpec spec = target(tensor).spec();
    double[] values = new double[Math.toIntExact(spec.elements())];
    DType dtype = spec.dtype();
    TensorCodec.decode(
        dtype, MemorySegment.ofArray(target(tensor).bytes()), 0, values, values.length);
    return values;
  }
}
