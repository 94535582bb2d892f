package io.hfmerge.examples.experiment.data;

import ai.djl.util.Utils;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
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
 * plain or {@code .gz}. CIFAR-10: {@code data_batch_1.bin} to {@code data_batch_5.bin} of the
 * binary version. They are looked for in the folder given with {@code --data}, then in DJL's data
 * set cache, where CIFAR-10's batches are one file, {@code data_batch.bin}.
 */
public enum ImageData {
  MNIST("mnist", 1, 28, "https://ossci-datasets.s3.amazonaws.com/mnist/"),
  FASHION_MNIST("fashmnist", 1, 28, "https://github.com/zalandoresearch/fashion-mnist"),
  CIFAR_10("cifar10", 3, 32, "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz");

  private static final int CLASSES = 10;
  private static final int SEARCH_DEPTH = 4;

  /** More records than CIFAR-10 has; a larger file is something else. */
  private static final int MOST_RECORDS = 1 << 20;

  /** Blobs of the built-in images. */
  private static final int BLOBS = 4;

  private final String cacheName;
  private final int channels;
  private final int side;
  private final String address;

  ImageData(String cacheName, int channels, int side, String address) {
    this.cacheName = cacheName;
    this.channels = channels;
    this.side = side;
    this.address = address;
  }

  /**
   * A draw of images of the training set.
   *
   * @param folder from {@code --data}
   * @param count of images
   * @param random for the draw, or for built-in images
   * @throws IOException if files are there and cannot be read or have fewer images, or {@code
   *     folder} has none
   */
  public ImageSet load(Optional<Path> folder, int count, RandomGenerator random)
      throws IOException {
    if (folder.isPresent()) {
      return read(folder.get(), count, random)
          .orElseThrow(() ->
              new IOException(
                  "%s: expected a folder with %s, found none"
                      .formatted(folder.get(), published())));
    }
    Path cache =
        Utils.getCacheDir().resolve("cache/repo/dataset/cv/ai/djl/basicdataset/" + cacheName);
    Optional<ImageSet> cached =
        Files.isDirectory(cache) ? read(cache, count, random) : Optional.empty();
    return cached.isPresent() ? cached.get() : builtIn(count, random);
  }

  /** The files that are read, and where they come from. */
  public String published() {
    return "%s of %s (%s)"
        .formatted(
            this == CIFAR_10
                ? "data_batch_1.bin to data_batch_5.bin"
                : "train-images-idx3-ubyte and train-labels-idx1-ubyte, plain or .gz,",
            label(),
            address);
  }

  private String label() {
    return name().replace('_', '-');
  }

  private Optional<ImageSet> read(Path folder, int count, RandomGenerator random)
      throws IOException {
    return this == CIFAR_10 ? readCifar(folder, count, random) : readIdx(folder, count, random);
  }

  private Optional<ImageSet> readIdx(Path folder, int count, RandomGenerator random)
      throws IOException {
    List<Path> images = find(folder, "train-images-idx3-ubyte");
    List<Path> labels = find(folder, "train-labels-idx1-ubyte");
    if (images.isEmpty() || labels.isEmpty()) {
      return Optional.empty();
    }
    Path pictures = images.getFirst();
    Path classes = labels.getFirst();
    ImageSet taken = empty(count, source(count, pictures.toString()));
    int[] counts = new int[1];
    Drawn[] drawn = new Drawn[1];
    IdxFile.read(
        pictures,
        List.of(side, side),
        items -> {
          counts[0] = items;
          drawn[0] = new Drawn(count, items, pictures + ": number of images", random);
          return (item, bytes) -> pixels(bytes, 0, taken, drawn[0].place(item));
        });
    IdxFile.read(
        classes,
        List.of(),
        items -> {
          if (items != counts[0]) {
            throw new IOException(
                "%s: expected a label for each of the %d images of %s, found %d"
                    .formatted(classes, counts[0], pictures.getFileName(), items));
          }
          return (item, bytes) -> label(bytes[0], classes, taken, drawn[0].place(item));
        });
    return Optional.of(taken);
  }

  private Optional<ImageSet> readCifar(Path folder, int count, RandomGenerator random)
      throws IOException {
    List<Path> files = batches(folder);
    if (files.isEmpty()) {
      return Optional.empty();
    }
    int record = 1 + channels * side * side;
    long records = 0;
    for (Path file : files) {
      long size = Files.size(file);
      records += size / record;
      if (size % record != 0 || size == 0 || records > MOST_RECORDS) {
        throw new IOException(
            "%s: expected records of %d bytes (the binary version), found %d bytes"
                .formatted(file, record, size));
      }
    }
    String where = String.valueOf(files.getFirst().getParent());
    Drawn drawn = new Drawn(count, (int) records, where + ": number of images", random);
    ImageSet taken = empty(count, source(count, where));
    byte[] bytes = new byte[record];
    int item = 0;
    for (Path file : files) {
      try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
        for (; in.readNBytes(bytes, 0, record) == record; item++) {
          label(bytes[0], file, taken, drawn.place(item));
          pixels(bytes, 1, taken, drawn.place(item));
        }
      }
    }
    if (item != records) {
      throw new IOException(where + ": the files changed while they were read");
    }
    return Optional.of(taken);
  }

  /** The numbered files, else the one that DJL makes of them. */
  private static List<Path> batches(Path folder) throws IOException {
    List<Path> all = find(folder, "data_batch");
    List<Path> numbered =
        all.stream().filter(file -> name(file).matches("data_batch_\\d+\\.bin")).toList();
    List<Path> whole = all.stream().filter(file -> name(file).equals("data_batch.bin")).toList();
    if (numbered.isEmpty() && whole.isEmpty() && !all.isEmpty()) {
      throw new IOException(
          "%s: expected data_batch_1.bin of the binary version (%s)"
              .formatted(all.getFirst(), CIFAR_10.address));
    }
    return numbered.isEmpty() ? whole : numbered;
  }

  private ImageSet empty(int count, String source) {
    int size = channels * side * side;
    return new ImageSet(
        new float[count * size], new int[count], count, channels, side, side, source);
  }

  private String source(int count, String where) {
    return "%s, %d training images drawn from %s".formatted(label(), count, where);
  }

  private static void pixels(byte[] bytes, int from, ImageSet into, int place) {
    for (int i = 0; place >= 0 && i < into.size(); i++) {
      into.pixels()[place * into.size() + i] = (bytes[from + i] & 0xff) / 255f;
    }
  }

  private static void label(byte stored, Path file, ImageSet into, int place) throws IOException {
    if (stored < 0 || stored >= CLASSES) {
      throw new IOException(
          "%s: expected labels from 0 to 9, found %d".formatted(file, stored & 0xff));
    }
    if (place >= 0) {
      into.labels()[place] = stored;
    }
  }

  private static String name(Path file) {
    return String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
  }

  private static List<Path> find(Path folder, String start) throws IOException {
    try (Stream<Path> files = Files.walk(folder, SEARCH_DEPTH)) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> name(file).startsWith(start))
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
        "built-in synthetic images of the shape of %s; none were given with --data or are in DJL's cache; the real ones are %s"
            .formatted(label(), published()));
  }
}
