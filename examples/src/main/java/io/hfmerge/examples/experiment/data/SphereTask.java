package io.hfmerge.examples.experiment.data;

import java.util.random.RandomGenerator;

/**
 * Labelled points on the unit sphere, as in section 5 of arXiv:2502.17340: x from N(0, Σ),
 * normalised, y = sign sin(s wᵀx).
 *
 * @param inputs row-major, {@code count x dimension}
 * @param signs −1 or 1
 * @param count of points
 * @param dimension of points
 */
@SuppressWarnings("ArrayRecordComponent") // handed to DJL at once, never compared
public record SphereTask(double[] inputs, double[] signs, int count, int dimension) {

  /** Signs by sin(s wᵀx). */
  public static final class Labeling {
    private final double[] direction;
    private final double scale;

    /** Draws w from N(0, I). */
    public Labeling(RandomGenerator random, int dimension, double scale) {
      this.direction = new double[dimension];
      for (int j = 0; j < dimension; j++) {
        direction[j] = random.nextGaussian();
      }
      this.scale = scale;
    }

    private double sign(double[] inputs, int row) {
      double product = 0;
      for (int j = 0; j < direction.length; j++) {
        product += direction[j] * inputs[row * direction.length + j];
      }
      // as in the paper: 1 where the sigmoid is at least a half
      return Math.sin(scale * product) >= 0 ? 1 : -1;
    }
  }

  /**
   * Draws points whose coordinates outside {@code [from, to)} are 0, so that tasks with disjoint
   * ranges are orthogonal.
   *
   * @param leak standard deviation of the coordinates outside, 0 for exact orthogonality
   */
  public static SphereTask draw(
      RandomGenerator random,
      int count,
      int dimension,
      int from,
      int to,
      double leak,
      Labeling labeling) {
    double[] inputs = new double[count * dimension];
    for (int i = 0; i < count; i++) {
      double squares = 0;
      for (int j = 0; j < dimension; j++) {
        double value = (j >= from && j < to ? 1 : leak) * random.nextGaussian();
        inputs[i * dimension + j] = value;
        squares += value * value;
      }
      for (int j = 0; j < dimension; j++) {
        inputs[i * dimension + j] /= Math.sqrt(squares);
      }
    }
    return label(inputs, count, dimension, labeling);
  }

  /** The same points with other labels. */
  public SphereTask relabelled(Labeling labeling) {
    return label(inputs, count, dimension, labeling);
  }

  private static SphereTask label(double[] inputs, int count, int dimension, Labeling labeling) {
    double[] signs = new double[count];
    for (int i = 0; i < count; i++) {
      signs[i] = labeling.sign(inputs, i);
    }
    return new SphereTask(inputs, signs, count, dimension);
  }
}
