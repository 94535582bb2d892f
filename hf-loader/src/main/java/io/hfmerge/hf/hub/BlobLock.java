package io.hfmerge.hf.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The right to download one blob, among the processes and threads of hfmerge. The Python tools hold
 * locks of another kind on the same files, which do not exclude these; unfinished files therefore
 * have names of their own.
 */
final class BlobLock implements AutoCloseable {

  /**
   * Held by this process. The operating system's locks are the process's: closing any channel of a
   * file gives them up, so that threads must not so much as open a file that another one has
   * locked.
   */
  private static final Set<Path> HELD_HERE = ConcurrentHashMap.newKeySet();

  private final Path file;
  private final @Nullable FileChannel channel;

  private BlobLock(Path file, @Nullable FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Takes the lock if nobody holds it.
   *
   * @return null if somebody does
   */
  static @Nullable BlobLock tryLock(Path file) throws IOException {
    if (!HELD_HERE.add(file)) {
      return null;
    }
    FileChannel channel = null;
    try {
      channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileLock lock;
      try {
        lock = channel.tryLock();
      } catch (IOException e) {
        // a file system without locks
        channel.close();
        return new BlobLock(file, null);
      }
      if (lock != null) {
        return new BlobLock(file, channel);
      }
      channel.close();
      HELD_HERE.remove(file);
      return null;
    } catch (IOException | RuntimeException e) {
      HELD_HERE.remove(file);
      throw e;
    }
  }

  /** Whether other processes are kept out too. */
  boolean isExclusive() {
    return channel != null;
  }

  @Override
  public void close() throws IOException {
    try {
      if (channel != null) {
        channel.close();
      }
    } finally {
      HELD_HERE.remove(file);
    }
  }
}
