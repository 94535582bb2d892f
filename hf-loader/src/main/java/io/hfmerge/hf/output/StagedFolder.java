package io.hfmerge.hf.output;

import io.hfmerge.error.OutputExistsException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder that appears at its target whole or not at all: filled as a sibling, forced to the disk
 * and renamed. Closing it unpublished deletes it, and so does the end of the process by a signal
 * that Java handles.
 */
public final class StagedFolder implements AutoCloseable {

  private static final int CLEANING_ATTEMPTS = 50;
  private static final long CLEANING_PAUSE_NANOS = 10_000_000;

  private final Path target;
  private final Path staged;
  private final boolean replace;
  private final Thread cleaner;
  private volatile boolean published;

  private StagedFolder(Path target, Path staged, boolean replace) {
    this.target = target;
    this.staged = staged;
    this.replace = replace;
    this.cleaner = new Thread(this::abandon, "hfmerge-cleaner");
  }

  /**
   * Creates the staging folder beside the target.
   *
   * @param target folder to appear; its parent must exist
   * @param replace whether an existing model folder at the target is replaced, once the new one is
   *     complete
   * @throws OutputExistsException if something is at the target and {@code replace} is false, or it
   *     does not look like a model folder
   * @throws IOException if the folder cannot be created
   */
  public static StagedFolder create(Path target, boolean replace) throws IOException {
    Path absolute = checked(target, replace);
    Path staged =
        absolute.resolveSibling(
            "."
                + absolute.getFileName()
                + ".hfmerge-"
                + UUID.randomUUID().toString().substring(0, 8));
    Files.createDirectory(staged);
    StagedFolder folder = new StagedFolder(absolute, staged, replace);
    Runtime.getRuntime().addShutdownHook(folder.cleaner);
    return folder;
  }

  /**
   * Checks a target.
   *
   * @return the target as an absolute path, which has a name and a parent that exists
   */
  static Path checked(Path target, boolean replace) throws IOException {
    Path absolute = target.toAbsolutePath().normalize();
    Path parent = absolute.getParent();
    if (absolute.getFileName() == null || parent == null) {
      throw new OutputExistsException(absolute + ": expected a new folder, found the root folder");
    }
    refuseExisting(absolute, replace);
    if (!Files.isDirectory(parent)) {
      throw new IOException(parent + ": no such folder; create it first");
    }
    return absolute;
  }

  private static void refuseExisting(Path target, boolean replace) throws IOException {
    if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    if (!replace) {
      throw new OutputExistsException(
          target + ": expected nothing there, found a file or folder; --force replaces it");
    }
    if (Files.isSymbolicLink(target) || !Files.isDirectory(target) || !isModelFolder(target)) {
      throw new OutputExistsException(
          target
              + ": expected a model folder to replace, found something else; delete it yourself if"
              + " it is not needed");
    }
  }

  /**
   * So that a mistyped target never deletes what is no model: weights, a config or a manifest, and
   * no folders but those that a merge itself writes.
   */
  private static boolean isModelFolder(Path folder) throws IOException {
    try (Stream<Path> children = Files.list(folder)) {
      boolean empty = true;
      boolean model = false;
      for (Path child : (Iterable<Path>) children::iterator) {
        String name = child.getFileName().toString();
        boolean foreign = Files.isDirectory(child) && !CompanionFiles.isCompanionFolder(name);
        if (foreign || name.equals(".git")) {
          return false;
        }
        empty = false;
        model |=
            name.endsWith(".safetensors")
                || name.equals("config.json")
                || name.equals(Manifest.FILE);
      }
      return empty || model;
    }
  }

  /** Where to write. */
  public Path path() {
    return staged;
  }

  /**
   * Forces the folder to the disk and renames it to its target.
   *
   * @throws OutputExistsException if something has appeared at the target meanwhile
   * @throws IOException if the folder cannot be renamed
   */
  public void publish() throws IOException {
    Path replaced = staged.resolveSibling(staged.getFileName() + ".replaced");
    moveIntoPlace(staged, target, replace, replaced);
    published = true;
  }

  /**
   * Forces a folder to the disk and renames it to its target.
   *
   * @param replaced where an existing model folder is while it is replaced, on the same file system
   */
  static void moveIntoPlace(Path staged, Path target, boolean replace, Path replaced)
      throws IOException {
    force(staged);
    boolean replaces = replace && Files.exists(target, LinkOption.NOFOLLOW_LINKS);
    refuseExisting(target, replaces);
    if (replaces) {
      Files.move(target, replaced, StandardCopyOption.ATOMIC_MOVE);
    }
    try {
      Files.move(staged, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileAlreadyExistsException e) {
      throw new OutputExistsException(target + ": appeared while the output was written", e);
    } catch (IOException e) {
      if (replaces) {
        Files.move(replaced, target, StandardCopyOption.ATOMIC_MOVE);
      }
      throw e;
    }
    Path parent = target.getParent();
    if (parent != null) {
      force(parent);
    }
    if (replaces) {
      delete(replaced);
    }
  }

  /** Directory entries are durable only once their folder is forced; Windows has no such call. */
  private static void force(Path folder) throws IOException {
    if (System.getProperty("os.name", "").startsWith("Windows")) {
      return;
    }
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  @Override
  public void close() throws IOException {
    if (!published && Files.exists(staged)) {
      delete(staged);
    }
    try {
      Runtime.getRuntime().removeShutdownHook(cleaner);
    } catch (IllegalStateException e) {
      // the process is being stopped, and the cleaner has begun
    }
  }

  /** When the process is stopped from outside; other threads may still be adding files. */
  private void abandon() {
    for (int attempt = 0; attempt < CLEANING_ATTEMPTS && !published; attempt++) {
      try {
        if (!Files.exists(staged)) {
          return;
        }
        delete(staged);
        return;
      } catch (IOException e) {
        LockSupport.parkNanos(CLEANING_PAUSE_NANOS);
      }
    }
  }

  /** Deletes a folder with all that is in it; links, not what they lead to. */
  static void delete(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
