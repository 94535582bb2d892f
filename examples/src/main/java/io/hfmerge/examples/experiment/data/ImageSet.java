package io.hfmerge.examples.experiment.data;

import java.util.Arrays;

/**
 * Labelled images.
 *
 * @param pixels row-major, {@code count x channels x height x width}, from 0 to 1
 * @param labels classes from 0
 * @param count of images
 * @param channels of an image
 * @param height of an image
 * @param width of an image
 * @param source where they come from, for the result
 */
@SuppressWarnings("ArrayRecordComponent") // handed to DJL, never compared
public record ImageSet(
    float[] pixels, int[] labels, int count, int channels, int height, int width, String source) {

  /** Numbers in an image. */
  public int size() {
    return channels * height * width;
  }

  /** A range of images. */
  public ImageSet slice(int from, int to) {
    return new ImageSet(
        Arrays.copyOfRange(pixels, from * size(), to * size()),
        Arrays.copyOfRange(labels, from, to),
        to - from,
        channels,
        height,
        width,
        source);
  }

  /** Pixels as f64. */
  public double[] values() {
    double[] values = new double[pixels.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = pixels[i];
    }
    return values;
  }

  /** Rows with a 1 at the class. */
  public double[] oneHot(int classes) {
    double[] rows = new double[count * classes];
    for (int i = 0; i < count; i++) {
      rows[i * classes + labels[i]] = 1;
    }
    return rows;
  }
}
