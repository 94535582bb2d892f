package io.hfmerge.hf.djl.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.Mutations;
import io.hfmerge.hf.testing.StoredTensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pixel values against transformers' ViTImageProcessor with Pillow (make_images.py). */
class ImagePreprocessingTest {

  private static final Path IMAGES = ModelFolders.GOLDEN.resolve("images");

  /** Decoders of JPEG may differ by a few of 255 levels, here from -1 to 1. */
  private static final double JPEG = 3 * 2 / 255.0;

  /** The settings of make_images.py. */
  private static final Map<String, String> SETTINGS =
      Map.of(
          "standard",
          "{'size': {'height': 32, 'width': 32}, 'resample': 2}",
          "bicubic",
          "{'size': {'height': 20, 'width': 32}, 'resample': 3,"
              + " 'image_mean': [0.485, 0.456, 0.406], 'image_std': [0.229, 0.224, 0.225]}",
          "lanczos",
          "{'size': {'height': 40, 'width': 24}, 'resample': 1, 'do_normalize': false}",
          "nearest",
          "{'size': {'height': 32, 'width': 21}, 'resample': 0, 'do_rescale': false,"
              + " 'do_normalize': false}",
          "box",
          "{'size': {'height': 16, 'width': 16}, 'resample': 4}",
          "hamming",
          "{'size': {'height': 16, 'width': 50}, 'resample': 5, 'rescale_factor': 0.01}");

  private static ImagePreprocessing preprocessing(String settings) {
    return ImagePreprocessing.of(ModelConfig.parse(settings.replace('\'', '"'), "settings"));
  }

  @Test
  void pixelsAreThoseOfTransformers() throws Exception {
    Map<String, StoredTensor> golden = ModelFolders.read(IMAGES.resolve("pixels.safetensors"));
    assertThat(golden).hasSize(17);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      golden.forEach((key, tensor) -> {
        int slash = key.indexOf('/');
        String settings = SETTINGS.get(key.substring(0, slash));
        Path file = IMAGES.resolve("classes").resolve(key.substring(slash + 1));
        double[] found = pixels(manager, String.valueOf(settings), file);
        double worst = 0;
        double[] expected = tensor.values();
        assertThat(found).as(key).hasSize(expected.length);
        for (int i = 0; i < found.length; i++) {
          worst = Math.max(worst, Math.abs(found[i] - expected[i]));
        }
        assertThat(worst).as(key).isLessThanOrEqualTo(key.endsWith("jpg") ? JPEG : 0);
      });
    }
  }

  private static double[] pixels(NDManager manager, String settings, Path file) {
    try (NDArray array = preprocessing(settings).apply(manager, RgbImage.read(file))) {
      float[] values = array.toFloatArray();
      double[] wide = new double[values.length];
      Arrays.setAll(wide, i -> values[i]);
      return wide;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Older files name one size, and leave out what has a default. */
  @Test
  void olderSettingsMeanTheSame() throws Exception {
    Path file = IMAGES.resolve("classes/LABEL_0/wide.png");
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      assertThat(
              pixels(
                  manager,
                  "{'feature_extractor_type': 'ViTFeatureExtractor', 'size': 32, 'image_mean': 0.5}",
                  file))
          .containsExactly(pixels(manager, String.valueOf(SETTINGS.get("standard")), file));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'size': {'shortest_edge': 32}}",
        "{'size': 0}",
        "{'size': 100000}",
        "{'resample': 9}",
        "{'image_mean': [0.5, 0.5]}"
      })
  void otherValuesAreRefused(String settings) {
    assertThatThrownBy(() -> preprocessing(settings))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("expected");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"{'image_processor_type': 'BitImageProcessor'}", "{'do_center_crop': true}"})
  void otherProcessorsAreRefused(String settings) {
    assertThatThrownBy(() -> preprocessing(settings))
        .isInstanceOf(UnsupportedFeatureException.class);
  }

  @Test
  void filesThatAreNoImagesAreRefused(@TempDir Path folder) throws Exception {
    byte[] png = Files.readAllBytes(IMAGES.resolve("classes/LABEL_0/wide.png"));
    Path text = Files.writeString(folder.resolve("text.png"), "no image at all");
    Path cut = Files.write(folder.resolve("cut.png"), Arrays.copyOf(png, png.length / 3));
    byte[] wide = png.clone();
    wide[16] = 0x7f; // the width, in the header: two thousand million
    Path large = Files.write(folder.resolve("large.png"), wide);

    assertThatThrownBy(() -> RgbImage.read(text))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("text.png: expected a PNG or JPEG image");
    assertThatThrownBy(() -> RgbImage.read(cut))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("cut.png: expected an image that can be decoded");
    assertThatThrownBy(() -> RgbImage.read(large))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("large.png: expected at most 89478485 pixels");
  }

  @Test
  void damagedFilesAreImagesOrRefused(@TempDir Path folder) throws Exception {
    List<byte[]> seeds =
        List.of(
            Files.readAllBytes(IMAGES.resolve("classes/LABEL_0/small.png")),
            Files.readAllBytes(IMAGES.resolve("classes/LABEL_3/palette.png")),
            Files.readAllBytes(IMAGES.resolve("classes/LABEL_3/photo.jpg")));
    Path file = folder.resolve("image");
    Mutations.run(
        seeds,
        17,
        300,
        bytes -> {
          Files.write(file, bytes);
          try {
            assertThat(RgbImage.read(file).width()).isPositive();
          } catch (InvalidInputException e) {
            assertThat(e).hasMessageContaining("expected");
          }
        });
  }
}
