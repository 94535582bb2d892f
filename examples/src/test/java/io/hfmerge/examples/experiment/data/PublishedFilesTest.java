package io.hfmerge.examples.experiment.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PublishedFilesTest {

  @TempDir Path temp;

  private void idx(String name, boolean gzip, int magic, int[] dimensions, int bytes)
      throws IOException {
    try (OutputStream raw = Files.newOutputStream(temp.resolve(name));
        DataOutputStream out = new DataOutputStream(gzip ? new GZIPOutputStream(raw) : raw)) {
      out.writeInt(magic);
      for (int dimension : dimensions) {
        out.writeInt(dimension);
      }
      for (int i = 0; i < bytes; i++) {
        out.write(dimensions.length == 1 ? i % 10 : i % 256);
      }
    }
  }

  @Test
  void readsMnistPlainAndZipped() throws IOException {
    idx("train-images-idx3-ubyte.gz", true, 0x803, new int[] {3, 28, 28}, 3 * 784);
    idx("train-labels-idx1-ubyte", false, 0x801, new int[] {3}, 3);
    ImageSet images = ImageData.MNIST.load(Optional.of(temp), 2, new SplittableRandom(1));
    assertThat(images.count()).isEqualTo(2);
    assertThat(images.labels()).containsExactly(0, 1);
    assertThat(images.pixels()[255]).isEqualTo(1f);
    assertThat(images.pixels()[784]).isEqualTo((784 % 256) / 255f);
    assertThat(images.source()).contains("MNIST").doesNotContain("built-in");
  }

  @Test
  void refusesFalseIdxFilesBeforeAllocating() throws IOException {
    idx("train-labels-idx1-ubyte", false, 0x801, new int[] {3}, 3);
    idx("train-images-idx3-ubyte", false, 0x803, new int[] {1000, 1000, 1000}, 100);
    assertThatThrownBy(() -> load(ImageData.MNIST))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("expected 1000000000 bytes of data, found 100");
    idx("train-images-idx3-ubyte", false, 0x803, new int[] {-1, 28, 28}, 0);
    assertThatThrownBy(() -> load(ImageData.MNIST)).hasMessageContaining("out of range");
    idx("train-images-idx3-ubyte", false, 0xd03, new int[] {3, 28, 28}, 3 * 784);
    assertThatThrownBy(() -> load(ImageData.MNIST)).hasMessageContaining("0x00000d03");
    idx("train-images-idx3-ubyte", false, 0x803, new int[] {4, 28, 28}, 4 * 784);
    assertThatThrownBy(() -> load(ImageData.MNIST)).hasMessageContaining("n labels");
  }

  @Test
  void readsCifarAndRefusesOtherSizes() throws IOException {
    byte[] bytes = new byte[2 * 3073];
    bytes[3073] = 9;
    bytes[3074] = (byte) 255;
    Files.write(temp.resolve("data_batch_1.bin"), bytes);
    ImageSet images = load(ImageData.CIFAR_10);
    assertThat(images.labels()).containsExactly(0, 9);
    assertThat(images.pixels()[3072]).isEqualTo(1f);
    bytes[0] = 10;
    Files.write(temp.resolve("data_batch_1.bin"), bytes);
    assertThatThrownBy(() -> load(ImageData.CIFAR_10)).hasMessageContaining("found 10");
    Files.write(temp.resolve("data_batch_1.bin"), new byte[100]);
    assertThatThrownBy(() -> load(ImageData.CIFAR_10)).hasMessageContaining("found 100 bytes");
  }

  @Test
  void aFolderWithoutTheFilesIsAnErrorNotBuiltInData() {
    assertThatThrownBy(() -> load(ImageData.FASHION_MNIST))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("train-images-idx3-ubyte");
  }

  private ImageSet load(ImageData data) throws IOException {
    return data.load(Optional.of(temp), 10, new SplittableRandom(1));
  }

  @Test
  void readsHousingStandardisedAndCountsIncompleteRows() throws IOException {
    Path file = temp.resolve("housing.csv");
    Files.writeString(
        file,
        """
        longitude,latitude,housing_median_age,total_rooms,total_bedrooms,population,households,median_income,median_house_value,ocean_proximity
        1,2,3,4,5,6,7,8,9,NEAR BAY
        2,3,4,5,,7,8,9,10,INLAND
        3,4,5,6,7,8,9,10,11,INLAND
        """);
    HousingData data = HousingData.load(Optional.of(file), 10, new SplittableRandom(1));
    assertThat(data.count()).isEqualTo(2);
    assertThat(data.source()).contains("1 incomplete");
    assertThat(Math.abs(data.features()[0])).isCloseTo(1, within(1e-12));
    assertThat(data.targets()[0] + data.targets()[1]).isCloseTo(0, within(1e-12));
    Files.writeString(file, "a,b\n1,2\n");
    assertThatThrownBy(() -> HousingData.load(Optional.of(file), 10, new SplittableRandom(1)))
        .hasMessageContaining("expected the columns");
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
