package io.hfmerge.hf.safetensors;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Writes large files past the page cache, on a thread of its own: a copy into a small buffer is all
 * that writers pay. Through the page cache the same bytes cost more than ten times the processor
 * time, and push out what others have there. Owns the thread and its buffers until closed.
 *
 * <p>The kernel takes whole pages that way. What a write has before its first and after its last
 * page boundary goes through the page cache, from the same thread; no page is written both ways
 * unless the same bytes are written again.
 *
 * <p>Used on Linux, on the local file systems where it was tried; others get ordinary writes.
 */
final class DirectWrites implements AutoCloseable {

  /** Smaller files may as well be in the cache for those who read them next. */
  static final long LEAST_FILE_BYTES = 64L << 20;

  /** Smaller writes are ordinary ones. */
  private static final int LEAST_WRITE_BYTES = 128 << 10;

  private static final int BUFFER_BYTES = 512 << 10;

  /** Some for each of several workers. */
  private static final int BUFFERS = 8;

  private static final Set<String> FILE_SYSTEMS = Set.of("ext2", "ext3", "ext4", "xfs");

  /** Whole pages wherever pages are of this size or smaller: of 4 KiB on x86, of 64 KiB at most. */
  private static final int PAGE_BYTES =
      System.getProperty("os.arch").equals("amd64") ? 4 << 10 : 64 << 10;

  private static final @Nullable OpenOption DIRECT = find();

  private final Arena arena = Arena.ofShared();
  private final BlockingQueue<MemorySegment> free = new ArrayBlockingQueue<>(BUFFERS);
  private final AtomicReference<@Nullable IOException> failure = new AtomicReference<>();
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("hfmerge-direct-writes").factory());

  DirectWrites() {
    for (int i = 0; i < BUFFERS; i++) {
      free.add(arena.allocate(BUFFER_BYTES + 2L * PAGE_BYTES, PAGE_BYTES));
    }
  }

  /**
   * Opens an existing file for such writes.
   *
   * @param sizeBytes what the file will have
   * @return empty if it is to be written in the ordinary way
   */
  static Optional<FileChannel> open(Path file, long sizeBytes) throws IOException {
    if (sizeBytes < LEAST_FILE_BYTES || DIRECT == null) {
      return Optional.empty();
    }
    FileStore store = Files.getFileStore(file);
    if (!FILE_SYSTEMS.contains(store.type()) || store.getBlockSize() > PAGE_BYTES) {
      return Optional.empty();
    }
    try {
      return Optional.of(FileChannel.open(file, StandardOpenOption.WRITE, DIRECT));
    } catch (IOException | UnsupportedOperationException e) {
      return Optional.empty(); // a device that cannot
    }
  }

  /**
   * The JDK's documented option by its name: a compiler cannot be told to leave out the warning
   * that a module outside Java SE has it.
   */
  private static @Nullable OpenOption find() {
    if (!System.getProperty("os.name").equals("Linux")) {
      return null;
    }
    try {
      for (Object option :
          Class.forName("com.sun.nio.file.ExtendedOpenOption").getEnumConstants()) {
        if (option instanceof OpenOption open && option.toString().equals("DIRECT")) {
          return open;
        }
      }
      return null;
    } catch (ClassNotFoundException e) {
      return null; // a runtime without the module jdk.unsupported
    }
  }

  /** Whether a write is worth the copy. */
  static boolean takes(long bytes) {
    return bytes >= LEAST_WRITE_BYTES;
  }

  /**
   * Takes over bytes to write; returns when they are copied.
   *
   * @param direct from {@link #open}
   * @param cached the same file, open in the ordinary way
   * @param source all of it is written
   * @throws IOException if this or an earlier write has failed
   */
  void write(Path file, FileChannel direct, FileChannel cached, MemorySegment source, long position)
      throws IOException {
    for (long done = 0; done < source.byteSize(); done += BUFFER_BYTES) {
      int length = (int) Math.min(BUFFER_BYTES, source.byteSize() - done);
      long at = position + done;
      MemorySegment buffer = take();
      boolean given = false;
      try {
        requireSound();
        // where the file's page boundaries are the buffer's
        MemorySegment bytes =
            buffer.asSlice(at % PAGE_BYTES, length).copyFrom(source.asSlice(done, length));
        thread.execute(() -> {
          try {
            write(direct, cached, bytes, at);
          } catch (IOException e) {
            failure.compareAndSet(
                null, new IOException(file + ": at byte " + at + ": " + e.getMessage(), e));
          } finally {
            free.add(buffer);
          }
        });
        given = true;
      } finally {
        if (!given) {
          free.add(buffer);
        }
      }
    }
  }

  private MemorySegment take() throws IOException {
    try {
      return free.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while a write was waiting for the disk");
    }
  }

  private static void write(
      FileChannel direct, FileChannel cached, MemorySegment bytes, long position)
      throws IOException {
    long end = position + bytes.byteSize();
    long firstPage = Math.min(end, Math.ceilDiv(position, PAGE_BYTES) * PAGE_BYTES);
    long lastPage = Math.max(firstPage, end / PAGE_BYTES * PAGE_BYTES);
    writeFully(cached, bytes, 0, firstPage - position, position);
    writeFully(direct, bytes, firstPage - position, lastPage - firstPage, firstPage);
    writeFully(cached, bytes, lastPage - position, end - lastPage, lastPage);
  }

  private static void writeFully(
      FileChannel channel, MemorySegment bytes, long from, long length, long position)
      throws IOException {
    ByteBuffer slice = bytes.asSlice(from, length).asByteBuffer();
    long at = position;
    while (slice.hasRemaining()) {
      at += channel.write(slice, at);
    }
  }

  private void requireSound() throws IOException {
    IOException earlier = failure.get();
    if (earlier != null) {
      throw new IOException(earlier.getMessage(), earlier);
    }
  }

  /**
   * Waits until all is written.
   *
   * @throws IOException if a write has failed
   */
  void drain() throws IOException {
    awaitAll();
    requireSound();
  }

  private void awaitAll() {
    // never interrupted: that would close the channels
    thread.shutdown();
    boolean interrupted = false;
    while (true) {
      try {
        if (thread.awaitTermination(1, TimeUnit.DAYS)) {
          break;
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    awaitAll();
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
