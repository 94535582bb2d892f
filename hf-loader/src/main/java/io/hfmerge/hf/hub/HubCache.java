package io.hfmerge.hf.hub;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/**
 * The files of one repository in the cache of {@code huggingface_hub}, in its layout, which other
 * programs read and write at the same time: {@code blobs/ETAG} holds contents, {@code
 * snapshots/COMMIT/PATH} links to them, {@code refs/REVISION} names commits. Whatever appears under
 * its final name is complete.
 */
final class HubCache {

  /** What marks a folder that backups leave out; see bford.info/cachedir. */
  private static final String TAG_FILE = "CACHEDIR.TAG";

  private static final String TAG =
      """
      Signature: 8a477f597d28d172789f06886806bc55
      # This file marks a cache of models from the Hugging Face Hub.
      """;

  /**
   * Between etag and ending of unfinished downloads of hfmerge. The Python tools write {@code
   * ETAG.incomplete} or have a random part there, so nobody else writes to these; and unlike a
   * random name it is found again.
   */
  private static final String OWN_PART = ".68666d67";

  private static final String UNFINISHED = ".incomplete";

  private static final int MAX_REF_BYTES = 1000;

  /** Depth of a model's own folders. */
  private static final int LISTED_DEPTH = 2;

  private static final int MAX_LISTED = 100_000;

  private final Path root;
  private final Path repository;
  private final Path locks;
  private final boolean symlinks;

  HubCache(HubSettings settings, String repositoryId) {
    String name = "models--" + repositoryId.replace("/", "--");
    this.root = settings.cache();
    this.repository = root.resolve(name);
    this.locks = root.resolve(".locks").resolve(name);
    this.symlinks = settings.symlinks();
  }

  Path folder() {
    return repository;
  }

  Path snapshot(String commit) {
    return repository.resolve("snapshots").resolve(commit);
  }

  /** The commit that a revision was when it was last asked for; a commit is itself. */
  Optional<String> knownCommit(String revision) throws IOException {
    if (HubReference.isCommit(revision)) {
      return Files.isDirectory(snapshot(revision)) ? Optional.of(revision) : Optional.empty();
    }
    Path ref = repository.resolve("refs").resolve(revision);
    if (!Files.isRegularFile(ref) || Files.size(ref) > MAX_REF_BYTES) {
      return Optional.empty();
    }
    String commit = Files.readString(ref, StandardCharsets.ISO_8859_1).strip();
    return HubReference.isCommit(commit) && Files.isDirectory(snapshot(commit))
        ? Optional.of(commit)
        : Optional.empty();
  }

  /** Remembers which commit a revision is. */
  void remember(String revision, String commit) throws IOException {
    if (HubReference.isCommit(revision)) {
      return;
    }
    Path ref = repository.resolve("refs").resolve(revision);
    Files.createDirectories(ref.getParent());
    if (!Files.isRegularFile(ref)
        || !Files.readString(ref, StandardCharsets.ISO_8859_1).equals(commit)) {
      Path temporary = temporary(ref);
      Files.writeString(temporary, commit);
      replace(temporary, ref);
    }
  }

  /** Makes the folders, so that the first file finds them. */
  void create(String commit) throws IOException {
    Files.createDirectories(root);
    Path tag = root.resolve(TAG_FILE);
    if (!Files.exists(tag)) {
      try {
        Files.writeString(tag, TAG, java.nio.file.StandardOpenOption.CREATE_NEW);
      } catch (FileAlreadyExistsException e) {
        // another process was first
      }
    }
    Files.createDirectories(repository.resolve("blobs"));
    Files.createDirectories(locks);
    Files.createDirectories(snapshot(commit));
  }

