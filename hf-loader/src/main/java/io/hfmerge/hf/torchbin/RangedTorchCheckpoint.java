package io.hfmerge.hf.torchbin;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.files.ByteSource;
import io.hfmerge.hf.files.ShardIndex;
import io.hfmerge.hf.files.ShardedTensors;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.TensorSpec;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A checkpoint of files of PyTorch's zip format that are somewhere else: directories and pickles
 * are read when it is opened, tensors when they are asked for, with the headers in front of them.
 * Nothing is mapped.
 */
public final class RangedTorchCheckpoint implements Checkpoint {

  /**
   * Largest part of a file that is read to collect a tensor of another order: each read of some of
   * the tensor reads all of it.
   */
  private static final long MAX_SPAN_BYTES = 16 << 20;

  private record Stored(ByteSource file, TorchTensors.Located tensor) {

    long spanBytes() {
      return tensor.layout().span() * tensor.spec().dtype().bytes();
    }
  }

  private final String id;
  private final Closeable owner;
  private final long memoryBytes;
  private final ShardedTensors<Stored> tensors;
  private final List<String> notes = new ArrayList<>();

  private RangedTorchCheckpoint(String id, Closeable owner, long memoryBytes) {
    this.id = id;
    this.tensors = new ShardedTensors<>(id);
    this.owner = owner;
    this.memoryBytes = memoryBytes;
  }

  /**
   * Reads directories and pickles.
   *
   * @param id name for messages
   * @param files in the order in which their tensors are to be listed; their names end with the
   *     file names that the index has
   * @param index on this machine, if there is one
   * @param owner what keeps the files open: closed with the checkpoint, and at once if this fails
   * @param memoryBytes that reading takes beside destinations
   * @throws MalformedCheckpointException if a file or the index breaks a rule of the format
   * @throws UnsupportedFeatureException if a file is of the older format, whose tensors can only be
   *     found one after another, holds anything but tensors by name, or a large tensor in another
   *     order than row-major
   * @throws IOException if bytes cannot be read
   */
  public static RangedTorchCheckpoint open(
      String id, List<ByteSource> files, Optional<Path> index, Closeable owner, long memoryBytes)
      throws IOException {
    RangedTorchCheckpoint checkpoint = new RangedTorchCheckpoint(id, owner, memoryBytes);
    try {
      for (ByteSource file : files) {
        checkpoint.add(file);
      }
      if (index.isPresent()) {
        checkpoint.tensors.check(ShardIndex.read(index.get()));
      }
      return checkpoint;
    } catch (IOException | RuntimeException | Error e) {
      owner.close();
      throw e;
    }
  }

  private void add(ByteSource file) throws IOException {
    TorchTensors found = TorchTensors.of(file, content(file));
    notes.addAll(found.notes());
    for (TorchTensors.Located tensor : found.tensors()) {
      Stored stored = new Stored(file, tensor);
      if (!tensor.layout().isContiguous() && stored.spanBytes() > MAX_SPAN_BYTES) {
        throw new UnsupportedFeatureException(
            "%s: tensor \"%s\": expected elements in row-major order to read over the network, found"
                    .formatted(file.name(), tensor.spec().name())
                + " them in another; leave --stream out to download the file");
      }
      tensors.add(file.name(), () -> "", tensor.spec(), stored);
    }
  }

  private static TorchContent content(ByteSource file) throws IOException {
    if (TorchFile.isZip(file)) {
      return ZipFormat.readSparingly(file);
    }
    // a file of another kind is named by what it is; one of the older format passes
    TorchFile.requireLegacy(file);
    throw new UnsupportedFeatureException(
        file.name()
            + ": expected PyTorch's zip format to read over the network, found the older one; leave"
            + " --stream out to download the file");
  }

  @Override
  public String id() {
    return id;
  }

  /** What a reader should know: what lay beside the tensors, which of them share data. */
  public List<String> notes() {
    return List.copyOf(notes);
  }

  @Override
  public List<TensorSpec> tensors() {
    return tensors.specs();
  }

  @Override
  public Optional<TensorSpec> find(String name) {
    return tensors.find(name);
  }

  /** {@inheritDoc} These files have none. */
  @Override
  public Map<String, String> metadata() {
    return Map.of();
  }

  @Override
  public void read(String tensor, long offsetBytes, MemorySegment destination) throws IOException {
    long length = destination.byteSize();
    Stored stored = tensors.place(tensor, offsetBytes, length);
    if (length == 0) {
      return;
    }
    long position = stored.tensor().position();
    if (stored.tensor().layout().isContiguous()) {
      stored.file().read(position + offsetBytes, destination);
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment span = arena.allocate(stored.spanBytes());
      stored.file().read(position, span);
      stored.tensor().layout().gatherBytes(span, offsetBytes, destination);
    }
  }

  @Override
  public Optional<MemorySegment> mapped(String tensor) {
    return Optional.empty();
  }

  @Override
  public long memoryBytes(int threads) {
    long span =
        tensors.places().stream()
            .filter(stored -> !stored.tensor().layout().isContiguous())
            .mapToLong(Stored::spanBytes)
            .max()
            .orElse(0);
    return memoryBytes + threads * span;
  }

  @Override
  public void close() throws IOException {
    owner.close();
  }
}
