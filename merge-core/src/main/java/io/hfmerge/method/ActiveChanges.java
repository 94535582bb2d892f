package io.hfmerge.method;

import java.util.Arrays;
import java.util.function.BiFunction;

/**
 * Which models changed an element of the base by more than {@code epsilon}, how many they are, and
 * what they add up to.
 *
 * <p>Without branches; NaN stays NaN.
 */
final class ActiveChanges {

  /** Elements in a go. */
  private static final int PIECE = 1024;

  private final int base;
  private final int[] models;
  private final double epsilon;

  /** Per element of a piece: how many changed it, the sum, and the share of each of several. */
  private static final ThreadLocal<double[][]> SCRATCH =
      ThreadLocal.withInitial(() -> new double[3][PIECE]);

  ActiveChanges(TensorContext context, double epsilon) {
    this.base = context.base();
    this.models = context.nonBase();
    this.epsilon = epsilon;
  }

  /**
   * Base plus changes: one that a model alone made times the model's factor, several as their mean.
   */
  TileKernel kernel(double[] factors) {
    return (inputs, out, length, firstElement) -> {
      double[][] scratch = SCRATCH.get();
      for (int done = 0; done < length; done += PIECE) {
        int piece = Math.min(PIECE, length - done);
        double[] count = count(inputs, done, piece);
        double[] sum = scratch[1];
        double[] shared = scratch[2];
        Arrays.fill(sum, 0, piece, 0);
        share(count, shared, piece);
        for (int i = 0; i < models.length; i++) {
          add(inputs[models[i]], inputs[base], done, epsilon, factors[i], shared, sum, piece);
        }
        finish(inputs[base], done, sum, out, piece);
      }
    };
  }

  /**
   * A pass that counts, for each model, the elements that others changed too and those that it
   * alone changed.
   *
   * @param then takes both counts and answers with the next step
   */
  StatisticsPass<double[][]> count(BiFunction<double[], double[], TensorMerge> then) {
    return new CountPass(then);
  }

  private final class CountPass implements StatisticsPass<double[][]> {

    private static final int SHARED = 0;
    private static final int OWN = 1;

    private final BiFunction<double[], double[], TensorMerge> then;

    CountPass(BiFunction<double[], double[], TensorMerge> then) {
      this.then = then;
    }

    @Override
    public double[][] newPartial() {
      return new double[2][models.length];
    }

    @Override
    public void accept(double[][] partial, float[][] inputs, int length, long firstElement) {
      for (int done = 0; done < length; done += PIECE) {
        int piece = Math.min(PIECE, length - done);
        double[] count = count(inputs, done, piece);
        for (int i = 0; i < models.length; i++) {
          addChanges(inputs[models[i]], inputs[base], done, epsilon, count, partial, i, piece);
        }
      }
    }

    private static void addChanges(
        float[] input,
        float[] base,
        int offset,
        double epsilon,
        double[] count,
        double[][] partial,
        int model,
        int length) {
      int all = 0;
      int own = 0;
      for (int i = 0; i < length; i++) {
        double active = active(input[offset + i], base[offset + i], epsilon);
        // as int: NaN is no change, and integer sums are vectorised
        all += (int) active;
        own += (int) (active * Math.max(0, 2 - count[i]));
      }
      partial[OWN][model] += own;
      partial[SHARED][model] += all - own;
    }

    @Override
    public double[][] fold(double[][] before, double[][] next) {
      for (int kind = 0; kind < before.length; kind++) {
        for (int i = 0; i < models.length; i++) {
          before[kind][i] += next[kind][i];
        }
      }
      return before;
    }

    @Override
    public TensorMerge next(double[][] all) {
      return then.apply(all[SHARED], all[OWN]);
    }
  }

  /** 1 for a change beyond epsilon, else 0; NaN for NaN. */
  private static double active(float input, float base, double epsilon) {
    return Steps.positive(Math.abs((double) input - base) - epsilon);
  }

  // loops in methods of their own: beside another loop C2 leaves them scalar

  private double[] count(float[][] inputs, int offset, int length) {
    double[] count = SCRATCH.get()[0];
    Arrays.fill(count, 0, length, 0);
    for (int model : models) {
      addActive(inputs[model], inputs[base], offset, epsilon, count, length);
    }
    return count;
  }

  private static void addActive(
      float[] input, float[] base, int offset, double epsilon, double[] count, int length) {
    for (int i = 0; i < length; i++) {
      count[i] += active(input[offset + i], base[offset + i], epsilon);
    }
  }

  /** What each of several changes counts; 0 where it is one alone, or none. */
  private static void share(double[] count, double[] shared, int length) {
    for (int i = 0; i < length; i++) {
      double several = Math.min(1, Math.max(count[i] - 1, 0));
      shared[i] = several / Math.max(count[i], 1);
    }
  }

  private static void add(
      float[] input,
      float[] base,
      int offset,
      double epsilon,
      double factor,
      double[] shared,
      double[] sum,
      int length) {
    for (int i = 0; i < length; i++) {
      double change = (double) input[offset + i] - base[offset + i];
      double active = Steps.positive(Math.abs(change) - epsilon);
      double alone = 1 - Steps.positive(shared[i]);
      sum[i] += active * change * (alone * factor + shared[i]);
    }
  }

  private static void finish(float[] base, int offset, double[] sum, float[] out, int length) {
    for (int i = 0; i < length; i++) {
      // as in DeltaSumKernel: nothing added leaves a negative zero of the base alone
      out[offset + i] = (float) (base[offset + i] - (0.0 - sum[i]));
    }
  }
}