  /** Files of a snapshot as far as they are there, sizes included, below one folder of it. */
  List<HubFile> present(String commit, Optional<String> subfolder) throws IOException {
    Path snapshot = snapshot(commit);
    Path folder = subfolder.map(snapshot::resolve).orElse(snapshot);
    List<HubFile> files = new ArrayList<>();
    if (Files.isRegularFile(folder)) {
      folder = folder.getParent();
    }
    try (Stream<Path> paths = Files.walk(folder, LISTED_DEPTH)) {
      for (Path path : paths.limit(MAX_LISTED).toList()) {
        if (Files.isRegularFile(path)) {
          String name = snapshot.relativize(path).toString().replace('\\', '/');
          files.add(new HubFile(name, Files.size(path), ""));
        }
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    }
    return files;
  }

  /** Where a file of a snapshot is or will be. */
  Path pointer(String commit, HubFile file) {
    return snapshot(commit).resolve(file.path());
  }

  Path blob(HubFile file) {
    return repository.resolve("blobs").resolve(file.etag());
  }

  /** Where the download of a blob grows. */
  Path unfinished(HubFile file) {
    return repository.resolve("blobs").resolve(file.etag() + OWN_PART + UNFINISHED);
  }

  /**
   * The longest part of a blob that another program has left, or is at work on: a prefix of the
   * content, most likely.
   */
  Optional<Path> partOfOthers(HubFile file) throws IOException {
    Path longest = null;
    long length = 0;
    try (DirectoryStream<Path> parts =
        Files.newDirectoryStream(repository.resolve("blobs"), file.etag() + "*" + UNFINISHED)) {
      for (Path part : parts) {
        boolean own = part.equals(unfinished(file));
        long size = own || !Files.isRegularFile(part) ? 0 : Files.size(part);
        if (size > length && size <= file.sizeBytes()) {
          longest = part;
          length = size;
        }
      }
    }
    return Optional.ofNullable(longest);
  }

  /** Where it grows if the file system has no locks: nobody else has this name. */
  Path unfinishedAlone(HubFile file) {
    return repository.resolve("blobs").resolve(file.etag() + randomPart() + UNFINISHED);
  }

  Path lock(HubFile file) {
    return locks.resolve(file.etag() + ".lock");
  }

  /** Whether a snapshot has a file. */
  boolean has(String commit, HubFile file) throws IOException {
    return isComplete(pointer(commit, file), file);
  }

  /** Whether something of the right size is there; a link without its target is not. */
  static boolean isComplete(Path path, HubFile file) throws IOException {
    return Files.isRegularFile(path) && Files.size(path) == file.sizeBytes();
  }

  /**
   * Makes a complete content part of a snapshot: a link to its blob or, without links, the file
   * itself.
   *
   * @param content the blob, or what was just downloaded and is to become one
   */
  void publish(String commit, HubFile file, Path content) throws IOException {
    Path pointer = pointer(commit, file);
    Path blob = blob(file);
    Files.createDirectories(pointer.getParent());
    if (symlinks) {
      if (!content.equals(blob)) {
        replace(content, blob);
      }
      if (isComplete(pointer, file) || link(pointer, blob)) {
        return;
      }
      Path temporary = temporary(pointer);
      Files.copy(blob, temporary);
      replace(temporary, pointer);
      return;
    }
    if (content.equals(blob)) {
      Path temporary = temporary(pointer);
      Files.copy(blob, temporary);
      replace(temporary, pointer);
    } else {
      replace(content, pointer);
    }
  }

  /**
   * Links relatively, so that the cache may be moved.
   *
   * @return false if the file system has no links
   */
  private static boolean link(Path pointer, Path blob) throws IOException {
    Path target = Objects.requireNonNull(pointer.getParent()).relativize(blob);
    if (Files.isSymbolicLink(pointer) && Files.readSymbolicLink(pointer).equals(target)) {
      return true;
    }
    Path temporary = temporary(pointer);
    try {
      Files.createSymbolicLink(temporary, target);
    } catch (UnsupportedOperationException | FileSystemException e) {
      return false;
    }
    replace(temporary, pointer);
    return true;
  }

  private static Path temporary(Path target) {
    return target.resolveSibling("." + target.getFileName() + randomPart() + ".tmp");
  }

  private static String randomPart() {
    return ".%08x".formatted(ThreadLocalRandom.current().nextInt());
  }

  private static void replace(Path source, Path target) throws IOException {
    try {
      Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(source, target, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      if (Files.exists(source, LinkOption.NOFOLLOW_LINKS)) {
        Files.delete(source);
      }
      throw e;
    }
  }
}
