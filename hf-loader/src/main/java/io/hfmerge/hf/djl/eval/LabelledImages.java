package io.hfmerge.hf.djl.eval;

import io.hfmerge.hf.djl.block.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Images with a label each.
 *
 * @param rows by label, then by file name
 */
public record LabelledImages(List<Row> rows) {

  private static final List<String> ENDINGS = List.of(".png", ".jpg", ".jpeg");

  public LabelledImages {
    rows = List.copyOf(rows);
  }

  /** An image. */
  public record Row(Path file, String label) {}

  /**
   * Finds the images of a folder with a subfolder for each class: its PNG and JPEG files, by the
   * ends of their names. Names that begin with a dot are not looked at.
   *
   * @throws InvalidInputException if there is anything else, or a class without images
   * @throws IOException if a folder cannot be read
   */
  public static LabelledImages read(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new InvalidInputException(
          folder + ": expected a folder with a subfolder of images for each class");
    }
    List<Row> rows = new ArrayList<>();
    for (Path entry : sorted(folder)) {
      if (!Files.isDirectory(entry)) {
        throw new InvalidInputException(
            entry + ": expected a folder of images of one class, found a file");
      }
      List<Path> images = sorted(entry);
      if (images.isEmpty()) {
        throw new InvalidInputException(entry + ": expected images, found none");
      }
      for (Path image : images) {
        String name = image.getFileName().toString().toLowerCase(Locale.ROOT);
        if (ENDINGS.stream().noneMatch(name::endsWith)) {
          throw new InvalidInputException(
              "%s: expected a name that ends in %s".formatted(image, String.join(", ", ENDINGS)));
        }
        rows.add(new Row(image, entry.getFileName().toString()));
      }
    }
    if (rows.isEmpty()) {
      throw new InvalidInputException(
          folder + ": expected a subfolder of images for each class, found none");
    }
    return new LabelledImages(rows);
  }

  private static List<Path> sorted(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries
          .filter(entry -> !entry.getFileName().toString().startsWith("."))
          .sorted()
          .toList();
    }
  }
}
