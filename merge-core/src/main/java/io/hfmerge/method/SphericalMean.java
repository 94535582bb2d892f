package io.hfmerge.method;

import java.util.Arrays;
import java.util.Collection;

/**
 * The Karcher mean of unit vectors {@code u_1 ... u_n}, as coefficients {@code c} of {@code u =
 * sum_i c_i u_i}, from their mutual angles alone.
 *
 * <p>Every vector that the iteration makes is such a combination, and all it asks of vectors are
 * inner products. These are taken not from cosines but from versines, {@code h_ij = 1 - cos
 * angle(u_i, u_j) = |u_i - u_j|^2 / 2}, which keep all their digits for nearly parallel vectors:
 *
 * <pre>
 * |sum c_i u_i|^2 = S^2 - sum_ij c_i c_j h_ij            S = sum c_i
 * 1 - (u, u_i)    = sum_j c_j h_ij - (S - 1)             S - 1 = q / (S + 1), q = sum_ij c_i c_j h_ij
 *                                                        for |u| = 1
 * </pre>
 *
 * so that angles have a relative error near 1e-16 however small they are, where the arc cosine of a
 * rounded cosine knows nothing below 1e-8.
 */
final class SphericalMean {

  /** Lengths below it are rounding noise where vectors of length 1 cancel, squared in F64. */
  private static final double NOISE = 1e-7;

  /** For the report. */
  static final String CANCEL =
      "the models' directions cancel; the iteration began at the first one";

  /** For the report. */
  static final String OPPOSITE =
      "some model points opposite to the mean and gave it no direction to move in";

  /** For the report. */
  static final String UNFINISHED = "stopped at max_iter, with the last step still longer than tol";

  private final double[][] versines;
  private final double tolerance;

  /**
   * @param versines symmetric, zero on the diagonal, in [0, 2]
   * @param tolerance angles and steps below it count as zero
   */
  SphericalMean(double[][] versines, double tolerance) {
    this.versines = versines;
    this.tolerance = tolerance;
  }

  /** {@code 1 - cos} of the angle between vectors of these lengths and this squared distance. */
  static double versine(double first, double second, double squaredDistance) {
    double difference = first - second;
    double versine = (squaredDistance - difference * difference) / (2 * first * second);
    return Math.max(0, Math.min(2, versine));
  }

  /**
   * The mean after at most so many steps.
   *
   * @param remarks gets what is out of the ordinary
   */
  double[] coefficients(int steps, Collection<String> remarks) {
    int n = versines.length;
    double[] mean = new double[n];
    Arrays.fill(mean, 1.0 / n);
    double norm = norm(mean, 1);
    if (norm >= Math.max(tolerance, NOISE)) {
      scale(mean, 1 / norm);
    } else {
      Arrays.fill(mean, 0);
      mean[0] = 1;
      remarks.add(CANCEL);
    }
    boolean moving = steps > 0;
    for (int step = 0; step < steps && moving; step++) {
      moving = step(mean, remarks);
    }
    if (moving) {
      remarks.add(UNFINISHED);
    }
    return mean;
  }

  /** One step along the mean of the logarithms; false if it would be shorter than the tolerance. */
  private boolean step(double[] mean, Collection<String> remarks) {
    int n = mean.length;
    double beyondOne = beyondOne(mean);
    double[] tangent = new double[n];
    double along = 0;
    double sum = 0;
    for (int i = 0; i < n; i++) {
      double versine = Math.max(0, Math.min(2, dot(versines[i], mean) - beyondOne));
      double angle = 2 * Math.asin(Math.sqrt(versine / 2));
      double sine = Math.sqrt(versine * (2 - versine));
      boolean opposite = versine > 1 && sine < NOISE;
      if (opposite) {
        remarks.add(OPPOSITE);
      }
      if (angle < tolerance || angle == 0 || opposite) {
        continue;
      }
      double factor = angle / sine / n;
      tangent[i] += factor;
      along += factor * (1 - versine);
      // 1 - (1 - versine) (1 + beyondOne), without its ones
      sum += factor * (versine - beyondOne + versine * beyondOne);
    }
    for (int i = 0; i < n; i++) {
      tangent[i] -= along * mean[i];
    }
    double length = norm(tangent, sum);
    if (length == 0 || length < tolerance) {
      return false;
    }
    double turn = Math.sin(length) / length;
    for (int i = 0; i < n; i++) {
      mean[i] = Math.cos(length) * mean[i] + turn * tangent[i];
    }
    double norm = norm(mean, sum(mean));
    if (norm > 0) {
      scale(mean, 1 / norm);
    }
    return true;
  }

  /** Sum of the coefficients of a unit vector, less 1. */
  private double beyondOne(double[] unit) {
    double sum = sum(unit);
    return sum > 0 ? bend(unit) / (sum + 1) : sum - 1;
  }

  private double norm(double[] coefficients, double sum) {
    return Math.sqrt(Math.max(0, sum * sum - bend(coefficients)));
  }

  /** {@code sum_ij c_i c_j h_ij}. */
  private double bend(double[] coefficients) {
    double sum = 0;
    for (int i = 0; i < coefficients.length; i++) {
      sum += coefficients[i] * dot(versines[i], coefficients);
    }
    return sum;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static double sum(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum;
  }

  private static void scale(double[] values, double factor) {
    for (int i = 0; i < values.length; i++) {
      values[i] *= factor;
    }
  }
}
