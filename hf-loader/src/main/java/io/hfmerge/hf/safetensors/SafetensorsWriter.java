package io.hfmerge.hf.safetensors;

import io.hfmerge.hf.checksum.Crc32c;
import io.hfmerge.hf.checksum.FileRange;
import io.hfmerge.hf.checksum.RangeChecksums;
import io.hfmerge.hf.checksum.Sha256;
import io.hfmerge.hf.files.ChecksummedWriter;
import io.hfmerge.hf.files.PositionalWrites;
import io.hfmerge.hf.files.ShardIndex;
import io.hfmerge.hf.files.WrittenFile;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.tensor.TensorSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonEncoding;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Writes a checkpoint as one safetensors file, or as shards with an index; owns the open files
 * until closed. The headers are written at once; data may then come in any order from several
 * threads. The same tensors give the same bytes.
 *
 * <p>The CRC-32C of every tensor is taken from the bytes on their way to the file, by the thread
 * that writes them.
 */
public final class SafetensorsWriter implements ChecksummedWriter {

  /** What transformers 4 and mergekit cut at, in bytes. */
  public static final long DEFAULT_MAX_SHARD_BYTES = 5_000_000_000L;

  /** Name of the index beside several shards. */
  public static final String INDEX_FILE = "model.safetensors.index.json";

  /** transformers up to 4.49 refuses files without it. */
  public static final Map<String, String> METADATA = Map.of("format", "pt");

  private static final int HEADER_UNIT = 8;

  /** A page of most machines; fixed, so that files are the same on all of them. */
  private static final int PAGE_BYTES = 4 << 10;

  /** Largest slice handed to one positional write; a byte buffer cannot be larger than 2 GiB. */
  private static final long MAX_WRITE_BYTES = 1 << 30;

  /** A tensor within its file; {@code checksum} is that of the bytes written so far. */
  private record Place(
      OpenShard shard, long offset, TensorSpec spec, AtomicLong written, AtomicInteger checksum) {

    boolean isComplete() {
      return written.get() == spec.sizeBytes();
    }
  }

  /**
   * A file.
   *
   * @param direct the same file past the page cache, where large writes go that way
   */
  private record OpenShard(
      Path path,
      FileChannel channel,
      Optional<FileChannel> direct,
      int headerChecksum,
      int headerBytes,
      long dataBytes) {

    long sizeBytes() {
      return Math.addExact(headerBytes, dataBytes);
    }
  }

  private final Path folder;
  private final List<OpenShard> shards = new ArrayList<>();
  private final Map<String, Place> places = new LinkedHashMap<>();
  private final WriteBehind behind = new WriteBehind();
  private @Nullable DirectWrites directWrites;

  private SafetensorsWriter(Path folder) {
    this.folder = folder;
  }

  /**
   * Creates the files in an existing folder and writes their headers.
   *
   * @param folder an existing folder without checkpoint files
   * @param tensors what will be written, in the order in which shards are filled; names unique
   * @param maxShardBytes size above which a new shard is begun, in bytes of tensor data
   * @throws IOException if a file cannot be created or is already there
   */
  public static SafetensorsWriter create(Path folder, List<TensorSpec> tensors, long maxShardBytes)
      throws IOException {
    return open(folder, tensors, maxShardBytes, Set.of(StandardOpenOption.CREATE_NEW));
  }

  /**
   * Opens the files that an earlier writer of the same tensors and limit left, or creates those
   * that are missing. Nothing in them counts as written until {@link #restore} has read it.
   *
   * @see #create
   */
  public static SafetensorsWriter reopen(Path folder, List<TensorSpec> tensors, long maxShardBytes)
      throws IOException {
    return open(folder, tensors, maxShardBytes, Set.of(StandardOpenOption.CREATE));
  }

