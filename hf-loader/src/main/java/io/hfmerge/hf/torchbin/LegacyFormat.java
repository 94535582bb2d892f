package io.hfmerge.hf.torchbin;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.files.ByteSource;
import io.hfmerge.hf.torchbin.PickleValue.Mapping;
import io.hfmerge.hf.torchbin.PickleValue.Sequence;
import io.hfmerge.hf.torchbin.PickleValue.Text;
import io.hfmerge.hf.torchbin.PickleValue.Truth;
import io.hfmerge.hf.torchbin.PickleValue.Whole;
import io.hfmerge.hf.torchbin.TorchContent.Place;
import io.hfmerge.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;

/**
 * The format of PyTorch before 1.6: a magic number, a version, facts about the machine, the object
 * and a list of storage keys, each a pickle of its own; then for each key the number of its
 * elements and the elements.
 */
final class LegacyFormat {

  /** The pickle of the number 0x1950a86a20f9469cfc6c. */
  static final byte[] MAGIC = HexFormat.of().parseHex("80028a0a6cfc9c46f9206aa850192e");

  private static final Whole PROTOCOL = new Whole(1001);

  private LegacyFormat() {}

  /**
   * Reads a file that begins with {@link #MAGIC}.
   *
   * @param source the file
   */
  static TorchContent read(ByteSource source) throws IOException {
    PickleInput in = new PickleInput(source, MAGIC.length, source.size());
    PickleObjects objects = new PickleObjects();
    PickleValue protocol = PickleReader.read(in, objects);
    if (!protocol.equals(PROTOCOL)) {
      throw malformed(
          source,
          MAGIC.length,
          "expected format " + PROTOCOL.value() + ", found " + protocol.describe());
    }
    checkMachine(source, in.position(), PickleReader.read(in, objects));
    PickleValue root = PickleReader.read(in, objects);
    long keysAt = in.position();
    if (!(PickleReader.read(in, objects) instanceof Sequence keys)) {
      throw malformed(source, keysAt, "expected a list of storage keys, found another object");
    }
    Map<String, Place> data = new HashMap<>();
    long position = in.position();
    for (PickleValue item : keys.items()) {
      String key =
          switch (item) {
            case Text(String text) -> text;
            case Whole(long number) -> Long.toString(number);
            default ->
                throw malformed(source, keysAt, "expected a storage key, found " + item.describe());
          };
      Place range = storage(source, position, key, objects.storageTypes());
      if (data.put(key, range) != null) {
        throw malformed(source, keysAt, "expected storage \"" + key + "\" once, found it twice");
      }
      position = range.position() + range.size();
    }
    return new TorchContent(root, storage -> Optional.ofNullable(data.get(storage.key())));
  }

  private static Place storage(
      ByteSource source, long position, String key, Map<String, DType> types) throws IOException {
    DType dtype = types.get(key);
    if (dtype == null) {
      throw malformed(
          source, position, "expected a storage of a tensor, found \"" + key + "\" of none");
    }
    if (source.size() - position < Long.BYTES) {
      throw malformed(
          source,
          position,
          "expected the size of storage \"%s\", found %d bytes left; is the file cut short? fetch it"
                  .formatted(key, source.size() - position)
              + " again");
    }
    long elements =
        ByteBuffer.wrap(source.bytes(position, Long.BYTES))
            .order(ByteOrder.LITTLE_ENDIAN)
            .getLong();
    long left = source.size() - position - Long.BYTES;
    if (elements < 0 || elements > left / dtype.bytes()) {
      throw malformed(
          source,
          position,
          "expected storage \"%s\" of %d elements of %s, found %d bytes left; is the file cut short?"
                  .formatted(key, elements, dtype, left)
              + " fetch it again");
    }
    return new Place(position + Long.BYTES, elements * dtype.bytes());
  }

  private static void checkMachine(ByteSource source, long end, PickleValue machine) {
    if (!(machine instanceof Mapping facts)) {
      throw malformed(source, end, "expected facts about the machine, found " + machine.describe());
    }
    if (!new Truth(true).equals(facts.entries().get(new Text("little_endian")))) {
      throw new UnsupportedFeatureException(
          source.name()
              + ": expected little-endian data, found a file of a big-endian machine; save it again"
              + " on an x86 or ARM machine");
    }
  }

  private static MalformedCheckpointException malformed(
      ByteSource source, long position, String what) {
    return new MalformedCheckpointException(
        "%s: at byte %d: %s".formatted(source.name(), position, what));
  }
}
