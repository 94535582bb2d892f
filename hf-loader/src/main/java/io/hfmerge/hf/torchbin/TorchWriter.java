package io.hfmerge.hf.torchbin;

import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.checksum.Crc32c;
import io.hfmerge.hf.files.ChecksummedWriter;
import io.hfmerge.hf.files.PositionalWrites;
import io.hfmerge.hf.files.ShardFilling;
import io.hfmerge.hf.files.ShardIndex;
import io.hfmerge.hf.files.WrittenFile;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;

/**
 * Writes a checkpoint as {@code pytorch_model.bin} in PyTorch's zip format, or as shards with an
 * index; owns the open files until closed. Data may come in any order from several threads; headers
 * and directories, which need the CRC of the data, are written at the end. The same tensors give
 * the same bytes, and {@code torch.load(weights_only=True)} reads them.
 */
public final class TorchWriter implements ChecksummedWriter {

  /** Name of a checkpoint in one file. */
  public static final String SINGLE_FILE = "pytorch_model.bin";

  /** Name of the index beside several shards. */
  public static final String INDEX_FILE = "pytorch_model.bin.index.json";

  private static final String STEM = "pytorch_model";
  private static final String ENDING = ".bin";

  /** Largest slice handed to one positional write; a byte buffer cannot be larger than 2 GiB. */
  private static final long MAX_WRITE_BYTES = 1 << 30;

  private static final int READ_BYTES = 1 << 20;

  private record Place(OpenShard shard, long position, TensorSpec spec, AtomicLong written) {}

  /** A file; {@code fixed} are the entries that are no tensors, by name. */
  private record OpenShard(
      Path path,
      FileChannel channel,
      List<TensorSpec> tensors,
      ZipLayout layout,
      Map<String, byte[]> fixed) {}

  private final Path folder;
  private final List<OpenShard> shards = new ArrayList<>();
  private final Map<String, Place> places = new LinkedHashMap<>();

  /** Known when all was written and read again. */
  private final Map<String, Integer> checksums = new LinkedHashMap<>();

  private final List<WrittenFile> written = new ArrayList<>();

  private TorchWriter(Path folder) {
    this.folder = folder;
  }

  /**
   * Creates the files in an existing folder.
   *
   * @param folder an existing folder without checkpoint files
   * @param tensors what will be written, in the order in which shards are filled; names unique
   * @param maxShardBytes size above which a new shard is begun, in bytes of tensor data
   * @throws UnsupportedFeatureException if PyTorch has no tensors of a dtype
   * @throws IOException if a file cannot be created or is already there
   */
  public static TorchWriter create(Path folder, List<TensorSpec> tensors, long maxShardBytes)
      throws IOException {
    if (maxShardBytes <= 0) {
      throw new IllegalArgumentException("shard size must be positive: " + maxShardBytes);
    }
    for (TensorSpec tensor : tensors) {
      if (!TorchTypes.isTorchType(tensor.dtype())) {
        throw new UnsupportedFeatureException(
            "tensor \"%s\": expected a dtype that PyTorch has, found %s"
                .formatted(tensor.name(), tensor.describe()));
      }
    }
    TorchWriter writer = new TorchWriter(folder);
    try {
      List<List<TensorSpec>> groups = ShardFilling.fill(tensors, maxShardBytes);
      for (int i = 0; i < groups.size(); i++) {
        writer.openShard(groups.get(i), ShardFilling.fileName(STEM, ENDING, i, groups.size()));
      }
      return writer;
    } catch (IOException | RuntimeException e) {
      writer.close();
      throw e;
    }
  }

