package io.hfmerge.hf.output;

import io.hfmerge.error.UnfinishedMergeException;
import io.hfmerge.progress.ProgressListener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The hidden folder {@code .NAME.hfmerge} beside a merge's target {@code NAME}, in which the model
 * grows: a lock, which a process holds as long as it lives; a journal; and the model folder, which
 * is renamed to the target when it is complete. Its name follows from the target, so that a later
 * process finds what an earlier one left.
 *
 * <p>Closing it deletes it, unless {@link #keep} was called, and gives the lock up; so does the end
 * of the process by a signal that Java handles.
 */
final class MergeWorkspace implements AutoCloseable {

  private static final String LOCK = "lock";
  private static final String JOURNAL = "journal";
  private static final String MODEL = "model";

  /** The model that was at the target, between two renames. */
  private static final String REPLACED = "replaced";

  /**
   * Those of this process. The operating system's locks are between processes, and a second
   * descriptor of a locked file, once closed, takes its process's lock away.
   */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private static final int CLEANING_ATTEMPTS = 50;
  private static final long CLEANING_PAUSE_NANOS = 10_000_000;

  private final Path target;
  private final Path folder;
  private final FileChannel lock;
  private final ProgressListener listener;
  private final Thread cleaner = new Thread(this::stopped, "hfmerge-cleaner");
  private volatile boolean kept;
  private volatile boolean closed;

  private MergeWorkspace(Path target, Path folder, FileChannel lock, ProgressListener listener) {
    this.target = target;
    this.folder = folder;
    this.lock = lock;
    this.listener = listener;
  }

  /** The workspace of a target, whether it exists or not. */
  static Path folderOf(Path target) {
    return target.resolveSibling("." + target.getFileName() + ".hfmerge");
  }

  /**
   * Creates the workspace of a target, or opens the one that a dead process left.
   *
   * @param target absolute; its parent must exist
   * @param listener hears where something is kept when the process is stopped
   * @throws UnfinishedMergeException if a living process holds it
   * @throws IOException if it cannot be created
   */
  static MergeWorkspace open(Path target, ProgressListener listener) throws IOException {
    Path folder = folderOf(target);
    if (!HELD.add(folder)) {
      throw atWork(folder, Long.toString(ProcessHandle.current().pid()));
    }
    try {
      FileChannel lock;
      do {
        createFolder(folder);
        lock = lock(folder, listener);
      } while (lock == null);
      MergeWorkspace workspace = new MergeWorkspace(target, folder, lock, listener);
      workspace.restoreReplaced();
      Runtime.getRuntime().addShutdownHook(workspace.cleaner);
      return workspace;
    } catch (IOException | RuntimeException e) {
      HELD.remove(folder);
      throw e;
    }
  }

  private static void createFolder(Path folder) throws IOException {
    try {
      Files.createDirectory(folder);
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
        throw new UnfinishedMergeException(
            folder + ": expected nothing or the folder of an unfinished merge, found a file", e);
      }
    }
  }

  /** The lock, or {@code null} if another process has just deleted the folder. */
  private static @Nullable FileChannel lock(Path folder, ProgressListener listener)
      throws IOException {
    Path file = folder.resolve(LOCK);
    Object created;
    FileChannel channel;
    try {
      created = create(file);
      channel = FileChannel.open(file, StandardOpenOption.WRITE);
    } catch (NoSuchFileException e) {
      return null;
    }
    try {
      if (!tryLock(channel, listener, folder)) {
        throw atWork(folder, holder(file));
      }
      // never opened again: closing any of its descriptors would give the lock up
      if (!Objects.equals(created, key(file))) {
        channel.close();
        return null; // what was locked is a file that its last holder deleted meanwhile
      }
      String process = Long.toString(ProcessHandle.current().pid());
      channel.truncate(0);
      channel.write(ByteBuffer.wrap(process.getBytes(StandardCharsets.US_ASCII)), 0);
      return channel;
    } catch (NoSuchFileException e) {
      channel.close();
      return null;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Creates a file if it is not there, and says which one it is. */
  private static @Nullable Object create(Path file) throws IOException {
    try {
      Files.createFile(file);
    } catch (FileAlreadyExistsException e) {
      // of this process or another, alive or dead: the lock will tell
    }
    return key(file);
  }

  private static @Nullable Object key(Path file) throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
  }

  private static String holder(Path file) {
    try {
      String process = Files.readString(file);
      return process.isEmpty() ? "unknown" : process;
    } catch (IOException e) {
      return "unknown";
    }
  }

  private static UnfinishedMergeException atWork(Path folder, String process) {
    return new UnfinishedMergeException(
        folder
            + ": expected no other merge into the same output, found one at work (process "
            + process
            + "); wait for its end");
  }

  private static boolean tryLock(FileChannel channel, ProgressListener listener, Path folder) {
    try {
      // held until the channel is closed; beyond the content, which others may read
      FileLock lock = channel.tryLock(Long.MAX_VALUE - 1, 1, false);
      return lock != null;
    } catch (IOException e) {
      listener.notice(
          folder
              + ": this file system knows no locks ("
              + e.getMessage()
              + "); see to it that no other merge writes the same output");
      return true;
    }
  }

  /** A process that died between the two renames of a replacement left the target empty. */
  private void restoreReplaced() throws IOException {
    Path replaced = folder.resolve(REPLACED);
    if (Files.exists(replaced, LinkOption.NOFOLLOW_LINKS)) {
      if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
        StagedFolder.delete(replaced);
      } else {
        Files.move(replaced, target, StandardCopyOption.ATOMIC_MOVE);
      }
    }
  }

  /** The workspace itself. */
  Path folder() {
    return folder;
  }

  /** Where the model grows. */
  Path model() {
    return folder.resolve(MODEL);
  }

  Path journal() {
    return folder.resolve(JOURNAL);
  }

  /** Whether an earlier process left something worth a word. */
  boolean holdsWork() {
    return Files.exists(model());
  }

  /** Deletes what an earlier process left; the journal first, since it must not outlive a byte. */
  void clear() throws IOException {
    Files.deleteIfExists(journal());
    if (Files.exists(model(), LinkOption.NOFOLLOW_LINKS)) {
      StagedFolder.delete(model());
    }
  }

  /**
   * Forces the model folder to the disk and renames it to the target.
   *
   * @param replace whether an existing model folder at the target is replaced
   */
  void publish(boolean replace) throws IOException {
    StagedFolder.moveIntoPlace(model(), target, replace, folder.resolve(REPLACED));
  }

  /** From now on nothing is deleted when this is closed or the process is stopped. */
  void keep() {
    kept = true;
  }

  /** From now on everything is, again. */
  void discard() {
    kept = false;
  }

  boolean isKept() {
    return kept;
  }

  /** What to do with what is kept, a sentence without an end. */
  String advice() {
    return "what was merged so far is kept in "
        + folder
        + ": the same command with --resume continues it; delete that folder to discard it";
  }

  @Override
  public void close() throws IOException {
    closed = true;
    try {
      Runtime.getRuntime().removeShutdownHook(cleaner);
    } catch (IllegalStateException e) {
      return; // the process is being stopped, and the cleaner has begun
    }
    try (lock) {
      if (kept) {
        return;
      }
      clear();
      Files.deleteIfExists(folder.resolve(LOCK));
    } finally {
      HELD.remove(folder);
    }
    try {
      Files.deleteIfExists(folder);
    } catch (DirectoryNotEmptyException e) {
      // another process has taken it over since the lock was given up
    }
  }

  /** When the process is stopped from outside; other threads may still be adding files. */
  private void stopped() {
    if (kept) {
      if (!closed) {
        listener.notice("stopped; " + advice());
      }
      return;
    }
    for (int attempt = 0; attempt < CLEANING_ATTEMPTS; attempt++) {
      try {
        if (Files.exists(folder)) {
          clear();
          StagedFolder.delete(folder);
        }
        return;
      } catch (IOException e) {
        LockSupport.parkNanos(CLEANING_PAUSE_NANOS);
      }
    }
  }
}
