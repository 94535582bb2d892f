package io.hfmerge.hf.output;

import io.hfmerge.engine.MergeReport.NonFinite;
import io.hfmerge.engine.TensorFindings;
import io.hfmerge.hf.checksum.Crc32c;
import io.hfmerge.hf.json.JsonText;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The file in which an unfinished merge notes what is complete; owns the open file until closed.
 *
 * <p>A line each: eight hexadecimal digits, the CRC-32C of what follows the space after them, and a
 * JSON object. The first line is the {@link RunIdentity}, the others are tensors. Lines are only
 * appended. Whatever follows the last good line is what a process that died was writing, and counts
 * as absent. Thread-safe.
 */
final class JournalFile implements AutoCloseable {

  private static final String SCHEMA = "hfmerge.journal/1";

  /** Far above that of any real model (60,000 tensors take 6 MB). */
  private static final long MAX_BYTES = 500_000_000;

  /** Records wait for company until tensors of this size would have to be merged again. */
  private static final long PENDING_TENSOR_BYTES = 1 << 20;

  private static final int CHECKSUM_LENGTH = 8;

  /**
   * A complete tensor.
   *
   * @param checksum CRC-32C of its bytes
   * @param findings what merging it has shown
   */
  record Entry(int checksum, TensorFindings findings) {

    /** Name in the output. */
    String tensor() {
      return findings.tensor();
    }
  }

  /**
   * What a file says.
   *
   * @param identity what was begun
   * @param entries by name; of several for a tensor, the last
   * @param validBytes length of the file up to the last good line
   */
  record Contents(RunIdentity identity, Map<String, Entry> entries, long validBytes) {}

  private final FileChannel channel;
  private final Path path;
  private final StringBuilder pending = new StringBuilder();
  private long pendingTensorBytes;

  private JournalFile(Path path, FileChannel channel) {
    this.path = path;
    this.channel = channel;
  }

  /** Begins a new file. */
  static JournalFile create(Path path, RunIdentity identity) throws IOException {
    JournalFile file =
        new JournalFile(
            path, FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
    try {
      Map<String, Object> line = new LinkedHashMap<>();
      line.put("schema", SCHEMA);
      line.putAll(identity.json());
      file.pending.append(line(line));
      file.flush();
      return file;
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /** Goes on with a file whose contents are known. */
  static JournalFile append(Path path, Contents contents) throws IOException {
    FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE);
    channel.truncate(contents.validBytes()).position(contents.validBytes());
    return new JournalFile(path, channel);
  }

  /**
   * Reads a file as far as it is sound.
   *
   * @return empty if there is none, or its first line is not sound
   */
  static Optional<Contents> read(Path path) throws IOException {
    byte[] bytes;
    try {
      if (Files.size(path) > MAX_BYTES) {
        return Optional.empty();
      }
      bytes = Files.readAllBytes(path);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
    JsonMapper json = new JsonMapper();
    @Nullable RunIdentity identity = null;
    Map<String, Entry> entries = new LinkedHashMap<>();
    int begin = 0;
    for (int at = 0; at < bytes.length; at++) {
      if (bytes[at] != '\n') {
        continue;
      }
      try {
        JsonNode node = parse(json, ByteBuffer.wrap(bytes, begin, at - begin));
        if (identity == null) {
          identity = identity(node);
        } else {
          Entry entry = entry(node);
          entries.put(entry.tensor(), entry);
        }
      } catch (IllegalArgumentException | JacksonException e) {
        break;
      }
      begin = at + 1;
    }
    return identity == null
        ? Optional.empty()
        : Optional.of(new Contents(identity, entries, begin));
  }

  private static JsonNode parse(JsonMapper mapper, ByteBuffer line) {
    int length = line.remaining();
    if (length <= CHECKSUM_LENGTH + 1 || line.get(line.position() + CHECKSUM_LENGTH) != ' ') {
      throw new IllegalArgumentException("no checksum in front");
    }
    String text = StandardCharsets.UTF_8.decode(line.duplicate()).toString();
    ByteBuffer json =
        line.slice(line.position() + CHECKSUM_LENGTH + 1, length - CHECKSUM_LENGTH - 1);
    if (Crc32c.of(json) != Crc32c.parse(text.substring(0, CHECKSUM_LENGTH))) {
      throw new IllegalArgumentException("a line with another checksum");
    }
    return mapper.readTree(text.substring(CHECKSUM_LENGTH + 1));
  }

  private static RunIdentity identity(JsonNode node) {
    if (!node.required("schema").asString().equals(SCHEMA)) {
      throw new IllegalArgumentException("another schema");
    }
    List<String> inputs = new ArrayList<>();
    node.required("inputs").forEach(input -> inputs.add(input.asString()));
    return new RunIdentity(
        node.required("version").asString(),
        node.required("recipe").asString(),
        node.required("seed").asLong(),
        node.required("plan").asString(),
        node.required("layout").asString(),
        inputs);
  }

  private static Entry entry(JsonNode node) {
    String tensor = node.required("tensor").asString();
    JsonNode found = node.get("non_finite");
    Optional<NonFinite> nonFinite =
        found == null
            ? Optional.empty()
            : Optional.of(
                new NonFinite(
                    tensor,
                    found.required("dtype").asString(),
                    found.required("elements").asLong(),
                    found.required("produced").asLong(),
                    found.required("overflowed").asLong()));
    List<String> remarks = new ArrayList<>();
    node.path("remarks").forEach(remark -> remarks.add(remark.asString()));
    return new Entry(
        Crc32c.parse(node.required("crc32c").asString()),
        new TensorFindings(tensor, nonFinite, remarks));
  }

  /**
   * Notes a complete tensor. Records of small tensors may wait for a few more.
   *
   * @param sizeBytes size of the tensor
   * @return whether everything noted so far was handed to the operating system
   */
  synchronized boolean add(Entry entry, long sizeBytes) throws IOException {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("tensor", entry.tensor());
    line.put("crc32c", Crc32c.text(entry.checksum()));
    entry
        .findings()
        .nonFinite()
        .ifPresent(found -> {
          Map<String, Object> counts = new LinkedHashMap<>();
          counts.put("dtype", found.dtype());
          counts.put("elements", found.elements());
          counts.put("produced", found.produced());
          counts.put("overflowed", found.overflowed());
          line.put("non_finite", counts);
        });
    if (!entry.findings().remarks().isEmpty()) {
      line.put("remarks", entry.findings().remarks());
    }
    pending.append(line(line));
    pendingTensorBytes += sizeBytes;
    if (pendingTensorBytes < PENDING_TENSOR_BYTES) {
      return false;
    }
    flush();
    return true;
  }

  private static String line(Map<String, Object> content) {
    String json = JsonText.line(content);
    int checksum = Crc32c.of(ByteBuffer.wrap(json.getBytes(StandardCharsets.UTF_8)));
    return Crc32c.text(checksum) + " " + json + "\n";
  }

  /** Hands everything noted so far to the operating system, which keeps it if the process dies. */
  synchronized void flush() throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(pending.toString().getBytes(StandardCharsets.UTF_8));
    pending.setLength(0);
    pendingTensorBytes = 0;
    try {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    } catch (IOException e) {
      throw new IOException(path + ": " + e.getMessage(), e);
    }
  }

  /** {@inheritDoc} What was noted and not yet handed over is lost: {@link #flush} keeps it. */
  @Override
  public synchronized void close() throws IOException {
    channel.close();
  }
}
