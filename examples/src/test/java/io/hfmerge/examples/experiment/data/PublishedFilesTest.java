package io.hfmerge.examples.experiment.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of a few images and rows, byte for byte as the published ones are made. */
class PublishedFilesTest {

  @TempDir Path temp;

  private ImageSet load(ImageData data, int count) throws IOException {
    return data.load(Optional.of(temp), count, new SplittableRandom(1));
  }

  private void write(String name, byte[] bytes) throws IOException {
    Files.createDirectories(temp.resolve(name).getParent());
    Files.write(temp.resolve(name), bytes);
  }

  private static byte[] zipped(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }

  @Nested
  class Idx {

    private static final String IMAGES = "train-images-idx3-ubyte";
    private static final String LABELS = "train-labels-idx1-ubyte";

    /** Header, then bytes that count up; labels up to 9. */
    private static byte[] idx(int magic, int[] dimensions, int size) throws IOException {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      DataOutputStream out = new DataOutputStream(bytes);
      out.writeInt(magic);
      for (int dimension : dimensions) {
        out.writeInt(dimension);
      }
      for (int i = 0; i < size; i++) {
        out.write(dimensions.length == 1 ? i % 10 : i % 251);
      }
      return bytes.toByteArray();
    }

    private static byte[] images(int count) throws IOException {
      return idx(0x803, new int[] {count, 28, 28}, count * 784);
    }

    private static byte[] labels(int count) throws IOException {
      return idx(0x801, new int[] {count}, count);
    }

    @ParameterizedTest
    @EnumSource(names = {"MNIST", "FASHION_MNIST"})
    void everyImageIsDrawnOnceWithItsLabel(ImageData data) throws IOException {
      write("a/" + IMAGES + ".gz", zipped(images(7)));
      write("b/" + LABELS, labels(7));
      ImageSet images = load(data, 7);
      Map<Integer, Float> firstPixels = new TreeMap<>();
      for (int i = 0; i < 7; i++) {
        firstPixels.put(images.labels()[i], images.pixels()[i * 784]);
        assertThat(images.pixels()[i * 784 + 783])
            .isEqualTo(((images.labels()[i] * 784 + 783) % 251) / 255f);
      }
      assertThat(firstPixels).hasSize(7);
      firstPixels.forEach(
          (label, pixel) -> assertThat(pixel).isEqualTo(((label * 784) % 251) / 255f));
      assertThat(images.source())
          .contains(data.name().replace('_', '-'), "7 training images", IMAGES)
          .doesNotContain("built-in");
    }

    @Test
    void theSeedDrawsTheImages() throws IOException {
      write(IMAGES, images(200));
      write(LABELS, labels(200));
      ImageSet first = load(ImageData.MNIST, 5);
      assertThat(load(ImageData.MNIST, 5).pixels()).isEqualTo(first.pixels());
      assertThat(ImageData.MNIST.load(Optional.of(temp), 5, new SplittableRandom(2)).pixels())
          .isNotEqualTo(first.pixels());
    }

    @Test
    void filesCutShortAnywhereOrTooLongAreRefusedByName() throws IOException {
      byte[] images = images(3);
      byte[] labels = labels(3);
      write(LABELS, labels);
      for (int length : new int[] {0, 3, 4, 7, 15, 16, 17, 799, images.length - 1}) {
        for (boolean zip : new boolean[] {false, true}) {
          byte[] cut = Arrays.copyOf(images, length);
          write(IMAGES, zip ? zipped(cut) : cut);
          assertThatThrownBy(() -> load(ImageData.MNIST, 2))
              .as("%d bytes, zipped %s", length, zip)
              .isExactlyInstanceOf(IOException.class)
              .hasMessageContaining(IMAGES)
              .hasMessageMatching("(?s).*(cut short|expected 2352 bytes of data, found \\d+)");
        }
      }
      write(IMAGES, Arrays.copyOf(images, images.length + 1));
      assertThatThrownBy(() -> load(ImageData.MNIST, 2)).hasMessageContaining("found more");
      write(IMAGES, images);
      write(LABELS, Arrays.copyOf(labels, labels.length - 1));
      assertThatThrownBy(() -> load(ImageData.MNIST, 2))
          .hasMessageContaining("expected 3 bytes of data, found 2");
    }

