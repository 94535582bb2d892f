package io.hfmerge.hf.torchbin;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.checksum.FileRange;
import io.hfmerge.hf.checksum.LocatedTensors;
import io.hfmerge.hf.files.ShardIndex;
import io.hfmerge.hf.files.ShardedTensors;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A checkpoint of one or several mapped files of PyTorch's; owns the mappings until closed. Tensors
 * are read in place; those that do not lie in row-major order are collected on reading.
 */
public final class TorchCheckpoint implements Checkpoint, LocatedTensors {

  private record Located(TorchFile file, TorchFile.Place place) {}

  private final String id;
  private final Arena arena;
  private final List<TorchFile> files;
  private final ShardedTensors<Located> tensors;

  private TorchCheckpoint(String id, Arena arena, List<TorchFile> files) {
    this.id = id;
    this.arena = arena;
    this.files = List.copyOf(files);
    this.tensors = new ShardedTensors<>(id);
    for (TorchFile file : files) {
      for (TorchFile.Place place : file.tensors()) {
        tensors.add(
            file.file().path().toString(),
            () -> " at byte " + place.position(),
            place.spec(),
            new Located(file, place));
      }
    }
  }

  /**
   * Opens one file of {@code torch.save}, of the zip format or the older one.
   *
   * @param id name for messages
   * @throws MalformedCheckpointException if it breaks a rule of its format
   * @throws io.hfmerge.error.UnsupportedFeatureException if it holds anything but tensors by name;
   *     the message names what
   * @throws IOException if it cannot be read
   */
  public static TorchCheckpoint openFile(String id, Path file) throws IOException {
    return open(id, List.of(file));
  }

  /**
   * Opens the files that a {@code pytorch_model.bin.index.json} names, all beside it.
   *
   * @param id name for messages
   * @param index the index file
   * @throws MalformedCheckpointException if the index or a file breaks a rule, a shard is missing,
   *     or a tensor is not in the shard that the index names
   * @throws io.hfmerge.error.UnsupportedFeatureException as {@link #openFile}
   * @throws IOException if a file cannot be read
   */
  public static TorchCheckpoint openIndex(String id, Path index) throws IOException {
    ShardIndex shards = ShardIndex.read(index);
    TorchCheckpoint checkpoint = open(id, shards.paths());
    try {
      checkpoint.tensors.check(shards);
      return checkpoint;
    } catch (MalformedCheckpointException e) {
      checkpoint.close();
      throw e;
    }
  }

  private static TorchCheckpoint open(String id, List<Path> paths) throws IOException {
    Arena arena = Arena.ofShared();
    List<TorchFile> files = new ArrayList<>();
    try {
      for (Path path : paths) {
        files.add(TorchFile.open(path, arena));
      }
      return new TorchCheckpoint(id, arena, files);
    } catch (IOException | RuntimeException | Error e) {
      arena.close();
      closeFiles(files);
      throw e;
    }
  }

  private static void closeFiles(List<TorchFile> files) throws IOException {
    for (TorchFile file : files) {
      file.close();
    }
  }

  @Override
  public String id() {
    return id;
  }

  /** What a reader should know: what lay beside the tensors, which of them share data. */
  public List<String> notes() {
    return files.stream().flatMap(file -> file.notes().stream()).toList();
  }

  /** {@inheritDoc} In the order in which their tensors are listed. */
  @Override
  public List<Path> files() {
    return files.stream().map(file -> file.file().path()).toList();
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
    Located located = tensors.place(tensor, offsetBytes, destination.byteSize());
    TorchFile.Place place = located.place();
    if (place.layout().isContiguous()) {
      located.file().file().read(place.position() + offsetBytes, destination);
    } else if (destination.byteSize() > 0) {
      MemorySegment source = located.file().file().segment().asSlice(place.position());
      place.layout().gatherBytes(source, offsetBytes, destination);
    }
  }

  @Override
  public Optional<MemorySegment> mapped(String tensor) {
    Located located = tensors.place(tensor);
    TorchFile.Place place = located.place();
    return place.layout().isContiguous()
        ? Optional.of(located.file().file().slice(place.position(), place.spec().sizeBytes()))
        : Optional.empty();
  }

  @Override
  public Optional<FileRange> range(String tensor) {
    Located located = tensors.place(tensor);
    TorchFile.Place place = located.place();
    return place.layout().isContiguous()
        ? Optional.of(
            new FileRange(
                located.file().file().path(),
                located.file().file().channel(),
                place.position(),
                place.spec().sizeBytes()))
        : Optional.empty();
  }

  @Override
  public void close() throws IOException {
    if (arena.scope().isAlive()) {
      arena.close();
      closeFiles(files);
    }
  }
}
