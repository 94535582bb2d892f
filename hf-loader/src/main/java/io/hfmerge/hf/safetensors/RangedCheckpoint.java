package io.hfmerge.hf.safetensors;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.files.ByteSource;
import io.hfmerge.hf.files.ShardIndex;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.TensorSpec;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
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

  /** A byte buffer cannot be larger than 2 GiB. */
  private static final long MAX_READ_BYTES = 1 << 30;

  private record Located(ByteSource file, SafetensorsHeader header, SafetensorsHeader.Entry entry) {

    long sizeBytes() {
      return entry.end() - entry.begin();
    }
  }

  private final String id;
  private final Closeable owner;
  private final long memoryBytes;
  private final List<TensorSpec> tensors = new ArrayList<>();
  private final Map<String, Located> byName = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();

  private RangedCheckpoint(String id, Closeable owner, long memoryBytes) {
    this.id = id;
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
        ShardIndex.read(index.get())
            .check(name ->
                Optional.ofNullable(checkpoint.byName.get(name))
                    .map(located -> Path.of(fileName(located.file()))));
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
      String name = entry.spec().name();
      Located earlier = byName.putIfAbsent(name, new Located(file, header, entry));
      if (earlier != null) {
        throw new MalformedCheckpointException(
            "%s: tensor \"%s\" at data byte %d: expected in one shard, found in %s too"
                .formatted(file.name(), name, entry.begin(), fileName(earlier.file())));
      }
      tensors.add(entry.spec());
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

  private static String fileName(ByteSource file) {
    return file.name().substring(file.name().lastIndexOf('/') + 1);
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public List<TensorSpec> tensors() {
    return List.copyOf(tensors);
  }

  @Override
  public Optional<TensorSpec> find(String name) {
    return Optional.ofNullable(byName.get(name)).map(located -> located.entry().spec());
  }

  @Override
  public Map<String, String> metadata() {
    return Map.copyOf(metadata);
  }

  @Override
  public void read(String tensor, long offsetBytes, MemorySegment destination) throws IOException {
    Located located = byName.get(tensor);
    if (located == null) {
      throw new IllegalArgumentException(id + " has no tensor \"" + tensor + '"');
    }
    long length = destination.byteSize();
    if (offsetBytes < 0 || offsetBytes > located.sizeBytes() - length) {
      throw new IllegalArgumentException(
          "%s: tensor \"%s\" has %d bytes, asked for %d from %d on"
              .formatted(id, tensor, located.sizeBytes(), length, offsetBytes));
    }
    long position = located.header().dataStart() + located.entry().begin() + offsetBytes;
    for (long done = 0; done < length; done += MAX_READ_BYTES) {
      long some = Math.min(MAX_READ_BYTES, length - done);
      located.file().read(position + done, destination.asSlice(done, some).asByteBuffer());
    }
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
