package io.hfmerge.examples.experiment.data;

import ai.djl.util.Utils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/**
 * Image data sets by their published files, else built-in images of the same shape.
 *
 * <p>MNIST and Fashion-MNIST: {@code train-images-idx3-ubyte} and {@code train-labels-idx1-ubyte},
 * plain or {@code .gz}, from https://ossci-datasets.s3.amazonaws.com/mnist/ and
 * https://github.com/zalandoresearch/fashion-mnist. CIFAR-10: {@code data_batch_1.bin} to {@code
 * data_batch_5.bin} of the binary version, from https://www.cs.toronto.edu/~kriz/cifar.html. They
 * are looked for in the folder given with {@code --data}, then in DJL's data set cache.
 */
public enum ImageData {
  MNIST("mnist", 1, 28),
  FASHION_MNIST("fashmnist", 1, 28),
  CIFAR_10("cifar10", 3, 32);

  private static final int CLASSES = 10;
  private static final int SEARCH_DEPTH = 4;

  /** Blobs of the built-in images. */
  private static final int BLOBS = 4;

  private final String cacheName;
  private final int channels;
  private final int side;

  ImageData(String cacheName, int channels, int side) {
    this.cacheName = cacheName;
    this.channels = channels;
    this.side = side;
  }

  /**
   * The first images of the training set.
   *
   * @param folder from {@code --data}
   * @param count of images
   * @param random for built-in images
   * @throws IOException if files are there and cannot be read, or {@code folder} has none
   */
  public ImageSet load(Optional<Path> folder, int count, RandomGenerator random)
      throws IOException {
    if (folder.isPresent()) {
      return read(folder.get(), count)
          .orElseThrow(() ->
              new IOException(
                  "%s: expected %s of %s, found none"
                      .formatted(
                          folder.get(),
                          this == CIFAR_10
                              ? "data_batch_1.bin to data_batch_5.bin"
                              : "train-images-idx3-ubyte and train-labels-idx1-ubyte (or .gz)",
                          label())));
    }
    Path cache =
        Utils.getCacheDir().resolve("cache/repo/dataset/cv/ai/djl/basicdataset/" + cacheName);
    Optional<ImageSet> cached = Files.isDirectory(cache) ? read(cache, count) : Optional.empty();
    return cached.isPresent() ? cached.get() : builtIn(count, random);
  }

  private String label() {
    return name().replace('_', '-');
  }

  private Optional<ImageSet> read(Path folder, int count) throws IOException {
    return this == CIFAR_10 ? readCifar(folder, count) : readIdx(folder, count);
  }

  private Optional<ImageSet> readIdx(Path folder, int count) throws IOException {
    List<Path> images = find(folder, "train-images-idx3-ubyte");
    List<Path> labels = find(folder, "train-labels-idx1-ubyte");
    if (images.isEmpty() || labels.isEmpty()) {
      return Optional.empty();
    }
    IdxFile pictures = IdxFile.read(images.getFirst());
    IdxFile classes = IdxFile.read(labels.getFirst());
    if (pictures.dimensions().length != 3
        || classes.dimensions().length != 1
        || pictures.dimensions()[0] != classes.dimensions()[0]
        || pictures.dimensions()[1] != side
        || pictures.dimensions()[2] != side) {
      throw new IOException(
          "%s: expected n x %d x %d images and n labels".formatted(images.getFirst(), side, side));
    }
    int taken = Math.min(count, pictures.dimensions()[0]);
    int[] chosen = new int[taken];
    for (int i = 0; i < taken; i++) {
      chosen[i] = label(classes.bytes()[i], labels.getFirst());
    }
    float[] pixels = new float[taken * side * side];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (pictures.bytes()[i] & 0xff) / 255f;
    }
    return Optional.of(
        new ImageSet(
            pixels,
            chosen,
            taken,
            1,
            side,
            side,
            "%s, the first %d training images of %s"
                .formatted(label(), taken, images.getFirst().getFileName())));
  }

  private Optional<ImageSet> readCifar(Path folder, int count) throws IOException {
    List<Path> files = find(folder, "data_batch_");
    if (files.isEmpty()) {
      return Optional.empty();
    }
    int size = channels * side * side;
    float[] pixels = new float[count * size];
    int[] labels = new int[count];
    int taken = 0;
    for (Path file : files) {
      byte[] bytes = Files.readAllBytes(file);
      if (bytes.length % (size + 1) != 0) {
        throw new IOException(
            "%s: expected records of %d bytes (the binary version), found %d bytes"
                .formatted(file, size + 1, bytes.length));
      }
      for (int at = 0; at < bytes.length && taken < count; at += size + 1, taken++) {
        labels[taken] = label(bytes[at], file);
        for (int i = 0; i < size; i++) {
          pixels[taken * size + i] = (bytes[at + 1 + i] & 0xff) / 255f;
        }
      }
    }
    return Optional.of(
        new ImageSet(pixels, labels, count, channels, side, side, "CIFAR-10").slice(0, taken));
  }

  private static int label(byte stored, Path file) throws IOException {
    if (stored < 0 || stored >= CLASSES) {
      throw new IOException(
          "%s: expected labels from 0 to 9, found %d".formatted(file, stored & 0xff));
    }
    return stored;
  }

  private static List<Path> find(Path folder, String start) throws IOException {
    try (Stream<Path> files = Files.walk(folder, SEARCH_DEPTH)) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> file.getFileName().toString().toLowerCase(Locale.ROOT).startsWith(start))
          .sorted()
          .toList();
    } catch (java.io.UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** Per class a picture of four soft blobs; per image that picture, dimmed and noisy. */
  private ImageSet builtIn(int count, RandomGenerator random) {
    int size = channels * side * side;
    List<float[]> pictures = new ArrayList<>();
    for (int c = 0; c < CLASSES; c++) {
      float[] picture = new float[size];
      for (int blob = 0; blob < BLOBS * channels; blob++) {
        double x = random.nextDouble(4, side - 4);
        double y = random.nextDouble(4, side - 4);
        double width = random.nextDouble(2, 4);
        int channel = blob % channels;
        for (int i = 0; i < side * side; i++) {
          double dx = i % side - x;
          double dy = Math.floorDiv(i, side) - y;
          picture[channel * side * side + i] +=
              (float) (0.6 * Math.exp(-(dx * dx + dy * dy) / (2 * width * width)));
        }
      }
      pictures.add(picture);
    }
    float[] pixels = new float[count * size];
    int[] labels = new int[count];
    for (int i = 0; i < count; i++) {
      labels[i] = random.nextInt(CLASSES);
      double bright = random.nextDouble(0.5, 1);
      for (int p = 0; p < size; p++) {
        double value = bright * pictures.get(labels[i])[p] + 0.15 * random.nextGaussian();
        pixels[i * size + p] = (float) Math.clamp(value, 0.0, 1.0);
      }
    }
    return new ImageSet(
        pixels,
        labels,
        count,
        channels,
        side,
        side,
        "built-in synthetic images of the shape of %s (no files given or cached)"
            .formatted(label()));
  }
}
