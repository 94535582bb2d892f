package io.hfmerge.hf.output;

import io.hfmerge.hf.checksum.Crc32c;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The files of a model folder, its weights and everything beside them. */
final class FolderFiles {

  private static final int BUFFER_BYTES = 1 << 16;

  private FolderFiles() {}

  /**
   * Files below a folder by name relative to it, with slashes, sorted; but for those whose own or
   * whose folder's name begins with a dot.
   */
  static Map<String, Path> list(Path folder) throws IOException {
    Map<String, Path> files = new TreeMap<>();
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path visited, BasicFileAttributes attributes) {
            return !visited.equals(folder) && isHidden(visited)
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (!isHidden(file)) {
              files.put(folder.relativize(file).toString().replace('\\', '/'), file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return files;
  }

  /** Forces a file to the disk. */
  static void force(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  private static boolean isHidden(Path path) {
    return path.getFileName().toString().startsWith(".");
  }

  /** Size and CRC-32C of a small file, which is forced to the disk. */
  static Manifest.FileEntry entryOfForced(Path file) throws IOException {
    force(file);
    int checksum = 0;
    long size = 0;
    byte[] buffer = new byte[BUFFER_BYTES];
    try (InputStream in = Files.newInputStream(file)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        checksum = Crc32c.shift(checksum, read) ^ Crc32c.of(ByteBuffer.wrap(buffer, 0, read));
        size += read;
      }
    }
    return new Manifest.FileEntry(size, checksum, Optional.empty());
  }
}
