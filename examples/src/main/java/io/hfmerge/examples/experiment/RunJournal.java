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
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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

  /**
   * How long a run has taken.
   *
   * @param nanos of work that is kept: what was done after the last checkpoint before an
   *     interruption is done again, and counts once
   * @param parts 1 if it was never interrupted
   */
  record Time(long nanos, int parts) {}

  private static final String IDENTITY = "run.txt";
  private static final String TIME = "time.txt";
  private static final Pattern TIME_LINE = Pattern.compile("(\\d{1,18}) ns in (\\d{1,9}) parts");
  private static final int MAX_COUNT = 1 << 28;

  /** Numbers written at a time. */
  private static final int PIECE = 8192;

  private final Path folder;
  private final Duration every;
  private final LongSupplier clock;
  private final long startNanos;
  private final Time before;
  private long lastNanos;

  private RunJournal(Path folder, Duration every, LongSupplier clock, Time before) {
    this.folder = folder;
    this.every = every;
    this.clock = clock;
    this.before = before;
    this.startNanos = clock.getAsLong();
    this.lastNanos = startNanos;
  }

  /**
   * Opens or creates.
   *
   * @param folder of the journal
   * @param identity of the run
   * @param every how often training's state is kept
   * @param clock of nanoseconds, as {@link System#nanoTime}
   * @throws UnfinishedMergeException if the folder belongs to another run
   */
  static RunJournal open(Path folder, String identity, Duration every, LongSupplier clock)
      throws IOException {
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
    return new RunJournal(folder, every, clock, timeBefore(folder.resolve(TIME)));
  }

  boolean isDue() {
    return clock.getAsLong() - lastNanos >= every.toNanos();
  }

  /** Whether nothing is kept that a run could go on from. */
  boolean isEmpty() {
    return !Files.exists(folder.resolve(TIME));
  }

  /** Of this process and of those that were interrupted before it. */
  Time time() {
    return new Time(before.nanos() + clock.getAsLong() - startNanos, before.parts() + 1);
  }

  private static Time timeBefore(Path file) throws IOException {
    if (!Files.exists(file)) {
      return new Time(0, 0);
    }
    String text = Files.readString(file, StandardCharsets.ISO_8859_1).strip();
    Matcher matcher = TIME_LINE.matcher(text);
    if (!matcher.matches()) {
      throw new UnfinishedMergeException(
          "%s: expected \"<nanoseconds> ns in <number> parts\", found \"%s\"; use --force to begin again"
              .formatted(file, text.substring(0, Math.min(60, text.length()))));
    }
    return new Time(Long.parseLong(matcher.group(1)), Integer.parseInt(matcher.group(2)));
  }

  private void saveTime() throws IOException {
    Path part = folder.resolve(TIME + ".part");
    Time now = time();
    Files.writeString(part, "%d ns in %d parts%n".formatted(now.nanos(), now.parts()));
    replace(part, folder.resolve(TIME));
  }

  Optional<List<Measurement>> finished(String cell) throws IOException {
    return read(file(cell, ".done")).map(Saved::measured);
  }

  void saveFinished(String cell, List<Measurement> measured) throws IOException {
    write(file(cell, ".done"), new Saved(new Cell.State(0, List.of()), measured));
    Files.deleteIfExists(file(cell, ".state"));
    saveTime();
  }

  Optional<Saved> state(String cell) throws IOException {
    return read(file(cell, ".state"));
  }

  void saveState(String cell, Saved saved) throws IOException {
    write(file(cell, ".state"), saved);
    saveTime();
    lastNanos = clock.getAsLong();
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
    replace(part, file);
  }

  private static void replace(Path part, Path file) throws IOException {
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
