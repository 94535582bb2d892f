package io.hfmerge.hf.output;

import io.hfmerge.error.HfMergeException;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.checklist.Finding;
import io.hfmerge.hf.checklist.ModelChecklist;
import io.hfmerge.hf.checklist.NonFiniteCounts;
import io.hfmerge.hf.checksum.Crc32c;
import io.hfmerge.hf.checksum.FileRange;
import io.hfmerge.hf.checksum.LocatedTensors;
import io.hfmerge.hf.checksum.RangeChecksums;
import io.hfmerge.hf.checksum.Sha256;
import io.hfmerge.hf.output.Manifest.FileEntry;
import io.hfmerge.hf.output.Manifest.TensorEntry;
import io.hfmerge.hf.safetensors.SafetensorsCheckpoint;
import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.hf.torchbin.TorchCheckpoint;
import io.hfmerge.hf.torchbin.TorchWriter;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Compares a folder with its manifest, reading everything once; owns open files until closed. */
final class ManifestComparison implements AutoCloseable {

  private static final String SAFETENSORS = ".safetensors";
  private static final String TORCH = ".bin";

  private final Path folder;
  private final Manifest manifest;
  private final List<Finding> findings = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  /** Files of the manifest that are there; of those, the ones of the right size. */
  private final Map<String, Path> present;

  private final Set<String> sound = new HashSet<>();

  /** Tensors whose numbers are looked at too. */
  private final List<TensorSpec> measured;

  private final Map<String, Integer> indexOfMeasured = new HashMap<>();

  /** What is read, and what its checksum should be. */
  private final List<FileRange> ranges = new ArrayList<>();

  private final List<Part> parts = new ArrayList<>();
  private final List<AutoCloseable> open = new ArrayList<>();

  /** Names of tensors of the manifest that were found. */
  private final Set<String> found = new HashSet<>();

  /** Files of weights of which something was found already. */
  private final Set<String> told = new HashSet<>();

  /** What a range is a part of. */
  private sealed interface Part {

    String file();

    /** Bytes of the file after it. */
    long followingBytes();

    /** What is no tensor: headers, directories, whole files without tensors. */
    record Other(String file, long followingBytes) implements Part {}

    record Tensor(String file, String name, long followingBytes) implements Part {}
  }

  private record StoredTensor(TensorSpec spec, FileRange range) {}

  private ManifestComparison(Path folder, Manifest manifest, Optional<HfModel> model)
      throws IOException {
    this.folder = folder;
    this.manifest = manifest;
    this.present = FolderFiles.list(folder);
    this.measured = model.map(ModelChecklist::measured).orElse(List.of());
    for (int i = 0; i < measured.size(); i++) {
      indexOfMeasured.put(measured.get(i).name(), i);
    }
  }

  /**
   * Compares names and sizes, and finds out what is to be read.
   *
   * @param model the folder as a model, if it is one; stays open as long as this is
   */
  static ManifestComparison locate(Path folder, Manifest manifest, Optional<HfModel> model)
      throws IOException {
    ManifestComparison comparison = new ManifestComparison(folder, manifest, model);
    try {
      comparison.compareNames();
      comparison.compareSizes();
      comparison.locateTensors(model);
      return comparison;
    } catch (IOException | RuntimeException | Error e) {
      comparison.close();
      throw e;
    }
  }

  List<Finding> findings() {
    return findings;
  }

  List<String> notes() {
    return notes;
  }

  /** Number of tensors that will be read. */
  int tensors() {
    return found.size();
  }

  /** For {@link #compareChecksums}. */
  long bytesToRead() {
    return ranges.stream().mapToLong(FileRange::length).sum();
  }

  /** For {@link #compareSha256}. */
  long bytesToHash() {
    return sound.stream()
        .map(this::entry)
        .filter(file -> file.sha256().isPresent())
        .mapToLong(FileEntry::sizeBytes)
        .sum();
  }

  private void compareNames() {
    present.remove(Manifest.FILE);
    for (String name : manifest.files().keySet()) {
      if (!present.containsKey(name)) {
        find(name, "a file", "none");
      }
    }
    for (String name : present.keySet()) {
      if (!manifest.files().containsKey(name)) {
        find(name, "no such file", "one that hfmerge did not write");
      }
    }
    present.keySet().retainAll(manifest.files().keySet());
  }

