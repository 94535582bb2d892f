package io.hfmerge.hf;

import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.files.LinkRule;
import io.hfmerge.hf.safetensors.SafetensorsCheckpoint;
import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.hf.torchbin.RangedTorchCheckpoint;
import io.hfmerge.hf.torchbin.TorchCheckpoint;
import io.hfmerge.hf.torchbin.TorchWriter;
import io.hfmerge.tensor.Checkpoint;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Which files of a model are its weights, opened.
 *
 * @param checkpoint owns the files
 * @param notes what a user should know of the choice, a line each
 */
record WeightFiles(Checkpoint checkpoint, List<String> notes) {

  private static final String SAFETENSORS = ".safetensors";
  private static final String SINGLE_FILE = "model.safetensors";
  private static final List<String> TORCH_ENDINGS = List.of(".bin", ".pt", ".pth", ".ckpt");

  private static final byte[] ZIP = {'P', 'K', 3, 4};
  private static final byte[] PICKLE = {(byte) 0x80, 2};

  private static final int NAMES_SHOWN = 8;

  WeightFiles {
    notes = List.copyOf(notes);
  }

  /**
   * Opens the file that the location names, else those of its folder in transformers' order: one
   * safetensors file, its shards, one file of PyTorch, its shards.
   *
   * @throws UnresolvedReferenceException if there are none
   */
  static WeightFiles open(String reference, ModelLocation location) throws IOException {
    if (location.remote().isPresent()) {
      Checkpoint remote = location.remote().get().open(reference);
      return new WeightFiles(
          remote, remote instanceof RangedTorchCheckpoint torch ? torch.notes() : List.of());
    }
    if (location.weightsFile().isPresent()) {
      return file(reference, location.weightsFile().get());
    }
    Path folder = location.folder();
    Path single = folder.resolve(SINGLE_FILE);
    if (Files.exists(single)) {
      LinkRule.check(folder, single);
      return safetensors(SafetensorsCheckpoint.openFile(reference, single), folder, SINGLE_FILE);
    }
    Path index = folder.resolve(SafetensorsWriter.INDEX_FILE);
    if (Files.exists(index)) {
      LinkRule.check(folder, index);
      return safetensors(
          SafetensorsCheckpoint.openIndex(reference, index), folder, SafetensorsWriter.INDEX_FILE);
    }
    Path torch = folder.resolve(TorchWriter.SINGLE_FILE);
    if (Files.exists(torch)) {
      LinkRule.check(folder, torch);
      return torch(TorchCheckpoint.openFile(reference, torch));
    }
    Path torchIndex = folder.resolve(TorchWriter.INDEX_FILE);
    if (Files.exists(torchIndex)) {
      LinkRule.check(folder, torchIndex);
      return torch(TorchCheckpoint.openIndex(reference, torchIndex));
    }
    throw nothingIn(folder);
  }

  /** By its ending, else by its first bytes: the Hub's cache names blobs by their hashes. */
  private static WeightFiles file(String reference, Path file) throws IOException {
    String name = file.toAbsolutePath().normalize().getFileName().toString();
    boolean torch = !name.endsWith(SAFETENSORS) && (isTorchName(name) || beginsLikeTorch(file));
    return torch
        ? torch(TorchCheckpoint.openFile(reference, file))
        : new WeightFiles(SafetensorsCheckpoint.openFile(reference, file), List.of());
  }

  private static boolean isTorchName(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return TORCH_ENDINGS.stream().anyMatch(lower::endsWith);
  }

  private static boolean beginsLikeTorch(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      return false;
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] head = in.readNBytes(ZIP.length);
      return Arrays.equals(head, ZIP)
          || (head.length > PICKLE.length
              && Arrays.equals(head, 0, PICKLE.length, PICKLE, 0, PICKLE.length));
    }
  }

  private static WeightFiles torch(TorchCheckpoint checkpoint) {
    return new WeightFiles(checkpoint, checkpoint.notes());
  }

  private static WeightFiles safetensors(
      SafetensorsCheckpoint checkpoint, Path folder, String chosen) {
    List<String> others =
        Stream.of(TorchWriter.SINGLE_FILE, TorchWriter.INDEX_FILE)
            .filter(name -> Files.exists(folder.resolve(name)))
            .toList();
    List<String> notes =
        others.isEmpty()
            ? List.of()
            : List.of(
                "%s: read %s, not %s, as transformers does"
                    .formatted(folder, chosen, String.join(" and ", others)));
    return new WeightFiles(checkpoint, notes);
  }

  private static RuntimeException nothingIn(Path folder) throws IOException {
    List<String> present;
    try (Stream<Path> files = Files.list(folder)) {
      present = files.map(file -> file.getFileName().toString()).sorted().toList();
    }
    for (String name : present) {
      if (name.startsWith("adapter_model.")) {
        return new UnsupportedFeatureException(
            "%s: expected %s or its index, found the adapter %s: name its base too, as in BASE+%s"
                .formatted(folder, SINGLE_FILE, name, folder));
      }
    }
    String advice =
        present.stream()
            .filter(name -> name.endsWith(SAFETENSORS) || isTorchName(name))
            .filter(name -> !name.endsWith("training_args.bin"))
            .findFirst()
            .map(name -> "; if the model is in " + name + ", give that file as the reference")
            .orElse("");
    return new UnresolvedReferenceException(
        "%s: expected %s, %s or their indexes in it, found %s%s"
            .formatted(
                folder,
                SINGLE_FILE,
                TorchWriter.SINGLE_FILE,
                present.isEmpty() ? "an empty folder" : String.join(", ", first(present)),
                advice));
  }

  private static List<String> first(List<String> names) {
    if (names.size() <= NAMES_SHOWN) {
      return names;
    }
    List<String> some = new ArrayList<>(names.subList(0, NAMES_SHOWN));
    some.add("and " + (names.size() - NAMES_SHOWN) + " more");
    return some;
  }
}
