package io.hfmerge.hf.output;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.checklist.Finding;
import io.hfmerge.hf.checklist.ModelChecklist;
import io.hfmerge.hf.checksum.Crc32c;
import io.hfmerge.hf.checksum.FileRange;
import io.hfmerge.hf.checksum.RangeChecksums;
import io.hfmerge.hf.checksum.Sha256;
import io.hfmerge.hf.output.Manifest.FileEntry;
import io.hfmerge.hf.output.Manifest.TensorEntry;
import io.hfmerge.hf.safetensors.SafetensorsCheckpoint;
import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads a model folder again. Where it has a {@code hfmerge.json} it is compared with that: every
 * tensor by dtype, shape and checksum, every other file by size and checksum, that none is missing
 * and none was added. Files whose names begin with a dot, as version control and the Hub's
 * downloader leave them, are passed over. If nothing differs, or there is no manifest, the folder
 * goes through {@link ModelChecklist}.
 */
public final class ModelVerifier {

  private static final String WEIGHTS = ".safetensors";

  private final Path folder;
  private final Manifest manifest;
  private final List<Finding> findings = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  /** What is read, and what its checksum should be. */
  private final List<FileRange> ranges = new ArrayList<>();

  private final List<Part> parts = new ArrayList<>();
  private final List<AutoCloseable> open = new ArrayList<>();

  /** Files of weights of which a tensor was found to differ. */
  private final Set<String> told = new HashSet<>();

  /** What a range is a part of. */
  private sealed interface Part {

    /** Everything but tensors that a file has in front of them, or a whole file without tensors. */
    record Head(String file, long followingBytes) implements Part {}

    record Tensor(String file, String name, long followingBytes) implements Part {}
  }

  private ModelVerifier(Path folder, Manifest manifest) {
    this.folder = folder;
    this.manifest = manifest;
  }

