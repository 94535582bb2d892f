package io.hfmerge.hf.safetensors;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.files.ByteSource;
import io.hfmerge.hf.files.ShardIndex;
import io.hfmerge.hf.files.ShardedTensors;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.TensorSpec;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A checkpoint of safetensors files that are somewhere else: headers are read when it is opened,
 * tensors when they are asked for. Nothing is mapped.
 */
public final class RangedCheckpoint implements Checkpoint {

  /** Limit of {@code huggingface_hub} for headers that it reads over the network. */
  private static final long MAX_HEADER_BYTES = 25_000_000;

  private record Located(
      ByteSource file, SafetensorsHeader header, SafetensorsHeader.Entry entry) {}

  private final String id;
  private final Closeable owner;
  private final long memoryBytes;
  private final ShardedTensors<Located> tensors;
  private final Map<String, String> metadata = new LinkedHashMap<>();

  private RangedCheckpoint(String id, Closeable owner, long memoryBytes) {
    this.id = id;
    this.tensors = new ShardedTensors<>(id);
    this.owner = owner;
    this.memoryBytes = memoryBytes;
  }

  /**
   * Reads the headers.
   *
   * @param id name for messages
   * @param files in the order in which their tensors are to be listed; their names end with the
   *     file names that the index has
   * @param index on this machine, if there is one
   * @param owner what keeps the files open: closed with the checkpoint, and at once if this fails
   * @param memoryBytes that reading takes beside destinations
   * @throws MalformedCheckpointException if a header or the index breaks a rule of the format
   * @throws IOException if bytes cannot be read
   */
  public static RangedCheckpoint open(
      String id, List<ByteSource> files, Optional<Path> index, Closeable owner, long memoryBytes)
      throws IOException {
    RangedCheckpoint checkpoint = new RangedCheckpoint(id, owner, memoryBytes);
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
    SafetensorsHeader header = header(file);
    header.metadata().forEach(metadata::putIfAbsent);
    for (SafetensorsHeader.Entry entry : header.entries()) {
      tensors.add(
          file.name(),
          () -> " at data byte " + entry.begin(),
          entry.spec(),
          new Located(file, header, entry));
    }
  }

  private static SafetensorsHeader header(ByteSource file) throws IOException {
    int prefix = SafetensorsHeaderParser.LENGTH_BYTES;
    if (file.size() < prefix) {
      throw new MalformedCheckpointException(
          "%s: at byte 0: expected 8 bytes of header length, found a file of %d bytes"
              .formatted(file.name(), file.size()));
    }
    long length = ByteBuffer.wrap(file.bytes(0, prefix)).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (length < 0 || length > MAX_HEADER_BYTES) {
      throw new MalformedCheckpointException(
          "%s: at byte 0: expected a header of at most %d bytes, found a length of %s;"
                  .formatted(file.name(), MAX_HEADER_BYTES, Long.toUnsignedString(length))
              + " is this a safetensors file?");
    }
    if (length > file.size() - prefix) {
      throw new MalformedCheckpointException(
          "%s: at byte 8: expected a header of %d bytes, found %d bytes left in the file"
              .formatted(file.name(), length, file.size() - prefix));
    }
    byte[] header = file.bytes(prefix, (int) length);
    return SafetensorsHeaderParser.parse(file.name(), header, file.size());
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public List<TensorSpec> tensors() {
    return tensors.specs();
  }

  @Override
  public Optional<TensorSpec> find(String name) {
    return tensors.find(name);
  }

  @Override
  public Map<String, String> metadata() {
    return Map.copyOf(metadata);
  }

  @Override
  public void read(String tensor, long offsetBytes, MemorySegment destination) throws IOException {
    Located located = tensors.place(tensor, offsetBytes, destination.byteSize());
    long begin = located.header().dataStart() + located.entry().begin();
    located.file().read(begin + offsetBytes, destination);
  }

  @Override
  public Optional<MemorySegment> mapped(String tensor) {
    return Optional.empty();
  }

  @Override
  public long memoryBytes(int threads) {
    return memoryBytes;
  }

  @Override
  public void close() throws IOException {
    owner.close();
  }
}
