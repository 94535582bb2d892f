package io.hfmerge.hf.torchbin;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.files.ByteSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * The format of PyTorch since 1.6: a zip archive of one folder with {@code data.pkl}, {@code
 * data/KEY} for each storage, {@code version} and {@code byteorder}.
 */
final class ZipFormat {

  private static final String PICKLE = "data.pkl";

  /** The newest that PyTorch 2.13 reads. */
  private static final int MAX_VERSION = 10;

  /** Room for a version or a byte order. */
  private static final int MAX_WORD_BYTES = 64;

  private ZipFormat() {}

  /** Reads the directory with all that it lists, and the pickle. */
  static TorchContent read(ByteSource source) throws IOException {
    return read(source, ZipDirectory.read(source));
  }

  /** Reads the directory and the pickle; where storages are is found out when it is asked for. */
  static TorchContent readSparingly(ByteSource source) throws IOException {
    return read(source, ZipDirectory.list(source));
  }

  private static TorchContent read(ByteSource source, ZipDirectory directory) throws IOException {
    String folder = folder(source, directory);
    if (directory.entries().keySet().stream()
        .anyMatch(
            name -> name.equals(folder + "constants.pkl") || name.startsWith(folder + "code/"))) {
      throw new UnsupportedFeatureException(
          source.name()
              + ": expected weights, found a TorchScript program; save its state_dict() instead");
    }
    directory.requireStored(source.name());
    checkByteOrder(source, word(source, directory, folder + "byteorder"));
    checkVersion(source, word(source, directory, folder + "version"));
    ZipDirectory.Entry pickle = directory.find(folder + PICKLE).orElseThrow();
    PickleValue root =
        PickleReader.read(
            new PickleInput(source, pickle.position(), pickle.position() + pickle.size()),
            new PickleObjects());
    return new TorchContent(
        root, storage -> directory.find(folder + "data/" + storage.key()).map(entry -> entry));
  }

  private static String folder(ByteSource source, ZipDirectory directory) {
    List<String> pickles =
        directory.entries().keySet().stream()
            .filter(name -> name.endsWith('/' + PICKLE))
            .filter(name -> name.indexOf('/') == name.length() - PICKLE.length() - 1)
            .toList();
    if (pickles.size() != 1) {
      throw new MalformedCheckpointException(
          "%s: expected one %s in the folder of a PyTorch archive, found %s"
              .formatted(
                  source.name(),
                  PICKLE,
                  pickles.isEmpty()
                      ? "none in %d entries; is this another zip archive?"
                          .formatted(directory.entries().size())
                      : String.join(", ", pickles)));
    }
    return pickles.getFirst().substring(0, pickles.getFirst().length() - PICKLE.length());
  }

  private static Optional<String> word(ByteSource source, ZipDirectory directory, String name)
      throws IOException {
    Optional<ZipDirectory.Entry> entry = directory.find(name);
    if (entry.isEmpty()) {
      return Optional.empty();
    }
    if (entry.get().size() > MAX_WORD_BYTES) {
      throw new MalformedCheckpointException(
          "%s: entry \"%s\" at byte %d: expected one word, found %d bytes"
              .formatted(source.name(), name, entry.get().position(), entry.get().size()));
    }
    byte[] bytes = source.bytes(entry.get().position(), (int) entry.get().size());
    return Optional.of(new String(bytes, StandardCharsets.ISO_8859_1).trim());
  }

  /** Files older than PyTorch 2.1 do not say; they are from little-endian machines. */
  private static void checkByteOrder(ByteSource source, Optional<String> order) {
    if (order.isPresent() && !order.get().equals("little")) {
      throw new UnsupportedFeatureException(
          "%s: expected little-endian data, found byte order \"%s\"; save it again on an x86 or ARM"
                  .formatted(source.name(), order.get())
              + " machine");
    }
  }

  private static void checkVersion(ByteSource source, Optional<String> version) {
    if (version.isEmpty()) {
      return;
    }
    if (!version.get().matches("[0-9]{1,4}") || Integer.parseInt(version.get()) > MAX_VERSION) {
      throw new UnsupportedFeatureException(
          "%s: expected a PyTorch archive of version %d or older, found \"%s\""
              .formatted(source.name(), MAX_VERSION, version.get()));
    }
  }
}