    @Test
    void gzipCutShortOrDamagedIsRefusedByName() throws IOException {
      byte[] zipped = zipped(images(3));
      write(LABELS, labels(3));
      for (int length = 2; length < zipped.length; length += 7) {
        write(IMAGES + ".gz", Arrays.copyOf(zipped, length));
        assertThatThrownBy(() -> load(ImageData.MNIST, 2))
            .isExactlyInstanceOf(IOException.class)
            .hasMessageContaining(IMAGES);
      }
      zipped[zipped.length - 6] ^= 0x55; // of the CRC-32
      write(IMAGES + ".gz", zipped);
      assertThatThrownBy(() -> load(ImageData.MNIST, 2)).hasMessageContaining("damaged");
    }

    @Test
    void headersThatPromiseTooMuchAreRefusedBeforeAllocating() throws IOException {
      write(LABELS, labels(3));
      write(IMAGES, idx(0x803, new int[] {1 << 20, 28, 28}, 100));
      assertThatThrownBy(() -> load(ImageData.MNIST, 2))
          .hasMessageContaining("expected 822083584 bytes of data, found 100");
      for (int[] dimensions :
          new int[][] {{1000, 1000, 1000}, {-1, 28, 28}, {Integer.MAX_VALUE, 28, 28}, {3, 28, 0}}) {
        write(IMAGES, idx(0x803, dimensions, 3 * 784));
        assertThatThrownBy(() -> load(ImageData.MNIST, 2))
            .hasMessageContaining("expected up to 1048576 items of dimensions [28, 28]");
      }
      write(IMAGES, idx(0xd03, new int[] {3, 28, 28}, 3 * 784));
      assertThatThrownBy(() -> load(ImageData.MNIST, 2)).hasMessageContaining("0x00000d03");
    }

    @Test
    void labelsThatDoNotFitAreRefused() throws IOException {
      write(IMAGES, images(3));
      write(LABELS, labels(4));
      assertThatThrownBy(() -> load(ImageData.MNIST, 2))
          .hasMessageContaining("a label for each of the 3 images")
          .hasMessageContaining("found 4");
      byte[] labels = labels(3);
      labels[labels.length - 1] = 10;
      write(LABELS, labels);
      assertThatThrownBy(() -> load(ImageData.MNIST, 2)).hasMessageContaining("found 10");
    }

    @Test
    void fewerImagesThanAreNeededAreRefused() throws IOException {
      write(IMAGES, images(3));
      write(LABELS, labels(3));
      assertThatThrownBy(() -> load(ImageData.MNIST, 4))
          .hasMessageContaining("number of images: expected 4 or more, found 3");
    }
  }

  @Nested
  class Cifar {

    /** A label and 3072 pixels of its value. */
    private static byte[] records(int... labels) {
      byte[] bytes = new byte[labels.length * 3073];
      for (int i = 0; i < labels.length; i++) {
        Arrays.fill(bytes, i * 3073, (i + 1) * 3073, (byte) (20 * labels[i]));
        bytes[i * 3073] = (byte) labels[i];
      }
      return bytes;
    }

    @Test
    void readsAllBatchesOfTheBinaryVersion() throws IOException {
      write("cifar-10-batches-bin/data_batch_1.bin", records(0, 9));
      write("cifar-10-batches-bin/data_batch_2.bin", records(5));
      write("cifar-10-batches-bin/test_batch.bin", records(7));
      ImageSet images = load(ImageData.CIFAR_10, 3);
      assertThat(images.labels()).containsExactlyInAnyOrder(0, 5, 9);
      for (int i = 0; i < 3; i++) {
        assertThat(images.slice(i, i + 1).pixels()).containsOnly(images.labels()[i] * 20 / 255f);
      }
      assertThat(images.source()).contains("CIFAR-10", "3 training images");
    }

    @Test
    void readsTheOneFileOfDjlsCache() throws IOException {
      write("1.0/data_batch.bin", records(1, 2));
      write("1.0/test_batch.bin", records(7));
      assertThat(load(ImageData.CIFAR_10, 2).labels()).containsExactlyInAnyOrder(1, 2);
    }

