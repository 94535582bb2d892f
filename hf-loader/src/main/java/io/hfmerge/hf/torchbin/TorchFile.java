package io.hfmerge.hf.torchbin;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.files.ByteSource;
import io.hfmerge.hf.files.MappedFile;
import io.hfmerge.hf.torchbin.PickleValue.Storage;
import io.hfmerge.hf.torchbin.PickleValue.Tensor;
import io.hfmerge.hf.torchbin.TorchContent.Range;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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
   * Views of one storage may be larger than the file: tied weights and shared masks are, several
   * times; a file made to fill a disk is a million times.
   */
  private static final long MAX_EXPANSION = 8;

  private static final long EXPANSION_FREE_BYTES = 1L << 30;

  private static final int NAMES_SHOWN = 3;

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
    TorchContent content = content(file);
    StateDict dict = StateDict.of(file.name(), content.root());
    List<Place> tensors = new ArrayList<>();
    List<String> notes = new ArrayList<>(dict.notes());
    Map<Tensor, String> views = new HashMap<>();
    List<String> shared = new ArrayList<>();
    long bytes = 0;
    for (Map.Entry<String, Tensor> entry : dict.tensors().entrySet()) {
      String name = entry.getKey();
      Tensor tensor = entry.getValue();
      Place place = place(file, name, tensor, content.data());
      tensors.add(place);
      long size = place.spec().sizeBytes();
      bytes = bytes + size < 0 ? Long.MAX_VALUE : bytes + size;
      String twin = views.putIfAbsent(tensor, name);
      if (twin != null) {
        shared.add(name + " with " + twin);
      }
    }
    long most = Math.max(EXPANSION_FREE_BYTES, MAX_EXPANSION * file.size());
    if (bytes > most) {
      throw new MalformedCheckpointException(
          "%s: expected tensors of at most %d bytes in a file of %d, found %d: views repeat its data"
              .formatted(file.path(), most, file.size(), bytes));
    }
    if (!shared.isEmpty()) {
      notes.add(
          "%s: %s data with others, and each is read as its own: %s%s"
              .formatted(
                  file.path(),
                  shared.size() == 1
                      ? "1 tensor shares its"
                      : shared.size() + " tensors share their",
                  String.join(", ", shared.subList(0, Math.min(NAMES_SHOWN, shared.size()))),
                  shared.size() > NAMES_SHOWN ? ", ..." : ""));
    }
    return new TorchFile(file, tensors, notes);
  }

  /** By the first bytes; what is recognised and not read is named. */
  static TorchContent content(ByteSource source) throws IOException {
    byte[] head = source.bytes(0, (int) Math.min(HEAD_BYTES, source.size()));
    if (startsWith(head, 0, ZIP)) {
      return ZipFormat.read(source);
    }
    if (startsWith(head, 0, LegacyFormat.MAGIC)) {
      return LegacyFormat.read(source);
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

  private static Place place(
      MappedFile file, String name, Tensor tensor, TorchContent.StorageData data) {
    Storage storage = tensor.storage();
    Range range =
        data.find(storage)
            .orElseThrow(() ->
                new MalformedCheckpointException(
                    "%s: tensor \"%s\": expected its data under key \"%s\", found none"
                        .formatted(file.path(), name, storage.key())));
    int storageBytes = storage.dtype().bytes();
    // in this form nothing overflows
    long held = range.size() / storageBytes;
    if (storage.offsetElements() > held || storage.elements() > held - storage.offsetElements()) {
      throw new MalformedCheckpointException(
          "%s: at byte %d: tensor \"%s\": expected %d elements of %s from %d on, found data of %d"
                  .formatted(
                      file.path(),
                      range.position(),
                      name,
                      storage.elements(),
                      storage.dtype(),
                      storage.offsetElements(),
                      range.size())
              + " bytes");
    }
    TensorSpec spec = new TensorSpec(name, tensor.dtype(), new Shape(tensor.size()));
    long first = spec.elements() == 0 ? 0 : tensor.offsetElements() * tensor.dtype().bytes();
    return new Place(
        spec,
        range.position() + storage.offsetElements() * storageBytes + first,
        new StridedLayout(tensor.dtype().bytes(), tensor.size(), tensor.stride()));
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