  private void compareSizes() throws IOException {
    for (Map.Entry<String, Path> file : present.entrySet()) {
      long size = Files.size(file.getValue());
      long expected = entry(file.getKey()).sizeBytes();
      if (size == expected) {
        sound.add(file.getKey());
      } else {
        find(file.getKey(), expected + " bytes", size + " bytes");
      }
    }
  }

  private void locateTensors(Optional<HfModel> model) throws IOException {
    Map<String, List<StoredTensor>> byFile = new HashMap<>();
    if (model.isPresent() && model.get().checkpoint() instanceof LocatedTensors located) {
      addTensors(model.get().checkpoint(), located, byFile);
    }
    boolean allFiles = true;
    for (Map.Entry<String, FileEntry> file : manifest.files().entrySet()) {
      String name = file.getKey();
      Path path = present.get(name);
      boolean weights = isWeights(name);
      if (path == null || !sound.contains(name)) {
        allFiles &= !weights;
        continue;
      }
      if (weights && model.isEmpty()) {
        allFiles &= openAlone(name, path, byFile);
      }
      addParts(name, path, byFile.getOrDefault(name, List.of()));
    }
    List<TensorEntry> missing =
        manifest.tensors().values().stream()
            .filter(tensor -> !found.contains(tensor.spec().name()))
            .toList();
    if (allFiles) {
      missing.forEach(tensor ->
          find(Finding.tensor(tensor.spec().name()), tensor.spec().describe(), "no such tensor"));
    } else if (!missing.isEmpty()) {
      notes.add(missing.size() + " tensors could not be read, with the files that hold them");
    }
  }

  private static boolean isWeights(String name) {
    return name.endsWith(SAFETENSORS) || name.endsWith(TORCH);
  }

  /** Tensors by the name of the file that holds them, in the order of their places. */
  private static void addTensors(
      Checkpoint checkpoint, LocatedTensors located, Map<String, List<StoredTensor>> byFile) {
    for (TensorSpec tensor : checkpoint.tensors()) {
      Optional<FileRange> range = located.range(tensor.name());
      // a tensor that does not lie in one piece is not of ours: the file's checksum will tell
      if (range.isPresent()) {
        byFile
            .computeIfAbsent(range.get().path().getFileName().toString(), file -> new ArrayList<>())
            .add(new StoredTensor(tensor, range.get()));
      }
    }
    byFile
        .values()
        .forEach(tensors -> tensors.sort(Comparator.comparingLong(t -> t.range().offset())));
  }

  /** A file of weights of a folder that does not open as a whole. */
  private boolean openAlone(String name, Path path, Map<String, List<StoredTensor>> byFile)
      throws IOException {
    try {
      if (name.endsWith(SAFETENSORS)) {
        SafetensorsCheckpoint weights = SafetensorsCheckpoint.openFile(name, path);
        open.add(weights);
        addTensors(weights, weights, byFile);
      } else {
        TorchCheckpoint weights = TorchCheckpoint.openFile(name, path);
        open.add(weights);
        addTensors(weights, weights, byFile);
      }
      return true;
    } catch (HfMergeException e) {
      find(name, "a file of weights", String.valueOf(e.getMessage()));
      told.add(name);
      return false;
    }
  }

  /** Cuts a file into its tensors and what is between them. */
  private void addParts(String name, Path path, List<StoredTensor> tensors) throws IOException {
    long size = entry(name).sizeBytes();
    FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
    open.add(channel);
    long done = 0;
    for (StoredTensor tensor : tensors) {
      FileRange range = tensor.range();
      if (!expects(name, tensor.spec()) || (range.length() > 0 && range.offset() < done)) {
        continue;
      }
      if (range.length() > 0) {
        addOther(name, path, channel, done, range.offset(), size);
        done = range.offset() + range.length();
      }
      ranges.add(range);
      parts.add(new Part.Tensor(name, tensor.spec().name(), size - done));
    }
    addOther(name, path, channel, done, size, size);
  }

  private void addOther(
      String name, Path path, FileChannel channel, long from, long to, long size) {
    if (to > from || size == 0) {
      ranges.add(new FileRange(path, channel, from, to - from));
      parts.add(new Part.Other(name, size - to));
    }
  }