    @Test
    void refusesFilesCutShortOtherVersionsAndFalseLabels() throws IOException {
      write("data_batch_1.bin", Arrays.copyOf(records(1, 2), 6145));
      assertThatThrownBy(() -> load(ImageData.CIFAR_10, 1))
          .hasMessageContaining("data_batch_1.bin")
          .hasMessageContaining("records of 3073 bytes")
          .hasMessageContaining("found 6145 bytes");
      write("data_batch_1.bin", new byte[0]);
      assertThatThrownBy(() -> load(ImageData.CIFAR_10, 1)).hasMessageContaining("found 0 bytes");
      write("data_batch_1.bin", records(1, 10));
      assertThatThrownBy(() -> load(ImageData.CIFAR_10, 1)).hasMessageContaining("found 10");
      Files.delete(temp.resolve("data_batch_1.bin"));
      write("data_batch_1", new byte[] {(byte) 0x80, 2}); // the Python version is a pickle
      assertThatThrownBy(() -> load(ImageData.CIFAR_10, 1))
          .hasMessageContaining("expected data_batch_1.bin of the binary version")
          .hasMessageContaining("cifar-10-binary.tar.gz");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aFolderWithoutTheFilesIsAnErrorThatSaysWhereTheyAreNotBuiltInData(ImageData data) {
    assertThatThrownBy(() -> load(data, 2))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("expected a folder with")
        .hasMessageContaining("https://");
  }

  @Nested
  class DjlsCache {

    private static final String SETTING = "DJL_CACHE_DIR";

    /** Loads with DJL's cache at the temporary folder. */
    private ImageSet cached(ImageData data) throws IOException {
      String before = System.getProperty(SETTING);
      System.setProperty(SETTING, temp.toString());
      try {
        return data.load(Optional.empty(), 2, new SplittableRandom(1));
      } finally {
        if (before == null) {
          System.clearProperty(SETTING);
        } else {
          System.setProperty(SETTING, before);
        }
      }
    }

    @ParameterizedTest
    @EnumSource
    void withoutFilesBuiltInImagesSayThatTheyAre(ImageData data) throws IOException {
      ImageSet images = cached(data);
      assertThat(images.source()).startsWith("built-in synthetic images").contains("https://");
      assertThat(images.count()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({"MNIST, mnist", "FASHION_MNIST, fashmnist"})
    void idxFilesAreFoundWhereDjlPutsThem(ImageData data, String artifact) throws IOException {
      // DJL unzips what it downloads, under the names of the published files
      String folder = "cache/repo/dataset/cv/ai/djl/basicdataset/" + artifact + "/1.0/";
      write(folder + "train-images-idx3-ubyte", Idx.images(4));
      write(folder + "train-labels-idx1-ubyte", Idx.labels(4));
      assertThat(cached(data).source()).contains("2 training images", artifact);
    }

    @Test
    void cifarIsFoundWhereDjlPutsIt() throws IOException {
      write(
          "cache/repo/dataset/cv/ai/djl/basicdataset/cifar10/1.0/data_batch.bin",
          Cifar.records(1, 2, 3));
      assertThat(cached(ImageData.CIFAR_10).source()).contains("2 training images", "cifar10");
    }
  }

  @Nested
  class Housing {

    /** The first rows of the published file. */
    private static final String PUBLISHED =
        """
        -122.230000,37.880000,41.000000,880.000000,129.000000,322.000000,126.000000,8.325200,452600.000000
        -122.220000,37.860000,21.000000,7099.000000,1106.000000,2401.000000,1138.000000,8.301400,358500.000000
        -122.240000,37.850000,52.000000,1467.000000,190.000000,496.000000,177.000000,7.257400,352100.000000
        """;

    private HousingData read(String name, String text) throws IOException {
      write(name, text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
      return HousingData.load(Optional.of(temp.resolve(name)), 10, new SplittableRandom(1));
    }

    /** By hand: means and deviations (n) of the three targets. */
    private static void isThePublishedTable(HousingData data) {
      assertThat(data.count()).isEqualTo(3);
      double mean = (452600 + 358500 + 352100) / 3.0;
      double deviation =
          Math.sqrt(
              (Math.pow(452600 - mean, 2) + Math.pow(358500 - mean, 2) + Math.pow(352100 - mean, 2))
                  / 3);
      assertThat(Arrays.stream(data.targets()).sorted().toArray())
          .containsExactly(
              new double[] {
                (352100 - mean) / deviation,
                (358500 - mean) / deviation,
                (452600 - mean) / deviation
              },
              within(1e-9));
      // the dearest house is the one of the highest latitude and the fewest rooms
      int dearest = 0;
      for (int i = 0; i < 3; i++) {
        dearest = data.targets()[i] > data.targets()[dearest] ? i : dearest;
      }
      assertThat(data.features()[dearest * 8 + 1])
          .isEqualTo(maximum(data.features(), 1), within(1e-9));
      assertThat(-data.features()[dearest * 8 + 3])
          .isEqualTo(maximum(negative(data.features()), 3), within(1e-9));
    }

    private static double[] negative(double[] values) {
      return Arrays.stream(values).map(v -> -v).toArray();
    }

    private static double maximum(double[] features, int column) {
      return Math.max(features[column], Math.max(features[8 + column], features[16 + column]));
    }

    @Test
    void readsStatLibsTableWithoutAHeader() throws IOException {
      HousingData data = read("CaliforniaHousing/cal_housing.data", PUBLISHED);
      isThePublishedTable(data);
      assertThat(data.source()).contains("3 of 3 rows of cal_housing.data");
      // the folder of the archive does as well
      assertThat(HousingData.load(Optional.of(temp), 10, new SplittableRandom(1)).features())
          .isEqualTo(data.features());
    }

    @Test
    void readsOpenMlsArff() throws IOException {
      StringBuilder text =
          new StringBuilder(
              """
              % 1. Title: houses, StatLib
              @relation houses

              @attribute median_house_value real
              @attribute 'median_income' real
              @ATTRIBUTE housing_median_age REAL
              @attribute total_rooms real
              @attribute total_bedrooms real
              @attribute population real
              @attribute households real
              @attribute latitude real
              @attribute longitude real

              @data
              """);
      for (String row : PUBLISHED.lines().toList()) {
        String[] f = row.split(",");
        text.append(String.join(",", f[8], f[7], f[2], f[3], f[4], f[5], f[6], f[1], f[0]) + "\n");
      }
      isThePublishedTable(read("houses.arff", text.toString()));
      assertThat(read("houses.arff", text + "?,1,1,1,1,1,1,1,1\n").source())
          .contains("1 incomplete");
      assertThatThrownBy(() -> read("houses.arff", "@relation houses\n1,2\n"))
          .hasMessageContaining("line 2: expected @attribute or @data, found \"1\"");
    }

    @Test
    void readsHeadersAndCountsIncompleteRows() throws IOException {
      String header =
          "longitude,latitude,housing_median_age,total_rooms,total_bedrooms,population,households,"
              + "median_income,median_house_value,ocean_proximity\n";
      String rows = PUBLISHED.replace("\n", ",NEAR BAY\n");
      isThePublishedTable(read("housing.csv", header + rows));
      isThePublishedTable(read("housing.csv", (header + rows).replace("\n", "\r\n")));
      assertThat(read("housing.csv", header + rows + "1,2,3,4,,6,7,8,9,INLAND\n").source())
          .contains("3 of 3 rows")
          .contains("1 incomplete");
    }

    @ParameterizedTest
    @ValueSource(strings = {"NaN", "Infinity", "1e999", "0x10", "1d", "\"1", "one"})
    void whatIsNoNumberIsRefusedWithItsLine(String text) {
      assertThatThrownBy(
              () -> read("cal_housing.data", PUBLISHED.replace("52.000000", text) + "\n"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cal_housing.data");
    }

    @Test
    void filesCutShortOrOfOtherTablesAreRefused() {
      assertThatThrownBy(
              () -> read("cal_housing.data", PUBLISHED.substring(0, PUBLISHED.length() - 30)))
          .hasMessageContaining("line 3: expected 9 fields, found 7; is the file cut short?");
      assertThatThrownBy(() -> read("cal_housing.data", ""))
          .hasMessageContaining("expected rows of nine numbers, found 0");
      assertThatThrownBy(() -> read("cal_housing.data", "a,b\n1,2\n"))
          .hasMessageContaining("expected nine columns of numbers, or the columns");
      assertThatThrownBy(() -> read("cal_housing.data", "9".repeat(1 << 20)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cal_housing.data");
    }

    @Test
    void aFolderWithoutTheFileSaysWhereItIs() {
      assertThatThrownBy(() -> HousingData.load(Optional.of(temp), 10, new SplittableRandom(1)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cal_housing.tgz");
    }
  }

  @Test
  void batchesOfAnEpochAreDisjointAndDependOnTheStepAlone() {
    Batches batches = new Batches(10, 3, SplittableRandom::new);
    java.util.Set<Long> seen = new java.util.HashSet<>();
    for (int step = 3; step < 6; step++) {
      for (long row : batches.at(step)) {
        assertThat(seen.add(row)).isTrue();
      }
    }
    assertThat(new Batches(10, 3, SplittableRandom::new).at(4)).isEqualTo(batches.at(4));
  }
}