  /**
   * Verifies a folder.
   *
   * @param folder one that a merge wrote, or any other model folder
   * @param threads for reading, at least 1
   * @param sha256 whether the SHA-256 that the manifest may have are compared too
   * @param listener hears of the bytes read
   * @throws MalformedCheckpointException if the folder has a malformed manifest
   * @throws IOException if a file cannot be read
   */
  public static Verification verify(
      Path folder, int threads, boolean sha256, ProgressListener listener) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new IOException(folder + ": expected a folder, found none");
    }
    if (Files.notExists(folder.resolve(Manifest.FILE))) {
      return checkAlone(folder, threads, sha256, listener);
    }
    return new ModelVerifier(folder, Manifest.read(folder)).run(threads, sha256, listener);
  }

  private static Verification checkAlone(
      Path folder, int threads, boolean sha256, ProgressListener listener) throws IOException {
    long start = System.nanoTime();
    listener.started("verifying", ModelChecklist.bytesToRead(folder));
    ModelChecklist.Result result = ModelChecklist.check(folder, threads, listener);
    listener.finished();
    List<String> notes = new ArrayList<>();
    notes.add(
        "there is no "
            + Manifest.FILE
            + " to compare checksums with"
            + (sha256 ? ", nor any SHA-256" : "")
            + ": hfmerge did not merge this folder");
    notes.addAll(result.notes());
    return new Verification(
        folder,
        false,
        result.tensors(),
        FolderFiles.list(folder).size(),
        result.bytesRead(),
        System.nanoTime() - start,
        result.findings(),
        notes);
  }

  private Verification run(int threads, boolean sha256, ProgressListener listener)
      throws IOException {
    long start = System.nanoTime();
    long bytes;
    int tensors;
    try {
      Map<String, Path> present = compareNames();
      Set<String> sound = compareSizes(present);
      tensors = locateTensors(present, sound);
      bytes = ranges.stream().mapToLong(FileRange::length).sum();
      long hashed = sha256 ? bytesToHash(sound) : 0;
      long scanned = ModelChecklist.bytesToRead(folder);
      listener.started("verifying", bytes + hashed + scanned);
      compareChecksums(RangeChecksums.of(ranges, threads, listener));
      if (sha256) {
        compareSha256(present, sound, threads, listener);
        bytes += hashed;
      }
      compareIndex(present);
      if (findings.isEmpty()) {
        ModelChecklist.Result result = ModelChecklist.check(folder, threads, listener);
        findings.addAll(result.findings());
        notes.addAll(result.notes());
        bytes += result.bytesRead();
      } else {
        notes.add("whether it is complete by itself was not checked");
      }
      listener.finished();
    } finally {
      closeAll();
    }
    noteInputs();
    return new Verification(
        folder,
        true,
        tensors,
        manifest.files().size(),
        bytes,
        System.nanoTime() - start,
        findings,
        notes);
  }

  private Map<String, Path> compareNames() throws IOException {
    Map<String, Path> present = FolderFiles.list(folder);
    present.remove(Manifest.FILE);
    for (String name : manifest.files().keySet()) {
      if (!present.containsKey(name)) {
        find(name, "a file", "none");
      }
    }
    for (String name : present.keySet()) {
      if (!manifest.files().containsKey(name)) {
        find(name, "no such file", "one that the merge did not write");
      }
    }
    present.keySet().retainAll(manifest.files().keySet());
    return present;
  }

  /** Files of the right size. */
  private Set<String> compareSizes(Map<String, Path> present) throws IOException {
    Set<String> sound = new HashSet<>();
    for (Map.Entry<String, Path> file : present.entrySet()) {
      long size = Files.size(file.getValue());
      long expected = entry(file.getKey()).sizeBytes();
      if (size == expected) {
        sound.add(file.getKey());
      } else {
        find(file.getKey(), expected + " bytes", size + " bytes");
      }
    }
    return sound;
  }

  /** Finds out what is to be read; returns the number of tensors among it. */
  private int locateTensors(Map<String, Path> present, Set<String> sound) throws IOException {
    Set<String> found = new HashSet<>();
    boolean allFiles = true;
    for (Map.Entry<String, FileEntry> file : manifest.files().entrySet()) {
      String name = file.getKey();
      boolean weights = name.endsWith(WEIGHTS);
      Path path = present.get(name);
      if (path == null || !sound.contains(name)) {
        allFiles &= !weights;
      } else if (weights) {
        allFiles &= locateTensors(name, path, found);
      } else {
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
        open.add(channel);
        ranges.add(new FileRange(path, channel, 0, file.getValue().sizeBytes()));
        parts.add(new Part.Head(name, 0));
      }
    }
    long missing = manifest.tensors().keySet().stream().filter(t -> !found.contains(t)).count();
    if (allFiles) {
      manifest
          .tensors()
          .values()
          .forEach(tensor -> {
            if (!found.contains(tensor.spec().name())) {
              find(
                  Finding.tensor(tensor.spec().name()), tensor.spec().describe(), "no such tensor");
            }
          });
    } else if (missing > 0) {
      notes.add(missing + " tensors could not be read, with the files that hold them");
    }
    return found.size();
  }

  private boolean locateTensors(String name, Path path, Set<String> found) throws IOException {
    SafetensorsCheckpoint weights;
    try {
      weights = SafetensorsCheckpoint.openFile(name, path);
    } catch (MalformedCheckpointException e) {
      find(name, "a safetensors file", String.valueOf(e.getMessage()));
      return false;
    }
    open.add(weights);
    long size = Files.size(path);
    FileRange header = weights.headerRanges().getFirst();
    ranges.add(header);
    parts.add(new Part.Head(name, size - header.length()));
    for (TensorSpec tensor : weights.tensors()) {
      TensorEntry expected = manifest.tensors().get(tensor.name());
      if (expected == null || !found.add(tensor.name())) {
        find(
            Finding.tensor(tensor.name()) + " in " + name,
            "no such tensor there",
            tensor.describe());
        told.add(name);
        continue;
      }
      if (!expected.spec().equals(tensor)) {
        find(
            Finding.tensor(tensor.name()) + " in " + name,
            expected.spec().describe(),
            tensor.describe());
      }
      FileRange range = weights.range(tensor.name());
      ranges.add(range);
      parts.add(new Part.Tensor(name, tensor.name(), size - range.offset() - range.length()));
    }
    return true;
  }

  private void compareChecksums(int[] checksums) {
    Map<String, Integer> whole = new LinkedHashMap<>();
    for (int i = 0; i < checksums.length; i++) {
      int found = checksums[i];
      switch (parts.get(i)) {
        case Part.Head(String file, long following) ->
            whole.merge(file, Crc32c.shift(found, following), (a, b) -> a ^ b);
        case Part.Tensor(String file, String name, long following) -> {
          whole.merge(file, Crc32c.shift(found, following), (a, b) -> a ^ b);
          TensorEntry expected = manifest.tensors().get(name);
          if (expected != null && expected.checksum() != found) {
            find(
                Finding.tensor(name) + " in " + file,
                checksum(expected.checksum()),
                checksum(found));
            told.add(file);
          }
        }
      }
    }
    whole.forEach((file, found) -> {
      int expected = entry(file).checksum();
      if (expected != found && !told.contains(file)) {
        find(
            file.endsWith(WEIGHTS) ? "header of " + file : file,
            checksum(expected) + " of the file",
            checksum(found));
      }
    });
  }

  private long bytesToHash(Set<String> sound) {
    return sound.stream()
        .map(this::entry)
        .filter(file -> file.sha256().isPresent())
        .mapToLong(FileEntry::sizeBytes)
        .sum();
  }

  private void compareSha256(
      Map<String, Path> present, Set<String> sound, int threads, ProgressListener listener)
      throws IOException {
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

  /** That the index names the files that hold the tensors. */
  private void compareIndex(Map<String, Path> present) throws IOException {
    Path index = present.get(SafetensorsWriter.INDEX_FILE);
    if (index == null) {
      return;
    }
    try {
      SafetensorsCheckpoint.openIndex(folder.toString(), index).close();
    } catch (MalformedCheckpointException e) {
      find(
          SafetensorsWriter.INDEX_FILE,
          "an index of the files beside it",
          String.valueOf(e.getMessage()));
    }
  }

  private void noteInputs() {
    for (InputIdentity input : manifest.inputs()) {
      long absent = input.files().stream().filter(file -> !Files.exists(file.path())).count();
      if (absent > 0) {
        notes.add("input " + input.reference() + " is not there any more");
      } else {
        input
            .files()
            .forEach(file ->
                file.change()
                    .ifPresent(change ->
                        notes.add("input " + input.reference() + " has changed: " + change)));
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

  private void closeAll() throws IOException {
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