  /** Names of the files that these tensors are written to, without the index. */
  public static Set<String> fileNames(List<TensorSpec> tensors, long maxShardBytes) {
    Set<String> names = new LinkedHashSet<>();
    SafetensorsLayout.of(tensors, maxShardBytes)
        .shards()
        .forEach(shard -> names.add(shard.fileName()));
    return names;
  }

  /**
   * By what the files of these tensors are known again: SHA-256 of their names and headers, which
   * say where each byte of each tensor is.
   */
  public static String layoutSha256(List<TensorSpec> tensors, long maxShardBytes) {
    ByteArrayOutputStream layout = new ByteArrayOutputStream();
    for (SafetensorsLayout.Shard shard : SafetensorsLayout.of(tensors, maxShardBytes).shards()) {
      layout.writeBytes(shard.fileName().getBytes(StandardCharsets.UTF_8));
      layout.writeBytes(header(shard));
    }
    return Sha256.of(layout.toByteArray());
  }

  private static SafetensorsWriter open(
      Path folder, List<TensorSpec> tensors, long maxShardBytes, Set<StandardOpenOption> creation)
      throws IOException {
    if (maxShardBytes <= 0) {
      throw new IllegalArgumentException("shard size must be positive: " + maxShardBytes);
    }
    return open(folder, SafetensorsLayout.of(tensors, maxShardBytes), creation);
  }

  /**
   * Creates one file and writes its header.
   *
   * @param file a file that is not there yet, in an existing folder
   * @param tensors what will be written; names unique
   * @throws IOException if the file cannot be created or is already there
   */
  public static SafetensorsWriter createFile(Path file, List<TensorSpec> tensors)
      throws IOException {
    return open(
        file.resolveSibling(""),
        SafetensorsLayout.ofFile(file.getFileName().toString(), tensors),
        Set.of(StandardOpenOption.CREATE_NEW));
  }

  private static SafetensorsWriter open(
      Path folder, SafetensorsLayout layout, Set<StandardOpenOption> creation) throws IOException {
    SafetensorsWriter writer = new SafetensorsWriter(folder);
    try {
      for (SafetensorsLayout.Shard shard : layout.shards()) {
        writer.openShard(shard, creation);
      }
      return writer;
    } catch (IOException | RuntimeException e) {
      writer.close();
      throw e;
    }
  }

  private void openShard(SafetensorsLayout.Shard shard, Set<StandardOpenOption> creation)
      throws IOException {
    Path path = folder.resolve(shard.fileName());
    byte[] header = header(shard);
    Set<StandardOpenOption> options = EnumSet.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
    options.addAll(creation);
    FileChannel channel = FileChannel.open(path, options);
    long size = Math.addExact(header.length, shard.sizeBytes());
    Optional<FileChannel> direct = Optional.empty();
    try {
      direct = DirectWrites.open(path, size);
    } finally {
      // closed with the others, whatever happens next
      shards.add(
          new OpenShard(
              path,
              channel,
              direct,
              Crc32c.of(ByteBuffer.wrap(header)),
              header.length,
              shard.sizeBytes()));
    }
    OpenShard open = shards.getLast();
    if (direct.isPresent() && directWrites == null) {
      directWrites = new DirectWrites();
    }
    channel.truncate(size);
    if (direct.isPresent() && channel.size() < size) {
      // blocks within a file's size may be written side by side
      writeFully(open, ByteBuffer.allocate(1), size - 1);
    }
    writeFully(open, ByteBuffer.wrap(header), 0);
    long offset = header.length;
    for (TensorSpec spec : shard.tensors()) {
      Place place = new Place(open, offset, spec, new AtomicLong(), new AtomicInteger());
      if (places.put(spec.name(), place) != null) {
        throw new IllegalArgumentException("tensor \"" + spec.name() + "\" stands twice");
      }
      offset += spec.sizeBytes();
    }
  }

