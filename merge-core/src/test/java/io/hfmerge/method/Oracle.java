package io.hfmerge.method;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The methods straight from their formulas, on whole vectors of F64: no tiles, no Gram matrices, no
 * histograms, and with the tangent spaces and exponential maps that the product does without.
 */
final class Oracle {

  private Oracle() {}

  static double[] widen(float[] x) {
    double[] wide = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      wide[i] = x[i];
    }
    return wide;
  }

  static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
    }
    return sum;
  }

  static double norm(double[] x) {
    return Math.sqrt(dot(x, x));
  }

  /** a x + b y. */
  static double[] combine(double a, double[] x, double b, double[] y) {
    double[] z = new double[x.length];
    for (int i = 0; i < z.length; i++) {
      z[i] = a * x[i] + b * y[i];
    }
    return z;
  }

  static double[] minus(double[] x, double[] y) {
    return combine(1, x, -1, y);
  }

  static double[] unit(double[] x) {
    double norm = norm(x);
    return norm == 0 ? x : combine(1 / norm, x, 0, x);
  }

  static double[] slerp(double t, double[] x, double[] y, double linearCosine, double leastSine) {
    // exactly -1 and 1 for vectors of one element
    double lengths = Math.sqrt(dot(x, x) * dot(y, y));
    double cosine = lengths == 0 ? 0 : Math.max(-1, Math.min(1, dot(x, y) / lengths));
    double angle = Math.acos(cosine);
    if (Math.abs(cosine) > linearCosine || Math.sin(angle) < leastSine) {
      return combine(1 - t, x, t, y);
    }
    return combine(
        Math.sin((1 - t) * angle) / Math.sin(angle), x, Math.sin(t * angle) / Math.sin(angle), y);
  }

  /** Along the rows of a (rows, columns) matrix, or along its columns. */
  static double[] slerpEach(double t, double[] x, double[] y, int columns, boolean alongColumns) {
    double[] out = new double[x.length];
    int rows = x.length / columns;
    int vectors = alongColumns ? columns : rows;
    int length = alongColumns ? rows : columns;
    for (int v = 0; v < vectors; v++) {
      int vector = v;
      int[] at =
          IntStream.range(0, length)
              .map(i -> alongColumns ? i * columns + vector : vector * columns + i)
              .toArray();
      double[] a = Arrays.stream(at).mapToDouble(i -> x[i]).toArray();
      double[] b = Arrays.stream(at).mapToDouble(i -> y[i]).toArray();
      double[] merged = slerp(t, a, b, 2, 1e-8);
      for (int i = 0; i < length; i++) {
        out[at[i]] = merged[i];
      }
    }
    return out;
  }

  /** With the projection to the tangent space and back. */
  static double[] multislerp(List<double[]> models, double[] weights, double eps) {
    double total = Arrays.stream(weights).sum();
    double[] mean = new double[models.getFirst().length];
    double length = 0;
    for (int i = 0; i < weights.length; i++) {
      double norm = norm(models.get(i));
      mean = combine(1, mean, weights[i] / total / (norm + eps), models.get(i));
      length += weights[i] / total * norm;
    }
    double[] m = unit(mean);
    double[] tangent = new double[m.length];
    for (int i = 0; i < weights.length; i++) {
      double[] u = combine(1 / (norm(models.get(i)) + eps), models.get(i), 0, m);
      tangent = combine(1, tangent, weights[i] / total, combine(1, u, -dot(u, m), m));
    }
    return combine(length, exponential(m, tangent), 0, m);
  }

  static double[] exponential(double[] at, double[] tangent) {
    double length = norm(tangent);
    return length == 0
        ? at
        : unit(combine(Math.cos(length), at, Math.sin(length) / length, tangent));
  }

  static double[] karcher(List<double[]> models, int steps, double tolerance) {
    int n = models.size();
    List<double[]> units = new ArrayList<>();
    double length = 0;
    double[] u = new double[models.getFirst().length];
    for (double[] model : models) {
      length += norm(model) / n;
      if (norm(model) > 0) {
        units.add(unit(model));
        u = combine(1, u, 1, unit(model));
      }
    }
    u = unit(u);
    for (int step = 0; step < steps; step++) {
      double[] tangent = new double[u.length];
      for (double[] other : units) {
        // the chord keeps the digits of small angles
        double angle = 2 * Math.asin(Math.min(1, norm(minus(other, u)) / 2));
        if (angle >= tolerance) {
          double[] rejected = combine(1, other, -Math.cos(angle), u);
          tangent = combine(1, tangent, angle / Math.sin(angle) / units.size(), rejected);
        }
      }
      if (norm(tangent) < tolerance) {
        break;
      }
      u = exponential(u, tangent);
    }
    return combine(length, u, 0, u);
  }

  static double[] modelStock(double[] base, List<double[]> models) {
    int n = models.size();
    double cosines = 0;
    double[] mean = new double[base.length];
    for (int i = 0; i < n; i++) {
      mean = combine(1, mean, 1.0 / n, models.get(i));
      for (int j = 0; j < i; j++) {
        cosines +=
            dot(unit(minus(models.get(i), base)), unit(minus(models.get(j), base)))
                / (n * (n - 1) / 2.0);
      }
    }
    double t = n * cosines / (1 + (n - 1) * cosines);
    return combine(t, mean, 1 - t, base);
  }

  static double[] sce(double[] base, List<double[]> models, double share, double uniformBelow) {
    int n = models.size();
    int elements = base.length;
    List<double[]> deltas = new ArrayList<>();
    models.forEach(model -> deltas.add(minus(model, base)));
    if (share < 1) {
      double[] variance = new double[elements];
      int varying = 0;
      for (int i = 0; i < elements; i++) {
        double mean = 0;
        for (double[] delta : deltas) {
          mean += delta[i] / n;
        }
        for (double[] delta : deltas) {
          variance[i] += (delta[i] - mean) * (delta[i] - mean) / n;
        }
        variance[i] = (float) variance[i];
        varying += variance[i] > 0 ? 1 : 0;
      }
      int keep = (int) Math.floor(share * varying);
      IntStream.range(0, elements)
          .boxed()
          .sorted(Comparator.<Integer>comparingDouble(i -> -variance[i]).thenComparing(i -> i))
          .skip(keep)
          .forEach(i -> deltas.forEach(delta -> delta[i] = 0));
    }
    double[] squares = deltas.stream().mapToDouble(delta -> dot(delta, delta) / elements).toArray();
    double sum = Arrays.stream(squares).sum();
    double[] out = base.clone();
    for (int i = 0; i < elements; i++) {
      double vote = 0;
      for (double[] delta : deltas) {
        vote += delta[i];
      }
      double numerator = 0;
      double denominator = 0;
      for (int model = 0; model < n; model++) {
        double weight = sum < uniformBelow ? 1.0 / n : sum == 0 ? 0 : squares[model] / sum;
        double delta = deltas.get(model)[i];
        if (vote >= 0 ? delta > 0 : delta < 0) {
          numerator += weight * delta;
          denominator += weight;
        }
      }
      out[i] += numerator / Math.max(denominator, 1e-6);
    }
    return out;
  }

  static double[] nearswap(double t, double[] base, double[] x) {
    double[] out = new double[base.length];
    for (int i = 0; i < out.length; i++) {
      double w = Math.max(0, Math.min(1, t / Math.max(Math.abs(base[i] - x[i]), 1e-6)));
      out[i] = w * x[i] + (1 - w) * base[i];
    }
    return out;
  }

  static double[] arceeFusion(double[] base, double[] x, int columns) {
    float[] importance = new float[x.length];
    for (int row = 0; row < x.length; row += columns) {
      double[] p = softmax(Arrays.copyOfRange(x, row, row + columns));
      double[] q = softmax(Arrays.copyOfRange(base, row, row + columns));
      double divergence = 0;
      for (int i = 0; i < columns; i++) {
        divergence += (p[i] + 1e-8) * Math.log((p[i] + 1e-8) / (q[i] + 1e-8));
      }
      for (int i = 0; i < columns; i++) {
        importance[row + i] = (float) (Math.abs(x[row + i] - base[row + i]) * divergence);
      }
    }
    float[] sorted = importance.clone();
    Arrays.sort(sorted);
    int last = sorted.length - 1;
    double median = sorted[(int) Math.floor(0.5 * last)];
    double range =
        (double) sorted[(int) Math.floor(0.75 * last)] - sorted[(int) Math.floor(0.25 * last)];
    double[] out = new double[x.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = importance[i] >= median + 1.5 * range ? x[i] : base[i];
    }
    return out;
  }

  /** Last bits decide which values are taken, and {@link TorchSoftmaxTest} has those of torch. */
  private static double[] softmax(double[] row) {
    float[] values = new float[row.length];
    for (int i = 0; i < row.length; i++) {
      values[i] = (float) row[i];
    }
    float[] shares = new float[row.length];
    TorchSoftmax.of(values, 0, shares);
    return widen(shares);
  }

  /** RAM+ with strength r; RAM where r is 0. */
  static double[] ram(
      double[] base, List<double[]> models, double epsilon, double r, double alpha) {
    int n = models.size();
    double[] shared = new double[n];
    double[] own = new double[n];
    int[] count = new int[base.length];
    for (int i = 0; i < base.length; i++) {
      for (double[] model : models) {
        count[i] += Math.abs(model[i] - base[i]) > epsilon ? 1 : 0;
      }
      for (int model = 0; model < n; model++) {
        if (Math.abs(models.get(model)[i] - base[i]) > epsilon) {
          own[model] += count[i] == 1 ? 1 : 0;
          shared[model] += count[i] > 1 ? 1 : 0;
        }
      }
    }
    double[] out = base.clone();
    for (int i = 0; i < out.length; i++) {
      for (int model = 0; model < n; model++) {
        double delta = models.get(model)[i] - base[i];
        if (Math.abs(delta) > epsilon) {
          double rho = shared[model] / Math.max(own[model], epsilon);
          double lambda = 1 + r * Math.max(0, Math.min(rho, alpha));
          out[i] += delta * (count[i] == 1 ? lambda : 1.0 / count[i]);
        }
      }
    }
    return out;
  }
}