  private void openShard(List<TensorSpec> tensors, String fileName) throws IOException {
    String top = fileName.substring(0, fileName.length() - ENDING.length()) + '/';
    Map<String, byte[]> fixed = new LinkedHashMap<>();
    fixed.put(top + "data.pkl", PickleWriter.write(tensors));
    fixed.put(top + "byteorder", "little".getBytes(StandardCharsets.US_ASCII));
    fixed.put(top + "version", "3\n".getBytes(StandardCharsets.US_ASCII));
    ZipLayout layout = new ZipLayout();
    fixed.forEach((name, bytes) -> layout.add(name, bytes.length));
    Path path = folder.resolve(fileName);
    FileChannel channel =
        FileChannel.open(
            path, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
    OpenShard shard = new OpenShard(path, channel, tensors, layout, fixed);
    shards.add(shard);
    for (int i = 0; i < tensors.size(); i++) {
      TensorSpec spec = tensors.get(i);
      long position = layout.add(top + "data/" + i, spec.sizeBytes());
      if (places.put(spec.name(), new Place(shard, position, spec, new AtomicLong())) != null) {
        throw new IllegalArgumentException("tensor \"" + spec.name() + "\" stands twice");
      }
    }
  }

  @Override
  public void write(String tensor, long offsetBytes, MemorySegment source) throws IOException {
    Place place = places.get(tensor);
    if (place == null) {
      throw new IllegalArgumentException("tensor \"" + tensor + "\" was not declared");
    }
    long size = source.byteSize();
    if (offsetBytes < 0 || offsetBytes > place.spec().sizeBytes() - size) {
      throw new IllegalArgumentException(
          "tensor \"%s\" has %d bytes, told to write %d from %d on"
              .formatted(tensor, place.spec().sizeBytes(), size, offsetBytes));
    }
    for (long done = 0; done < size; done += MAX_WRITE_BYTES) {
      long length = Math.min(MAX_WRITE_BYTES, size - done);
      writeFully(
          place.shard(),
          source.asSlice(done, length).asByteBuffer(),
          place.position() + offsetBytes + done);
    }
    place.written().addAndGet(size);
  }

  private static void writeFully(OpenShard shard, ByteBuffer source, long position)
      throws IOException {
    PositionalWrites.writeFully(shard.path(), shard.channel(), source, position);
  }

  /** {@inheritDoc} Reads the data again for its CRCs; the index is written last. */
  @Override
  public void finish() throws IOException {
    for (Place place : places.values()) {
      if (place.written().get() != place.spec().sizeBytes()) {
        throw new IllegalStateException(
            "tensor \"%s\": expected %d bytes written, found %d"
                .formatted(place.spec().name(), place.spec().sizeBytes(), place.written().get()));
      }
    }
    Map<String, List<TensorSpec>> tensorsByFile = new LinkedHashMap<>();
    for (OpenShard shard : shards) {
      finish(shard);
      tensorsByFile.put(shard.path().getFileName().toString(), shard.tensors());
    }
    if (shards.size() > 1) {
      ShardIndex.write(folder.resolve(INDEX_FILE), tensorsByFile);
    }
  }

  private void finish(OpenShard shard) throws IOException {
    List<Integer> crcs = new ArrayList<>();
    int whole = 0;
    List<ZipLayout.Entry> entries = shard.layout().entries();
    for (int i = 0; i < entries.size(); i++) {
      ZipLayout.Entry entry = entries.get(i);
      byte[] fixed = shard.fixed().get(entry.name());
      if (fixed != null) {
        writeFully(shard, ByteBuffer.wrap(fixed), entry.position());
      }
      Crcs data = crcs(shard, entry);
      ByteBuffer header = shard.layout().header(entry, data.zip());
      whole = append(whole, Crc32c.of(header.duplicate()), header.remaining());
      whole = append(whole, data.castagnoli(), entry.size());
      writeFully(shard, header, entry.header());
      crcs.add(data.zip());
      if (fixed == null) {
        checksums.put(shard.tensors().get(i - shard.fixed().size()).name(), data.castagnoli());
      }
    }
    ByteBuffer directory = shard.layout().directory(crcs);
    int size = directory.remaining();
    whole = append(whole, Crc32c.of(directory.duplicate()), size);
    writeFully(shard, directory, shard.layout().end());
    shard.channel().force(true);
    written.add(
        new WrittenFile(shard.path().getFileName().toString(), shard.layout().end() + size, whole));
  }

  private static int append(int checksum, int next, long nextBytes) {
    return Crc32c.shift(checksum, nextBytes) ^ next;
  }

  /** Of an entry's data: the one that the archive has, and the one of manifests. */
  private record Crcs(int zip, int castagnoli) {}

  private static Crcs crcs(OpenShard shard, ZipLayout.Entry entry) throws IOException {
    CRC32 crc = new CRC32();
    CRC32C castagnoli = new CRC32C();
    ByteBuffer buffer = ByteBuffer.allocateDirect((int) Math.min(READ_BYTES, entry.size()));
    long done = 0;
    while (done < entry.size()) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), entry.size() - done));
      int read = shard.channel().read(buffer, entry.position() + done);
      if (read < 0) {
        throw new IOException(
            shard.path() + ": ends at byte " + (entry.position() + done) + " while it is written");
      }
      crc.update(buffer.flip());
      castagnoli.update(buffer.rewind());
      done += read;
    }
    return new Crcs((int) crc.getValue(), (int) castagnoli.getValue());
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalStateException before {@link #finish}, which reads what was written again
   */
  @Override
  public int checksum(String tensor) {
    Integer checksum = checksums.get(tensor);
    if (checksum == null) {
      throw new IllegalStateException("tensor \"" + tensor + "\" is not finished");
    }
    return checksum;
  }

  @Override
  public List<WrittenFile> files() {
    if (written.size() < shards.size()) {
      throw new IllegalStateException("the files are not finished");
    }
    return List.copyOf(written);
  }

  @Override
  public void close() throws IOException {
    IOException failure = null;
    for (OpenShard shard : shards) {
      try {
        shard.channel().close();
      } catch (IOException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