  /**
   * Length, JSON, and spaces up to a multiple of 8, as the reference writer pads; in large files up
   * to a page, so that what is written and mapped of most tensors is whole pages.
   */
  private static byte[] header(SafetensorsLayout.Shard shard) {
    List<TensorSpec> tensors = shard.tensors();
    ByteArrayOutputStream json = new ByteArrayOutputStream();
    try (JsonGenerator out =
        JsonFactory.builder()
            .build()
            .createGenerator(ObjectWriteContext.empty(), json, JsonEncoding.UTF8)) {
      out.writeStartObject();
      out.writeName("__metadata__");
      out.writeStartObject();
      METADATA.forEach(out::writeStringProperty);
      out.writeEndObject();
      long offset = 0;
      for (TensorSpec spec : tensors) {
        out.writeName(spec.name());
        out.writeStartObject();
        out.writeStringProperty("dtype", spec.dtype().name());
        out.writeArrayPropertyStart("shape");
        for (long dimension : spec.shape().dimensions()) {
          out.writeNumber(dimension);
        }
        out.writeEndArray();
        out.writeArrayPropertyStart("data_offsets");
        out.writeNumber(offset);
        offset += spec.sizeBytes();
        out.writeNumber(offset);
        out.writeEndArray();
        out.writeEndObject();
      }
      out.writeEndObject();
    }
    int unit = shard.sizeBytes() < DirectWrites.LEAST_FILE_BYTES ? HEADER_UNIT : PAGE_BYTES;
    int length = SafetensorsHeaderParser.LENGTH_BYTES;
    int padded = Math.ceilDiv(length + json.size(), unit) * unit - length;
    if (padded > SafetensorsHeaderParser.MAX_HEADER_BYTES) {
      throw new IllegalArgumentException(
          "%d tensors need a header of %d bytes, and the format allows %d; use smaller shards"
              .formatted(tensors.size(), padded, SafetensorsHeaderParser.MAX_HEADER_BYTES));
    }
    byte[] header = new byte[length + padded];
    Arrays.fill(header, (byte) ' ');
    ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).putLong(padded).put(json.toByteArray());
    return header;
  }

  /**
   * Takes over tensors that an earlier writer wrote, once their bytes were read again and have the
   * checksums that they then had.
   *
   * @param checksums CRC-32C by name of a declared tensor
   * @param threads for reading
   * @param listener hears of the bytes read
   * @return names of the tensors taken over; the others must be written
   * @throws IOException if a file cannot be read
   */
  public Set<String> restore(Map<String, Integer> checksums, int threads, ProgressListener listener)
      throws IOException {
    List<Place> found = new ArrayList<>();
    List<FileRange> ranges = new ArrayList<>();
    for (String tensor : checksums.keySet()) {
      Place place = place(tensor);
      FileChannel channel = place.shard().channel();
      boolean present = place.offset() + place.spec().sizeBytes() <= channel.size();
      if (present || place.isComplete()) {
        found.add(place);
        ranges.add(
            new FileRange(place.shard().path(), channel, place.offset(), place.spec().sizeBytes()));
      }
    }
    listener.started("checking what is there", ranges.stream().mapToLong(FileRange::length).sum());
    int[] actual = RangeChecksums.of(ranges, threads, listener);
    listener.finished();
    Set<String> restored = new LinkedHashSet<>();
    for (int i = 0; i < actual.length; i++) {
      Place place = found.get(i);
      if (Integer.valueOf(actual[i]).equals(checksums.get(place.spec().name()))) {
        place.checksum().set(actual[i]);
        place.written().set(place.spec().sizeBytes());
        restored.add(place.spec().name());
      }
    }
    return restored;
  }

  @Override
  public int checksum(String tensor) {
    Place place = place(tensor);
    if (!place.isComplete()) {
      throw missing(place);
    }
    return place.checksum().get();
  }

  @Override
  public List<WrittenFile> files() {
    Map<OpenShard, Integer> checksums = new LinkedHashMap<>();
    for (OpenShard shard : shards) {
      checksums.put(shard, Crc32c.shift(shard.headerChecksum(), shard.dataBytes()));
    }
    places.forEach((tensor, place) -> {
      long end = place.offset() + place.spec().sizeBytes();
      int contribution = Crc32c.shift(checksum(tensor), place.shard().sizeBytes() - end);
      checksums.merge(place.shard(), contribution, (a, b) -> a ^ b);
    });
    List<WrittenFile> files = new ArrayList<>();
    checksums.forEach((shard, checksum) ->
        files.add(
            new WrittenFile(shard.path().getFileName().toString(), shard.sizeBytes(), checksum)));
    return files;
  }

  private Place place(String tensor) {
    Place place = places.get(tensor);
    if (place == null) {
      throw new IllegalArgumentException("tensor \"" + tensor + "\" was not declared");
    }
    return place;
  }

  @Override
  public void write(String tensor, long offsetBytes, MemorySegment source) throws IOException {
    Place place = place(tensor);
    long size = source.byteSize();
    if (offsetBytes < 0 || offsetBytes > place.spec().sizeBytes() - size) {
      throw new IllegalArgumentException(
          "tensor \"%s\" has %d bytes, told to write %d from %d on"
              .formatted(tensor, place.spec().sizeBytes(), size, offsetBytes));
    }
    for (long done = 0; done < size; done += MAX_WRITE_BYTES) {
      long length = Math.min(MAX_WRITE_BYTES, size - done);
      MemorySegment piece = source.asSlice(done, length);
      // before the system call: what was just computed is still in the cache
      long following = place.spec().sizeBytes() - offsetBytes - done - length;
      int contribution = Crc32c.shift(Crc32c.of(piece.asByteBuffer()), following);
      write(place.shard(), piece, place.offset() + offsetBytes + done);
      place.checksum().accumulateAndGet(contribution, (a, b) -> a ^ b);
    }
    place.written().addAndGet(size);
  }

  private void write(OpenShard shard, MemorySegment source, long position) throws IOException {
    DirectWrites writes = directWrites;
    if (writes != null && shard.direct().isPresent() && DirectWrites.takes(source.byteSize())) {
      writes.write(shard.path(), shard.direct().get(), shard.channel(), source, position);
    } else {
      writeFully(shard, source.asByteBuffer(), position);
      behind.written(shard.path(), shard.channel(), source.byteSize());
    }
  }

  private static void writeFully(OpenShard shard, ByteBuffer source, long position)
      throws IOException {
    PositionalWrites.writeFully(shard.path(), shard.channel(), source, position);
  }

  /** {@inheritDoc} The index is written last. */
  @Override
  public void finish() throws IOException {
    for (Place place : places.values()) {
      if (!place.isComplete()) {
        throw missing(place);
      }
    }
    behind.close();
    if (directWrites != null) {
      directWrites.drain();
    }
    for (OpenShard shard : shards) {
      shard.channel().force(true);
    }
    if (shards.size() > 1) {
      writeIndex();
    }
  }

  private static IllegalStateException missing(Place place) {
    return new IllegalStateException(
        "tensor \"%s\": expected %d bytes written, found %d"
            .formatted(place.spec().name(), place.spec().sizeBytes(), place.written().get()));
  }

  private void writeIndex() throws IOException {
    Map<String, List<TensorSpec>> tensorsByFile = new LinkedHashMap<>();
    for (Place place : places.values()) {
      tensorsByFile
          .computeIfAbsent(place.shard().path().getFileName().toString(), file -> new ArrayList<>())
          .add(place.spec());
    }
    ShardIndex.write(folder.resolve(INDEX_FILE), tensorsByFile);
  }

  @Override
  public void close() throws IOException {
    behind.close();
    if (directWrites != null) {
      directWrites.close();
    }
    IOException failure = null;
    List<FileChannel> channels = new ArrayList<>();
    shards.forEach(shard -> {
      shard.direct().ifPresent(channels::add);
      channels.add(shard.channel());
    });
    for (FileChannel channel : channels) {
      try {
        channel.close();
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
