package io.hfmerge.hf.safetensors;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.checksum.FileRange;
import io.hfmerge.hf.checksum.LocatedTensors;
import io.hfmerge.hf.checksum.Sha256;
import io.hfmerge.hf.files.ShardIndex;
import io.hfmerge.hf.files.ShardedTensors;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A checkpoint of one or several mapped safetensors files; owns the mappings until closed. Files
 * and tensors may be of any size and alignment.
 */
public final class SafetensorsCheckpoint implements Checkpoint, LocatedTensors {

  private record Located(SafetensorsFile file, SafetensorsHeader.Entry entry) {}

  private final String id;
  private final Arena arena;
  private final List<SafetensorsFile> files;
  private final ShardedTensors<Located> tensors;

  private SafetensorsCheckpoint(String id, Arena arena, List<SafetensorsFile> files) {
    this.id = id;
    this.arena = arena;
    this.files = List.copyOf(files);
    this.tensors = new ShardedTensors<>(id);
    for (SafetensorsFile file : files) {
      for (SafetensorsHeader.Entry entry : file.header().entries()) {
        tensors.add(
            file.path().toString(),
            () -> " at data byte " + entry.begin(),
            entry.spec(),
            new Located(file, entry));
      }
    }
  }

  /**
   * Opens one file.
   *
   * @param id name for messages
   * @throws MalformedCheckpointException if it breaks a rule of the format
   * @throws IOException if it cannot be read
   */
  public static SafetensorsCheckpoint openFile(String id, Path file) throws IOException {
    return open(id, List.of(file));
  }

  /**
   * Opens the files that a {@code model.safetensors.index.json} names, all beside it.
   *
   * @param id name for messages
   * @param index the index file
   * @throws MalformedCheckpointException if the index or a file breaks a rule, a shard is missing,
   *     or a tensor is not in the shard that the index names
   * @throws IOException if a file cannot be read
   */
  public static SafetensorsCheckpoint openIndex(String id, Path index) throws IOException {
    ShardIndex shards = ShardIndex.read(index);
    SafetensorsCheckpoint checkpoint = open(id, shards.paths());
    try {
      checkpoint.tensors.check(shards);
      return checkpoint;
    } catch (MalformedCheckpointException e) {
      checkpoint.close();
      throw e;
    }
  }

  private static SafetensorsCheckpoint open(String id, List<Path> paths) throws IOException {
    Arena arena = Arena.ofShared();
    List<SafetensorsFile> files = new ArrayList<>();
    try {
      for (Path path : paths) {
        files.add(SafetensorsFile.open(path, arena));
      }
      return new SafetensorsCheckpoint(id, arena, files);
    } catch (IOException | RuntimeException | Error e) {
      arena.close();
      closeFiles(files);
      throw e;
    }
  }

  private static void closeFiles(List<SafetensorsFile> files) throws IOException {
    for (SafetensorsFile file : files) {
      file.close();
    }
  }

  /**
   * By what the header of a file is known again: names, dtypes, shapes and places of its tensors.
   *
   * @return SHA-256 of the header, with the length in front of it
   * @throws IOException if the file cannot be read
   */
  public static String headerSha256(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] prefix = in.readNBytes(SafetensorsHeaderParser.LENGTH_BYTES);
      long length =
          prefix.length < SafetensorsHeaderParser.LENGTH_BYTES
              ? 0
              : ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN).getLong();
      byte[] header =
          in.readNBytes((int) Math.clamp(length, 0, SafetensorsHeaderParser.MAX_HEADER_BYTES));
      return Sha256.of(
          ByteBuffer.allocate(prefix.length + header.length).put(prefix).put(header).array());
    }
  }

  @Override
  public String id() {
    return id;
  }

  /** {@inheritDoc} In the order in which their tensors are listed. */
  @Override
  public List<Path> files() {
    return files.stream().map(SafetensorsFile::path).toList();
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
    Map<String, String> all = new LinkedHashMap<>();
    for (SafetensorsFile file : files) {
      file.header().metadata().forEach(all::putIfAbsent);
    }
    return all;
  }

  /** The metadata of each file, in the order of {@link #files}. */
  public List<Map<String, String>> fileMetadata() {
    return files.stream().map(file -> file.header().metadata()).toList();
  }

  @Override
  public Optional<FileRange> range(String tensor) {
    Located located = tensors.place(tensor);
    SafetensorsHeader.Entry entry = located.entry();
    return Optional.of(
        new FileRange(
            located.file().path(),
            located.file().channel(),
            located.file().header().dataStart() + entry.begin(),
            entry.end() - entry.begin()));
  }

  /** Length and header of each file, in the order of {@link #files}. */
  public List<FileRange> headerRanges() {
    return files.stream()
        .map(file -> new FileRange(file.path(), file.channel(), 0, file.header().dataStart()))
        .toList();
  }

  @Override
  public void read(String tensor, long offsetBytes, MemorySegment destination) throws IOException {
    Located located = tensors.place(tensor, offsetBytes, destination.byteSize());
    located.file().read(located.entry(), offsetBytes, destination);
  }

  @Override
  public Optional<MemorySegment> mapped(String tensor) {
    Located located = tensors.place(tensor);
    return Optional.of(located.file().slice(located.entry()));
  }

  @Override
  public void close() throws IOException {
    if (arena.scope().isAlive()) {
      arena.close();
      closeFiles(files);
    }
  }
}
