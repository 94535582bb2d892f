package io.hfmerge.hf.djl.image;

import java.util.Optional;

/**
 * Resizing of 8-bit images to the bit as Pillow does it: a filter that widens as the image shrinks,
 * along rows, then along columns, weights in fixed point with 22 bits, levels rounded after each
 * pass. Numbers are Pillow's.
 */
public enum Resampling {
  NEAREST(0, 0) {
    @Override
    double weight(double x) {
      throw new UnsupportedOperationException("takes single pixels");
    }
  },
  LANCZOS(1, 3) {
    @Override
    double weight(double x) {
      return x > -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
    }
  },
  BILINEAR(2, 1) {
    @Override
    double weight(double x) {
      return Math.max(0, 1 - Math.abs(x));
    }
  },
  BICUBIC(3, 2) {
    @Override
    double weight(double x) {
      double a = -0.5;
      double at = Math.abs(x);
      if (at < 1) {
        return ((a + 2) * at - (a + 3)) * at * at + 1;
      }
      return at < 2 ? (((at - 5) * at + 8) * at - 4) * a : 0;
    }
  },
  BOX(4, 0.5) {
    @Override
    double weight(double x) {
      return x > -0.5 && x <= 0.5 ? 1 : 0;
    }
  },
  HAMMING(5, 1) {
    @Override
    double weight(double x) {
      double at = Math.abs(x);
      if (at == 0) {
        return 1;
      }
      return at < 1 ? sinc(at) * (0.54 + 0.46 * Math.cos(Math.PI * at)) : 0;
    }
  };

  private static final int PRECISION = 22;
  private static final int MOST = 255;

  private final int number;
  private final double support;

  Resampling(int number, double support) {
    this.number = number;
    this.support = support;
  }

  /** The filter of a number in a preprocessor_config.json. */
  static Optional<Resampling> of(long number) {
    for (Resampling filter : values()) {
      if (filter.number == number) {
        return Optional.of(filter);
      }
    }
    return Optional.empty();
  }

  /** The filter at a distance from its middle, in pixels of the smaller image. */
  abstract double weight(double x);

  private static double sinc(double x) {
    return x == 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
  }

  /** Resizes. */
  RgbImage resize(RgbImage image, int width, int height) {
    if (image.width() == width && image.height() == height) {
      return image;
    }
    if (this == NEAREST) {
      return nearest(image, width, height);
    }
    RgbImage rows = image.width() == width ? image : resized(image, width, true);
    return rows.height() == height ? rows : resized(rows, height, false);
  }

  private static RgbImage nearest(RgbImage image, int width, int height) {
    byte[] values = new byte[width * height * RgbImage.CHANNELS];
    int at = 0;
    for (int y = 0; y < height; y++) {
      int fromY = (int) ((y + 0.5) * image.height() / height);
      for (int x = 0; x < width; x++) {
        int fromX = (int) ((x + 0.5) * image.width() / width);
        for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
          values[at++] = (byte) image.level(fromX, fromY, channel);
        }
      }
    }
    return new RgbImage(width, height, values);
  }

  /** Along rows, or along columns. */
  private RgbImage resized(RgbImage image, int size, boolean alongRows) {
    int length = alongRows ? image.width() : image.height();
    int lines = alongRows ? image.height() : image.width();
    byte[] values = new byte[Math.multiplyExact(size * RgbImage.CHANNELS, lines)];
    double scale = (double) length / size;
    double stretch = Math.max(1, scale);
    for (int place = 0; place < size; place++) {
      double center = (place + 0.5) * scale;
      int first = Math.max(0, (int) (center - support * stretch + 0.5));
      int end = Math.min(length, (int) (center + support * stretch + 0.5));
      int[] weights = weights(first, end, center, stretch);
      for (int line = 0; line < lines; line++) {
        for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
          int sum = 1 << (PRECISION - 1);
          for (int i = 0; i < weights.length; i++) {
            int level =
                alongRows
                    ? image.level(first + i, line, channel)
                    : image.level(line, first + i, channel);
            sum += level * weights[i];
          }
          int pixel = alongRows ? line * size + place : place * lines + line;
          values[pixel * RgbImage.CHANNELS + channel] =
              (byte) Math.clamp(sum >> PRECISION, 0, MOST);
        }
      }
    }
    return alongRows ? new RgbImage(size, lines, values) : new RgbImage(lines, size, values);
  }

  /** Weights of the pixels from the first to before the end, in fixed point; their sum is 1. */
  private int[] weights(int first, int end, double center, double stretch) {
    double[] weights = new double[end - first];
    double sum = 0;
    for (int i = 0; i < weights.length; i++) {
      weights[i] = weight((first + i - center + 0.5) / stretch);
      sum += weights[i];
    }
    int[] fixed = new int[weights.length];
    for (int i = 0; i < fixed.length; i++) {
      double value = (sum == 0 ? weights[i] : weights[i] / sum) * (1 << PRECISION);
      fixed[i] = (int) (value < 0 ? value - 0.5 : value + 0.5);
    }
    return fixed;
  }
}
