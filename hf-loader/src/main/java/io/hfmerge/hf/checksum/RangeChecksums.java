package io.hfmerge.hf.checksum;

import io.hfmerge.progress.ProgressListener;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Reads many ranges of files on several threads and takes the CRC-32C of each. Large ranges are cut
 * into pieces and small ones are dealt out by the handful, so that all threads work whatever the
 * sizes.
 */
public final class RangeChecksums {

  /** Bytes that a thread takes at once: enough to make the lock cheap. */
  private static final long PIECE_BYTES = 8 << 20;

  /** Ranges that a thread takes at once, however small. */
  private static final int MAX_PIECES = 256;

  /** Bytes of a read: they are still in the cache when their CRC is taken. */
  private static final int BUFFER_BYTES = 256 << 10;

  private record Piece(int range, long begin, long length) {}

  private final List<FileRange> ranges;
  private final ProgressListener listener;
  private final AtomicIntegerArray checksums;
  private int next;
  private long taken;

  private RangeChecksums(List<FileRange> ranges, ProgressListener listener) {
    this.ranges = ranges;
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
    RangeChecksums reading = new RangeChecksums(List.copyOf(ranges), listener);
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
      ByteBuffer buffer = arena.allocate(BUFFER_BYTES).asByteBuffer();
      for (List<Piece> pieces = take(); !pieces.isEmpty(); pieces = take()) {
        for (Piece piece : pieces) {
          read(piece, buffer);
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
    while (next < ranges.size() && room > 0 && pieces.size() < MAX_PIECES) {
      long length = Math.min(room, ranges.get(next).length() - taken);
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

  private void read(Piece piece, ByteBuffer buffer) throws IOException {
    FileRange range = ranges.get(piece.range());
    int contribution = 0;
    long end = piece.begin() + piece.length();
    for (long at = piece.begin(); at < end; ) {
      int length = (int) Math.min(buffer.capacity(), end - at);
      readFully(range, range.offset() + at, buffer.clear().limit(length));
      at += length;
      contribution ^= Crc32c.shift(Crc32c.of(buffer.flip()), range.length() - at);
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
