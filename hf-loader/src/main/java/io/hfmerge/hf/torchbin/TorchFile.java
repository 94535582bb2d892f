package io.hfmerge.hf.torchbin;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.files.ByteSource;
import io.hfmerge.hf.files.MappedFile;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One mapped file of PyTorch's.
 *
 * @param file the open file
 * @param tensors its tensors, in its order
 * @param notes what was left out or is shared, a line each
 */
record TorchFile(MappedFile file, List<Place> tensors, List<String> notes)
    implements AutoCloseable {

  private static final byte[] ZIP = {'P', 'K', 3, 4};
  private static final byte[] TAR = "ustar".getBytes(StandardCharsets.US_ASCII);
  private static final int TAR_AT = 257;
  private static final int PICKLE_START = 0x80;
  private static final int HEAD_BYTES = 512;

  /**
   * A tensor of the file.
   *
   * @param position byte of the file at which its first element is
   */
  record Place(TensorSpec spec, long position, StridedLayout layout) {}

  TorchFile {
    tensors = List.copyOf(tensors);
    notes = List.copyOf(notes);
  }

  /**
   * Maps a file and checks all that it says of its tensors.
   *
   * @param arena owns the mapping
   * @throws MalformedCheckpointException if it breaks a rule of its format
   * @throws UnsupportedFeatureException if it is no checkpoint of weights
   * @throws IOException if it cannot be read
   */
  static TorchFile open(Path path, Arena arena) throws IOException {
    MappedFile file = MappedFile.open(path, arena, "PyTorch");
    try {
      return read(file);
    } catch (IOException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  private static TorchFile read(MappedFile file) throws IOException {
    TorchTensors found = TorchTensors.of(file, content(file));
    List<Place> tensors = new ArrayList<>();
    for (TorchTensors.Located tensor : found.tensors()) {
      tensors.add(new Place(tensor.spec(), tensor.position(), tensor.layout()));
    }
    return new TorchFile(file, tensors, found.notes());
  }

  /** Whether it is a file of the zip format, of which parts can be read alone. */
  static boolean isZip(ByteSource source) throws IOException {
    return startsWith(source.bytes(0, (int) Math.min(ZIP.length, source.size())), 0, ZIP);
  }

  /** By the first bytes; what is recognised and not read is named. */
  static TorchContent content(ByteSource source) throws IOException {
    if (isZip(source)) {
      return ZipFormat.read(source);
    }
    requireLegacy(source);
    return LegacyFormat.read(source);
  }

  /** Refuses a file that is neither of the zip format nor of the older one, by what it is. */
  static void requireLegacy(ByteSource source) throws IOException {
    byte[] head = source.bytes(0, (int) Math.min(HEAD_BYTES, source.size()));
    if (startsWith(head, 0, LegacyFormat.MAGIC)) {
      return;
    }
    if (startsWith(head, TAR_AT, TAR)) {
      throw new UnsupportedFeatureException(
          source.name()
              + ": expected a file of PyTorch 0.2 or later, found a tar archive of an older one; load"
              + " it with that version and save it again");
    }
    if (head.length > 0 && (head[0] & 0xff) == PICKLE_START) {
      // names what is in it, which is what its receiver should know
      PickleReader.read(new PickleInput(source, 0, source.size()), new PickleObjects());
      throw new MalformedCheckpointException(
          source.name()
              + ": at byte 0: expected a file of torch.save, found a plain pickle; nothing of it was"
              + " run");
    }
    if (head.length > 8 && head[8] == '{' && looksLikeHeaderLength(head)) {
      throw new MalformedCheckpointException(
          source.name()
              + ": at byte 0: expected a file of torch.save, found a safetensors file; rename it to"
              + " end with .safetensors");
    }
    throw new MalformedCheckpointException(
        "%s: at byte 0: expected a file of torch.save (a zip archive or its older format), found %s"
            .formatted(
                source.name(),
                head.length == 0 ? "a file of 0 bytes" : "one that begins otherwise"));
  }

  private static boolean startsWith(byte[] head, int from, byte[] start) {
    return head.length >= from + start.length
        && Arrays.equals(head, from, from + start.length, start, 0, start.length);
  }

  private static boolean looksLikeHeaderLength(byte[] head) {
    long length = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getLong();
    return length > 0 && length < 1L << 32;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
