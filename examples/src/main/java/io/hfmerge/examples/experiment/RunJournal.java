package io.hfmerge.examples.experiment;

import io.hfmerge.error.UnfinishedMergeException;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;

/**
 * What a run needs to go on after an interruption: finished cells, and the state of the one at
 * work. Files appear whole or not at all and end in a CRC-32C; one that is damaged counts as
 * missing, so its cell is computed again.
 */
final class RunJournal {

  /** A state and the measurements that led to it. */
  record Saved(Cell.State state, List<Measurement> measured) {}

  private static final String IDENTITY = "run.txt";
  private static final int MAX_COUNT = 1 << 28;

  /** Numbers written at a time. */
  private static final int PIECE = 8192;

  private final Path folder;
  private final Duration every;
  private long lastNanos = System.nanoTime();

  private RunJournal(Path folder, Duration every) {
    this.folder = folder;
    this.every = every;
  }

  /**
   * Opens or creates.
   *
   * @param folder of the journal
   * @param identity of the run
   * @param every how often training's state is kept
   * @throws UnfinishedMergeException if the folder belongs to another run
   */
  static RunJournal open(Path folder, String identity, Duration every) throws IOException {
    Files.createDirectories(folder);
    Path file = folder.resolve(IDENTITY);
    if (Files.exists(file)) {
      String found = Files.readString(file).strip();
      if (!found.equals(identity)) {
        throw new UnfinishedMergeException(
            folder
                + ": expected an unfinished run of\n  "
                + identity
                + "\nfound one of\n  "
                + found
                + "\nUse the same options, another --out, or --force to begin again.");
      }
    } else {
      Files.writeString(file, identity + "\n");
    }
    return new RunJournal(folder, every);
  }

  boolean isDue() {
    return System.nanoTime() - lastNanos >= every.toNanos();
  }

  Optional<List<Measurement>> finished(String cell) throws IOException {
    return read(file(cell, ".done")).map(Saved::measured);
  }

  void saveFinished(String cell, List<Measurement> measured) throws IOException {
    write(file(cell, ".done"), new Saved(new Cell.State(0, List.of()), measured));
    Files.deleteIfExists(file(cell, ".state"));
  }

  Optional<Saved> state(String cell) throws IOException {
    return read(file(cell, ".state"));
  }

  void saveState(String cell, Saved saved) throws IOException {
    write(file(cell, ".state"), saved);
    lastNanos = System.nanoTime();
  }

  /** Removes a journal: the run is complete, or begins again. */
  static void clear(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  private Path file(String cell, String ending) {
    StringBuilder safe = new StringBuilder();
    for (byte b : cell.getBytes(StandardCharsets.UTF_8)) {
      boolean plain = (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') || b == '-' || b == '.';
      safe.append(plain ? String.valueOf((char) b) : "_%02x".formatted(b & 0xff));
    }
    return folder.resolve(safe + ending);
  }

  private static void write(Path file, Saved saved) throws IOException {
    Path part = file.resolveSibling(file.getFileName() + ".part");
    try (OutputStream raw = new BufferedOutputStream(Files.newOutputStream(part));
        CheckedOutputStream checked = new CheckedOutputStream(raw, new CRC32C());
        DataOutputStream out = new DataOutputStream(checked)) {
      out.writeLong(saved.state().step());
      out.writeInt(saved.state().arrays().size());
      for (double[] array : saved.state().arrays()) {
        out.writeInt(array.length);
        write(array, out);
      }
      out.writeInt(saved.measured().size());
      for (Measurement m : saved.measured()) {
        out.writeUTF(m.metric());
        out.writeUTF(m.group());
        out.writeDouble(m.x());
        out.writeInt(m.repeat());
        out.writeDouble(m.value());
      }
      out.writeLong(checked.getChecksum().getValue());
    }
    Files.move(part, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }

  private static Optional<Saved> read(Path file) throws IOException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try (InputStream raw = new BufferedInputStream(Files.newInputStream(file));
        CheckedInputStream checked = new CheckedInputStream(raw, new CRC32C());
        DataInputStream in = new DataInputStream(checked)) {
      long size = Files.size(file);
      long step = in.readLong();
      int arrayCount = count(in.readInt(), size);
      List<double[]> arrays = new ArrayList<>();
      for (int i = 0; i < arrayCount; i++) {
        double[] array = new double[count(in.readInt(), size / Double.BYTES)];
        read(array, in);
        arrays.add(array);
      }
      int measuredCount = count(in.readInt(), size);
      List<Measurement> measured = new ArrayList<>();
      for (int i = 0; i < measuredCount; i++) {
        measured.add(
            new Measurement(
                in.readUTF(), in.readUTF(), in.readDouble(), in.readInt(), in.readDouble()));
      }
      long computed = checked.getChecksum().getValue();
      return in.readLong() == computed
          ? Optional.of(new Saved(new Cell.State(step, arrays), measured))
          : Optional.empty();
    } catch (java.io.EOFException | java.io.UTFDataFormatException e) {
      System.getLogger(RunJournal.class.getName())
          .log(System.Logger.Level.WARNING, file + " is damaged; its cell is computed again");
      return Optional.empty();
    }
  }

  /** In pieces: a fine-tune's state is hundreds of megabytes, every few seconds. */
  private static void write(double[] array, DataOutputStream out) throws IOException {
    ByteBuffer piece = ByteBuffer.allocate(PIECE * Double.BYTES);
    for (int from = 0; from < array.length; from += PIECE) {
      int count = Math.min(PIECE, array.length - from);
      piece.asDoubleBuffer().put(array, from, count);
      out.write(piece.array(), 0, count * Double.BYTES);
    }
  }

  private static void read(double[] array, DataInputStream in) throws IOException {
    ByteBuffer piece = ByteBuffer.allocate(PIECE * Double.BYTES);
    for (int from = 0; from < array.length; from += PIECE) {
      int count = Math.min(PIECE, array.length - from);
      in.readFully(piece.array(), 0, count * Double.BYTES);
      piece.asDoubleBuffer().get(array, from, count);
    }
  }

  /** A damaged count must not allocate more than the file could fill. */
  private static int count(int stored, long most) throws java.io.EOFException {
    if (stored < 0 || stored > most || stored > MAX_COUNT) {
      throw new java.io.EOFException();
    }
    return stored;
  }
}
