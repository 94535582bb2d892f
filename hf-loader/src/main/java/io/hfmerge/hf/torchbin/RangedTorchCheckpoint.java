package io.hfmerge.hf.torchbin;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.files.ByteSource;
import io.hfmerge.hf.files.ShardIndex;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.TensorSpec;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A checkpoint of files of PyTorch's zip format that are somewhere else: directories and pickles
 * are read when it is opened, tensors when they are asked for, with the headers in front of them.
 * Nothing is mapped.
 */
public final class RangedTorchCheckpoint implements Checkpoint {

  /** A byte buffer cannot be larger than 2 GiB. */
  private static final long MAX_READ_BYTES = 1 << 30;

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
  private final Map<String, Stored> byName = new LinkedHashMap<>();
  private final List<String> notes = new ArrayList<>();

  private RangedTorchCheckpoint(String id, Closeable owner, long memoryBytes) {
    this.id = id;
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
        ShardIndex.read(index.get())
            .check(name ->
                Optional.ofNullable(checkpoint.byName.get(name))
                    .map(stored -> Path.of(fileName(stored.file()))));
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
      String name = tensor.spec().name();
      if (!tensor.layout().isContiguous() && stored.spanBytes() > MAX_SPAN_BYTES) {
        throw new UnsupportedFeatureException(
            "%s: tensor \"%s\": expected elements in row-major order to read over the network, found"
                    .formatted(file.name(), name)
                + " them in another; leave --stream out to download the file");
      }
      Stored earlier = byName.putIfAbsent(name, stored);
      if (earlier != null) {
        throw new MalformedCheckpointException(
            "%s: tensor \"%s\": expected in one shard, found in %s too"
                .formatted(file.name(), name, fileName(earlier.file())));
      }
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

  private static String fileName(ByteSource file) {
    return file.name().substring(file.name().lastIndexOf('/') + 1);
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
    return byName.values().stream().map(stored -> stored.tensor().spec()).toList();
  }

  @Override
  public Optional<TensorSpec> find(String name) {
    return Optional.ofNullable(byName.get(name)).map(stored -> stored.tensor().spec());
  }

  /** {@inheritDoc} These files have none. */
  @Override
  public Map<String, String> metadata() {
    return Map.of();
  }

  @Override
  public void read(String tensor, long offsetBytes, MemorySegment destination) throws IOException {
    Stored stored = byName.get(tensor);
    if (stored == null) {
      throw new IllegalArgumentException(id + " has no tensor \"" + tensor + '"');
    }
    long size = stored.tensor().spec().sizeBytes();
    long length = destination.byteSize();
    if (offsetBytes < 0 || offsetBytes > size - length) {
      throw new IllegalArgumentException(
          "%s: tensor \"%s\" has %d bytes, asked for %d from %d on"
              .formatted(id, tensor, size, length, offsetBytes));
    }
    if (length == 0) {
      return;
    }
    long position = stored.tensor().position();
    if (stored.tensor().layout().isContiguous()) {
      read(stored.file(), position + offsetBytes, destination);
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment span = arena.allocate(stored.spanBytes());
      read(stored.file(), position, span);
      stored.tensor().layout().gatherBytes(span, offsetBytes, destination);
    }
  }

  private static void read(ByteSource file, long position, MemorySegment destination)
      throws IOException {
    long length = destination.byteSize();
    for (long done = 0; done < length; done += MAX_READ_BYTES) {
      long some = Math.min(MAX_READ_BYTES, length - done);
      file.read(position + done, destination.asSlice(done, some).asByteBuffer());
    }
  }

  @Override
  public Optional<MemorySegment> mapped(String tensor) {
    return Optional.empty();
  }

  @Override
  public long memoryBytes(int threads) {
    long span =
        byName.values().stream()
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