  /** Whether the manifest has a tensor, as it is or otherwise. */
  private boolean expects(String file, TensorSpec tensor) {
    TensorEntry expected = manifest.tensors().get(tensor.name());
    String where = Finding.tensor(tensor.name()) + " in " + file;
    if (expected == null || !found.add(tensor.name())) {
      find(where, "no such tensor there", tensor.describe());
      told.add(file);
      return false;
    }
    if (!expected.spec().equals(tensor)) {
      find(where, expected.spec().describe(), tensor.describe());
    }
    return true;
  }

  /**
   * Reads everything once.
   *
   * @return number of elements that are NaN or infinite, for tensors that have any
   */
  Map<TensorSpec, Long> compareChecksums(int threads, ProgressListener listener)
      throws IOException {
    NonFiniteCounts counts = new NonFiniteCounts(measured);
    int[] checksums =
        RangeChecksums.of(ranges, threads, (range, bytes) -> count(counts, range, bytes), listener);
    Map<String, Integer> whole = new LinkedHashMap<>();
    for (int i = 0; i < checksums.length; i++) {
      Part part = parts.get(i);
      whole.merge(part.file(), Crc32c.shift(checksums[i], part.followingBytes()), (a, b) -> a ^ b);
      if (part instanceof Part.Tensor(String file, String name, long following)) {
        TensorEntry expected = manifest.tensors().get(name);
        if (expected != null && expected.checksum() != checksums[i]) {
          find(
              Finding.tensor(name) + " in " + file,
              checksum(expected.checksum()),
              checksum(checksums[i]));
          told.add(file);
        }
      }
    }
    whole.forEach((file, checksum) -> {
      int expected = entry(file).checksum();
      if (expected != checksum && !told.contains(file)) {
        find(
            isWeights(file) ? "header of " + file : file,
            checksum(expected) + " of the file",
            checksum(checksum));
      }
    });
    return counts.found();
  }

  private void count(NonFiniteCounts counts, int range, MemorySegment bytes) {
    if (parts.get(range) instanceof Part.Tensor tensor) {
      Integer index = indexOfMeasured.get(tensor.name());
      if (index != null) {
        counts.add(index, bytes);
      }
    }
  }

  void compareSha256(int threads, ProgressListener listener) throws IOException {
    List<String> names =
        present.keySet().stream()
            .filter(name -> sound.contains(name) && entry(name).sha256().isPresent())
            .toList();
    if (names.isEmpty()) {
      notes.add("the manifest has no SHA-256; a merge with --sha256 records them");
      return;
    }
    List<Path> paths = names.stream().map(folder::resolve).toList();
    List<String> hashes = Sha256.of(paths, threads, listener);
    for (int i = 0; i < names.size(); i++) {
      String expected = entry(names.get(i)).sha256().orElseThrow();
      if (!expected.equals(hashes.get(i))) {
        find(names.get(i), "SHA-256 " + expected, hashes.get(i));
      }
    }
  }

  /** That the index names the files that hold the tensors, in a folder that does not open. */
  void compareIndex() throws IOException {
    for (String name : List.of(SafetensorsWriter.INDEX_FILE, TorchWriter.INDEX_FILE)) {
      Path index = present.get(name);
      if (index == null) {
        continue;
      }
      try {
        if (name.equals(SafetensorsWriter.INDEX_FILE)) {
          SafetensorsCheckpoint.openIndex(folder.toString(), index).close();
        } else {
          TorchCheckpoint.openIndex(folder.toString(), index).close();
        }
      } catch (MalformedCheckpointException e) {
        find(name, "an index of the files beside it", String.valueOf(e.getMessage()));
      }
    }
  }

  private FileEntry entry(String file) {
    FileEntry entry = manifest.files().get(file);
    if (entry == null) {
      throw new IllegalStateException(file + " is not in the manifest");
    }
    return entry;
  }

  private void find(String where, String expected, String found) {
    findings.add(new Finding(where, expected, found));
  }

  private static String checksum(int crc) {
    return "CRC-32C " + Crc32c.text(crc);
  }

  @Override
  public void close() throws IOException {
    IOException failure = null;
    for (AutoCloseable resource : open) {
      try {
        resource.close();
      } catch (Exception e) {
        failure = new IOException(folder + ": a file cannot be closed", e);
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
