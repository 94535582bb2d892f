package io.hfmerge.hf.checksum;

import io.hfmerge.progress.ProgressListener;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Reads many ranges of files on several threads and takes the CRC-32C of each. Large ranges are cut
 * into pieces and small ones are dealt out by the handful, so that all threads work whatever the
 * sizes. Whoever wants to know more of the bytes sees them while they are in the cache.
 */
public final class RangeChecksums {

  /** Sees every byte of the ranges once; called by several threads. */
  @FunctionalInterface
  public interface Inspector {

    /** Sees nothing. */
    Inspector NONE = (range, bytes) -> {};

    /**
     * Bytes of a range. No element of up to {@value #WHOLE_BYTES} bytes is split.
     *
     * @param range its number
     * @param bytes native memory, not to be kept
     */
    void inspect(int range, MemorySegment bytes);
  }

  /** Ranges are cut at multiples of this, from their beginnings. */
  public static final int WHOLE_BYTES = 16;

  /** Bytes that a thread takes at once: enough to make the lock cheap. */
  private static final long PIECE_BYTES = 8 << 20;

  /** Ranges that a thread takes at once, however small. */
  private static final int MAX_PIECES = 256;

  /** Bytes of a read: they are still in the cache when their CRC is taken. */
  private static final int BUFFER_BYTES = 256 << 10;

  private record Piece(int range, long begin, long length) {}

  private final List<FileRange> ranges;
  private final Inspector inspector;
  private final ProgressListener listener;
  private final AtomicIntegerArray checksums;
  private int next;
  private long taken;

  private RangeChecksums(List<FileRange> ranges, Inspector inspector, ProgressListener listener) {
    this.ranges = ranges;
    this.inspector = inspector;
    this.listener = listener;
    this.checksums = new AtomicIntegerArray(ranges.size());
  }

  /**
   * Reads the ranges.
   *
   * @param ranges of open files
   * @param threads at least 1
   * @param listener hears of the bytes read, but not of beginning and end
   * @return the CRC of each range, in their order
   * @throws IOException if a file ends before its range does or cannot be read
   */
  public static int[] of(List<FileRange> ranges, int threads, ProgressListener listener)
      throws IOException {
    return of(ranges, threads, Inspector.NONE, listener);
  }

  /**
   * Reads the ranges, and shows their bytes to an inspector.
   *
   * @see #of(List, int, ProgressListener)
   */
  public static int[] of(
      List<FileRange> ranges, int threads, Inspector inspector, ProgressListener listener)
      throws IOException {
    RangeChecksums reading = new RangeChecksums(List.copyOf(ranges), inspector, listener);
    List<Callable<Boolean>> readers = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      readers.add(reading::work);
    }
    Readers.run(threads, readers);
    int[] all = new int[ranges.size()];
    for (int i = 0; i < all.length; i++) {
      all[i] = reading.checksums.get(i);
    }
    return all;
  }

  /** Reads until nothing is left. */
  private Boolean work() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(BUFFER_BYTES, WHOLE_BYTES);
      for (List<Piece> pieces = take(); !pieces.isEmpty(); pieces = take()) {
        for (Piece piece : pieces) {
          read(piece, memory);
        }
      }
      return true;
    } catch (IOException | RuntimeException | Error e) {
      stop();
      throw e;
    }
  }

  private synchronized void stop() {
    next = ranges.size();
  }

  private synchronized List<Piece> take() {
    List<Piece> pieces = new ArrayList<>();
    long room = PIECE_BYTES;
    while (next < ranges.size() && room >= WHOLE_BYTES && pieces.size() < MAX_PIECES) {
      long left = ranges.get(next).length() - taken;
      long length = left <= room ? left : room - room % WHOLE_BYTES;
      pieces.add(new Piece(next, taken, length));
      room -= length;
      taken += length;
      if (taken == ranges.get(next).length()) {
        next++;
        taken = 0;
      }
    }
    return pieces;
  }

  private void read(Piece piece, MemorySegment memory) throws IOException {
    ByteBuffer buffer = memory.asByteBuffer();
    FileRange range = ranges.get(piece.range());
    int contribution = 0;
    long end = piece.begin() + piece.length();
    for (long at = piece.begin(); at < end; ) {
      int length = (int) Math.min(buffer.capacity(), end - at);
      readFully(range, range.offset() + at, buffer.clear().limit(length));
      at += length;
      contribution ^= Crc32c.shift(Crc32c.of(buffer.flip()), range.length() - at);
      inspector.inspect(piece.range(), memory.asSlice(0, length));
    }
    int found = contribution;
    checksums.accumulateAndGet(piece.range(), found, (a, b) -> a ^ b);
    listener.advanced(piece.length());
  }

  private static void readFully(FileRange range, long position, ByteBuffer target)
      throws IOException {
    long at = position;
    while (target.hasRemaining()) {
      int read = range.channel().read(target, at);
      if (read < 0) {
        throw new IOException(range.path() + ": ends at byte " + at + " while it is being read");
      }
      at += read;
    }
  }
}
