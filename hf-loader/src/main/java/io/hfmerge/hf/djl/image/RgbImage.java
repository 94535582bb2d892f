package io.hfmerge.hf.djl.image;

import io.hfmerge.hf.djl.block.InvalidInputException;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.FileImageInputStream;
import javax.imageio.stream.ImageInputStream;

/**
 * An image of 8-bit red, green and blue values as its file holds them: colour profiles, orientation
 * and transparency are not looked at, as in Pillow's {@code convert("RGB")}.
 */
public final class RgbImage {

  static final int CHANNELS = 3;

  /** Pillow warns of more, which may be meant to fill the memory. */
  private static final long MOST_PIXELS = 89_478_485;

  private static final List<String> FORMATS = List.of("png", "jpeg");

  private static final int LEVELS = 255;
  private static final int BYTE_BITS = 8;

  private final int width;
  private final int height;
  private final byte[] values;

  /**
   * @param values {@code height · width · 3} bytes, row by row; kept, not copied
   */
  RgbImage(int width, int height, byte[] values) {
    this.width = width;
    this.height = height;
    this.values = values;
  }

  /**
   * Reads a PNG or JPEG file.
   *
   * @throws InvalidInputException if it is none, is damaged, or has more than 89 million pixels
   * @throws IOException if the file cannot be read
   */
  public static RgbImage read(Path file) throws IOException {
    try (ImageInputStream stream = new FileImageInputStream(file.toFile())) {
      for (String format : FORMATS) {
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format);
        while (readers.hasNext()) {
          ImageReader reader = readers.next();
          try {
            if (reader.getOriginatingProvider().canDecodeInput(stream)) {
              reader.setInput(stream, true, true);
              return decoded(file, reader);
            }
          } finally {
            reader.dispose();
          }
        }
      }
    }
    throw new InvalidInputException(file + ": expected a PNG or JPEG image");
  }

  private static RgbImage decoded(Path file, ImageReader reader) throws IOException {
    long pixels;
    RgbImage image;
    try {
      pixels = (long) reader.getWidth(0) * reader.getHeight(0);
      image = pixels > MOST_PIXELS ? null : of(reader.read(0));
    } catch (IOException | RuntimeException e) {
      // the JDK's readers throw anything at files that are cut or damaged
      throw new InvalidInputException(
          "%s: expected an image that can be decoded, found: %s".formatted(file, e));
    }
    if (image == null) {
      throw new InvalidInputException(
          "%s: expected at most %d pixels, found %d".formatted(file, MOST_PIXELS, pixels));
    }
    return image;
  }

  /** Of a decoded image. */
  public static RgbImage of(BufferedImage image) {
    int width = image.getWidth();
    int height = image.getHeight();
    byte[] values = new byte[Math.multiplyExact(Math.multiplyExact(width, height), CHANNELS)];
    Raster raster = image.getRaster();
    // palettes are looked up; other values are taken as stored, without conversion of colours
    boolean palette = image.getColorModel() instanceof IndexColorModel;
    int bands = raster.getNumBands();
    int[] line = new int[Math.multiplyExact(width, palette ? 1 : bands)];
    int at = 0;
    for (int y = 0; y < height; y++) {
      if (palette) {
        image.getRGB(0, y, width, 1, line, 0, width);
      } else {
        raster.getPixels(0, y, width, 1, line);
      }
      for (int x = 0; x < width; x++) {
        for (int channel = 0; channel < CHANNELS; channel++) {
          int band = bands < CHANNELS ? 0 : channel;
          values[at++] =
              palette
                  ? (byte) (line[x] >> (BYTE_BITS * (CHANNELS - 1 - channel)))
                  : level(line[x * bands + band], image.getColorModel().getComponentSize(band));
        }
      }
    }
    return new RgbImage(width, height, values);
  }

  /** A value of so many bits as one of 8. */
  private static byte level(int value, int bits) {
    return (byte)
        (bits >= BYTE_BITS ? value >> (bits - BYTE_BITS) : value * LEVELS / ((1 << bits) - 1));
  }

  int width() {
    return width;
  }

  int height() {
    return height;
  }

  /** Level of a channel, 0 to 255. */
  int level(int x, int y, int channel) {
    return values[(y * width + x) * CHANNELS + channel] & LEVELS;
  }
}
