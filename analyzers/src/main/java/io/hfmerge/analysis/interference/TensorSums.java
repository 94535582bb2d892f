package io.hfmerge.analysis.interference;

import java.util.List;

/**
 * Sums over the elements of task vectors that add up over tensors, in f64.
 *
 * <p>Not thread-safe; pairs (i, j) with i &lt; j are numbered row by row.
 */
final class TensorSums {

  private final int tasks;
  private long elements;
  private double baseSquares;
  private final double[] products;
  private final double[] baseProducts;
  private final double[] noiseSquares;
  private final long[] present;
  private final long[] opposed;
  private final double[] smaller;
  private final double[] smallerOpposed;
  private final long[] bothLargest;
  private final long[] largestOpposed;

  TensorSums(int tasks) {
    int pairs = tasks * (tasks - 1) / 2;
    this.tasks = tasks;
    this.products = new double[tasks * tasks];
    this.baseProducts = new double[tasks];
    this.noiseSquares = new double[tasks];
    this.present = new long[pairs];
    this.opposed = new long[pairs];
    this.smaller = new double[pairs];
    this.smallerOpposed = new double[pairs];
    this.bothLargest = new long[pairs];
    this.largestOpposed = new long[pairs];
  }

  int tasks() {
    return tasks;
  }

  /** Number of elements. */
  long elements() {
    return elements;
  }

  /** ‖W_0‖_F². */
  double baseSquares() {
    return baseSquares;
  }

  /** ⟨D_i, D_j⟩. */
  double product(int i, int j) {
    return products[i * tasks + j];
  }

  /** ‖D_t‖_F². */
  double squares(int task) {
    return product(task, task);
  }

  /** ‖Σ f_t D_t‖_F². */
  double squaresOfSum(double[] factors) {
    double sum = 0;
    for (int i = 0; i < tasks; i++) {
      for (int j = 0; j < tasks; j++) {
        sum += factors[i] * factors[j] * product(i, j);
      }
    }
    return Math.max(0, sum);
  }

  /** ‖W_0 + Σ f_t D_t‖_F². */
  double squaresOfTuned(double[] factors) {
    double cross = 0;
    for (int t = 0; t < tasks; t++) {
      cross += factors[t] * baseProducts[t];
    }
    return Math.max(0, baseSquares + 2 * cross + squaresOfSum(factors));
  }

  /** ‖W_t‖_F². */
  double squaresOfTuned(int task) {
    return Math.max(0, baseSquares + 2 * baseProducts[task] + squares(task));
  }

  /** What rounding to the stored dtypes may have added to ‖D_t‖_F², see {@code Rounding}. */
  double noiseSquares(int task) {
    return noiseSquares[task];
  }

  /** Elements where both D_i and D_j are not zero. */
  long present(int i, int j) {
    return present[pair(i, j)];
  }

  /** Those of {@link #present} where the signs differ. */
  long opposed(int i, int j) {
    return opposed[pair(i, j)];
  }

  /** Σ min(|D_i|, |D_j|). */
  double smaller(int i, int j) {
    return smaller[pair(i, j)];
  }

  /** The part of {@link #smaller} where the signs differ. */
  double smallerOpposed(int i, int j) {
    return smallerOpposed[pair(i, j)];
  }

  /** Elements that are among the largest of both D_i and D_j. */
  long bothLargest(int i, int j) {
    return bothLargest[pair(i, j)];
  }

  /** Those of {@link #bothLargest} where the signs differ. */
  long largestOpposed(int i, int j) {
    return largestOpposed[pair(i, j)];
  }

  private int pair(int i, int j) {
    int low = Math.min(i, j);
    int high = Math.max(i, j);
    return low * (2 * tasks - low - 1) / 2 + high - low - 1;
  }

  void addNoise(int task, double squares) {
    noiseSquares[task] += squares;
  }

  /** Adds inner products of a part of the elements. */
  void addProducts(double[] origin, List<double[]> deltas, int count) {
    elements += count;
    baseSquares += dot(origin, origin, count);
    for (int i = 0; i < tasks; i++) {
      baseProducts[i] += dot(origin, deltas.get(i), count);
      for (int j = 0; j <= i; j++) {
        double product = dot(deltas.get(i), deltas.get(j), count);
        products[i * tasks + j] += product;
        if (i != j) {
          products[j * tasks + i] += product;
        }
      }
    }
  }

  /** Four sums side by side: one would wait for each addition. */
  private static double dot(double[] a, double[] b, int count) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int i = 0;
    for (; i <= count - 4; i += 4) {
      s0 += a[i] * b[i];
      s1 += a[i + 1] * b[i + 1];
      s2 += a[i + 2] * b[i + 2];
      s3 += a[i + 3] * b[i + 3];
    }
    for (; i < count; i++) {
      s0 += a[i] * b[i];
    }
    return (s0 + s1) + (s2 + s3);
  }

  /** Counts signs of two task vectors' elements; NaN counts as absent. */
  void addSigns(int i, int j, double[] x, double[] y, int count) {
    long both = 0;
    long against = 0;
    double all = 0;
    double conflicting = 0;
    for (int e = 0; e < count; e++) {
      double least = Math.min(Math.abs(x[e]), Math.abs(y[e]));
      int there = least > 0 ? 1 : 0;
      long signs = Double.doubleToRawLongBits(x[e]) ^ Double.doubleToRawLongBits(y[e]);
      int differ = there & (int) (signs >>> 63);
      both += there;
      against += differ;
      all += least;
      conflicting += differ * least;
    }
    int pair = pair(i, j);
    present[pair] += both;
    opposed[pair] += against;
    smaller[pair] += all;
    smallerOpposed[pair] += conflicting;
  }

  /** Counts signs where both task vectors reach a magnitude of their own. */
  void addLargest(int i, int j, double[] x, double[] y, float leastX, float leastY, int count) {
    long both = 0;
    long against = 0;
    for (int e = 0; e < count; e++) {
      int there =
          ((float) Math.abs(x[e]) >= leastX ? 1 : 0) & ((float) Math.abs(y[e]) >= leastY ? 1 : 0);
      long signs = Double.doubleToRawLongBits(x[e]) ^ Double.doubleToRawLongBits(y[e]);
      both += there;
      against += there & (int) (signs >>> 63);
    }
    int pair = pair(i, j);
    bothLargest[pair] += both;
    largestOpposed[pair] += against;
  }

  /** Adds the sums of other tensors. */
  void add(TensorSums other) {
    elements += other.elements;
    baseSquares += other.baseSquares;
    add(products, other.products);
    add(baseProducts, other.baseProducts);
    add(noiseSquares, other.noiseSquares);
    add(smaller, other.smaller);
    add(smallerOpposed, other.smallerOpposed);
    for (int p = 0; p < present.length; p++) {
      present[p] += other.present[p];
      opposed[p] += other.opposed[p];
      bothLargest[p] += other.bothLargest[p];
      largestOpposed[p] += other.largestOpposed[p];
    }
  }

  private static void add(double[] sums, double[] others) {
    for (int i = 0; i < sums.length; i++) {
      sums[i] += others[i];
    }
  }
}
