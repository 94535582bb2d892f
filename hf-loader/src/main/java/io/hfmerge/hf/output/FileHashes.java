package io.hfmerge.hf.output;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.checksum.Sha256;
import io.hfmerge.progress.ProgressListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The SHA-256 that {@code --sha256} asks for: of all inputs, and of all files of the output. */
final class FileHashes {

  private FileHashes() {}

  /**
   * Reads all files of the inputs.
   *
   * @throws MalformedCheckpointException if a file is not what the Hub says it is
   */
  static List<InputIdentity> ofInputs(
      List<InputIdentity> inputs, int threads, ProgressListener listener) throws IOException {
    List<FileIdentity> files = inputs.stream().flatMap(input -> input.files().stream()).toList();
    listener.started("hashing the inputs", files.stream().mapToLong(FileIdentity::sizeBytes).sum());
    List<String> hashes =
        Sha256.of(files.stream().map(FileIdentity::path).toList(), threads, listener);
    listener.finished();
    List<InputIdentity> hashed = new ArrayList<>();
    int next = 0;
    for (InputIdentity input : inputs) {
      List<FileIdentity> own = new ArrayList<>();
      for (FileIdentity file : input.files()) {
        String found = hashes.get(next++);
        String expected = file.hub().flatMap(HubOrigin::sha256).orElse(found);
        if (!expected.equals(found)) {
          throw new MalformedCheckpointException(
              "%s: expected SHA-256 %s, as the Hub has it, found %s; download it again"
                  .formatted(file.path(), expected, found));
        }
        own.add(file.withSha256(found));
      }
      hashed.add(new InputIdentity(input.reference(), input.revision(), own, input.remote()));
    }
    return hashed;
  }

  /** Reads all files of an output. */
  static Map<String, Manifest.FileEntry> ofOutputs(
      Path folder, Map<String, Manifest.FileEntry> files, int threads, ProgressListener listener)
      throws IOException {
    List<String> names = List.copyOf(files.keySet());
    listener.started(
        "hashing the output",
        files.values().stream().mapToLong(Manifest.FileEntry::sizeBytes).sum());
    List<String> hashes =
        Sha256.of(names.stream().map(folder::resolve).toList(), threads, listener);
    listener.finished();
    Map<String, Manifest.FileEntry> hashed = new LinkedHashMap<>();
    Iterator<String> next = hashes.iterator();
    files.forEach((name, file) ->
        hashed.put(
            name,
            new Manifest.FileEntry(file.sizeBytes(), file.checksum(), Optional.of(next.next()))));
    return hashed;
  }
}
