package io.hfmerge.hf.djl.image;

import ai.djl.modality.cv.Image;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.djl.block.TransformerInputs;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What {@code preprocessor_config.json} wants done to an image before a model reads it: resized,
 * rescaled, normalised; as transformers' ViTImageProcessor does it with Pillow, in f32.
 */
public final class ImagePreprocessing {

  private static final String FILE = "preprocessor_config.json";

  private static final List<String> KNOWN =
      List.of(
          "ViTImageProcessor",
          "ViTImageProcessorFast",
          "ViTImageProcessorPil",
          "ViTFeatureExtractor");

  /** ViTImageProcessor's defaults, for keys that a file leaves out. */
  private static final int DEFAULT_SIZE = 224;

  private static final float DEFAULT_MEAN = 0.5f;
  private static final double DEFAULT_FACTOR = 1 / 255.0;

  /** More would not fit any published model, and could fill the memory. */
  private static final int MOST_SIZE = 8192;

  private final ModelConfig config;
  private final @Nullable Resampling resampling;
  private final int width;
  private final int height;
  private final OptionalDouble factor;
  private final float @Nullable [] mean;
  private final float @Nullable [] deviation;

  private ImagePreprocessing(ModelConfig config) {
    this.config = config;
    boolean resized = config.bool("do_resize").orElse(true);
    this.resampling = resized ? resampling() : null;
    this.width = side("width");
    this.height = side("height");
    this.factor =
        config.bool("do_rescale").orElse(true)
            ? OptionalDouble.of(config.number("rescale_factor").orElse(DEFAULT_FACTOR))
            : OptionalDouble.empty();
    boolean normalised = config.bool("do_normalize").orElse(true);
    this.mean = normalised ? channels("image_mean") : null;
    this.deviation = normalised ? channels("image_std") : null;
  }

  /**
   * Reads the settings of a model.
   *
   * @throws UnresolvedReferenceException if its folder has none
   * @throws UnsupportedFeatureException if they are for another processor than ViT's
   * @throws IOException if the file cannot be read
   */
  public static ImagePreprocessing of(HfModel model) throws IOException {
    Path file = model.location().folder().resolve(FILE);
    if (!Files.exists(file)) {
      throw new UnresolvedReferenceException(
          "%s: expected a %s, which says how images are resized and normalised, found none"
              .formatted(model.reference(), FILE));
    }
    return of(ModelConfig.read(file));
  }

  /** Of settings as in the file. */
  static ImagePreprocessing of(ModelConfig config) {
    String type =
        config.string("image_processor_type", "feature_extractor_type").orElse(KNOWN.getFirst());
    if (!KNOWN.contains(type)) {
      throw new UnsupportedFeatureException(
          "%s: image processor %s: expected one of %s"
              .formatted(config, type, String.join(", ", KNOWN)));
    }
    if (config.bool("do_center_crop").orElse(false) || config.bool("do_pad").orElse(false)) {
      throw new UnsupportedFeatureException(
          config + ": cropping and padding are not what ViT's processor does");
    }
    return new ImagePreprocessing(config);
  }

  private Resampling resampling() {
    long number = config.integer("resample").orElse(2);
    return Resampling.of(number)
        .orElseThrow(() -> config.malformed("resample", "0 to 5", String.valueOf(number)));
  }

  /** {@code "size": 224} in older files, {@code {"height", "width"}} in newer ones. */
  private int side(String name) {
    JsonNode size = config.tree().get("size");
    if (size == null || size.isNull()) {
      return DEFAULT_SIZE;
    }
    JsonNode side = size.isObject() ? size.get(name) : size;
    if (side == null || !side.isInt() || side.intValue() < 1 || side.intValue() > MOST_SIZE) {
      throw config.malformed(
          "size", "a number of pixels or {height, width}, to " + MOST_SIZE, size.toString());
    }
    return side.intValue();
  }

  private float[] channels(String key) {
    float[] values = {DEFAULT_MEAN, DEFAULT_MEAN, DEFAULT_MEAN};
    JsonNode node = config.tree().get(key);
    if (node == null || node.isNull()) {
      return values;
    }
    for (int channel = 0; channel < values.length; channel++) {
      JsonNode value = node.isArray() ? node.get(channel) : node;
      if (value == null || !value.isNumber() || (node.isArray() && node.size() != values.length)) {
        throw config.malformed(key, "a number or three of them", node.toString());
      }
      values[channel] = value.floatValue();
    }
    return values;
  }

  /** Pixel values {@code [1, 3, height, width]} of an image. */
  public NDArray apply(NDManager manager, RgbImage image) {
    RgbImage resized = resampling == null ? image : resampling.resize(image, width, height);
    int rows = resized.height();
    int columns = resized.width();
    float[] values = new float[RgbImage.CHANNELS * rows * columns];
    int at = 0;
    for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
      for (int y = 0; y < rows; y++) {
        for (int x = 0; x < columns; x++) {
          values[at++] = value(resized.level(x, y, channel), channel);
        }
      }
    }
    NDArray pixels = manager.create(values, new Shape(1, RgbImage.CHANNELS, rows, columns));
    pixels.setName(TransformerInputs.PIXELS);
    return pixels;
  }

  /** In f32, rounded where transformers rounds. */
  private float value(int level, int channel) {
    float value = factor.isPresent() ? (float) (level * factor.getAsDouble()) : level;
    return mean == null || deviation == null ? value : (value - mean[channel]) / deviation[channel];
  }

  /** An image of DJL's. */
  public static RgbImage image(NDManager manager, Image image) {
    if (image.getWrappedImage() instanceof BufferedImage buffered) {
      return RgbImage.of(buffered);
    }
    try (NDArray array = image.toNDArray(manager, Image.Flag.COLOR);
        NDArray levels = array.toType(DataType.UINT8, true)) {
      return new RgbImage(image.getWidth(), image.getHeight(), levels.toByteArray());
    }
  }
}
