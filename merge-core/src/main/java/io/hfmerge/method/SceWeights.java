package io.hfmerge.method;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The second and third step of {@link SceMethod}: the mean squares of the changes that are kept,
 * and the sum of those that go with the majority.
 */
final class SceWeights {

  private static final int PIECE = TopScores.CHUNK;

  /** Partial sums of squares per model, as in {@link InnerProducts}; long loops are fast ones. */
  private static final int LANES = PIECE;

  private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

  /** Per element of a piece: whether it is kept, the majority's sign, and two sums. */
  private static final class Scratch {
    private final double[] mask = new double[PIECE];
    private final double[] sign = new double[PIECE];
    private final double[] sum = new double[PIECE];
    private final double[] weight = new double[PIECE];
  }

  private final TensorContext context;
  private final int base;
  private final int[] models;
  private final long elements;
  private final boolean mergekit;

  SceWeights(TensorContext context) {
    this.context = context;
    this.base = context.base();
    this.models = context.nonBase();
    this.elements = context.output().elements();
    this.mergekit = context.compatibility() == Compatibility.MERGEKIT;
  }

  /**
   * Sums squares, then merges.
   *
   * @param kept the elements that count; {@code null} for all
   */
  StatisticsPass<double[][]> pass(@Nullable TopScores kept) {
    return new SquaresPass(kept);
  }

  private static void mask(
      @Nullable TopScores kept,
      float[][] inputs,
      int offset,
      int length,
      long firstElement,
      double[] mask) {
    if (kept == null) {
      Arrays.fill(mask, 0, length, 1);
    } else {
      kept.mask(inputs, offset, length, firstElement, mask);
    }
  }

  private final class SquaresPass implements StatisticsPass<double[][]> {

    private final @Nullable TopScores kept;

    SquaresPass(@Nullable TopScores kept) {
      this.kept = kept;
    }

    @Override
    public int granuleElements() {
      return kept == null ? 1 : TopScores.CHUNK;
    }

    @Override
    public double[][] newPartial() {
      return new double[models.length][LANES];
    }

    @Override
    public long partialBytes() {
      return (long) Double.BYTES * LANES * models.length;
    }

    @Override
    public void accept(double[][] partial, float[][] inputs, int length, long firstElement) {
      double[] mask = SCRATCH.get().mask;
      for (int done = 0; done < length; done += PIECE) {
        int piece = Math.min(PIECE, length - done);
        mask(kept, inputs, done, piece, firstElement + done, mask);
        for (int i = 0; i < models.length; i++) {
          addSquares(inputs[models[i]], inputs[base], done, mask, partial[i], piece);
        }
      }
    }

    private static void addSquares(
        float[] input, float[] base, int offset, double[] mask, double[] lanes, int length) {
      for (int i = 0; i < length; i++) {
        double change = (double) input[offset + i] - base[offset + i];
        lanes[i] += mask[i] * (change * change);
      }
    }

    @Override
    public double[][] fold(double[][] before, double[][] next) {
      for (int i = 0; i < models.length; i++) {
        for (int lane = 0; lane < LANES; lane++) {
          before[i][lane] += next[i][lane];
        }
      }
      return before;
    }

    @Override
    public TensorMerge next(double[][] all) {
      double[] weights = new double[models.length];
      double sum = 0;
      for (int i = 0; i < weights.length; i++) {
        weights[i] = Arrays.stream(all[i]).sum() / elements;
        if (!Double.isFinite(weights[i])) {
          throw InnerProductPass.notFinite(context, models[i], base);
        }
        sum += weights[i];
      }
      if (sum == 0) {
        return new CopyOfInput(base);
      }
      boolean uniform = mergekit && sum < SceMethod.MERGEKIT_LEAST_SQUARES;
      for (int i = 0; i < weights.length; i++) {
        weights[i] = uniform ? 1.0 / weights.length : weights[i] / sum;
      }
      return new SumKernel(kept, weights)
          .withRemarks(uniform ? List.of(SceMethod.UNIFORM) : List.of());
    }
  }

  private final class SumKernel implements TileKernel {

    private final @Nullable TopScores kept;
    private final double[] weights;

    SumKernel(@Nullable TopScores kept, double[] weights) {
      this.kept = kept;
      this.weights = weights;
    }

    @Override
    public int granuleElements() {
      return kept == null ? 1 : TopScores.CHUNK;
    }

    @Override
    public void merge(float[][] inputs, float[] out, int length, long firstElement) {
      Scratch scratch = SCRATCH.get();
      for (int done = 0; done < length; done += PIECE) {
        int piece = Math.min(PIECE, length - done);
        mask(kept, inputs, done, piece, firstElement + done, scratch.mask);
        Arrays.fill(scratch.sign, 0, piece, 0);
        Arrays.fill(scratch.sum, 0, piece, 0);
        Arrays.fill(scratch.weight, 0, piece, 0);
        for (int model : models) {
          vote(inputs[model], inputs[base], done, scratch.sign, piece);
        }
        elect(scratch.sign, scratch.mask, piece);
        for (int i = 0; i < models.length; i++) {
          add(inputs[models[i]], inputs[base], done, weights[i], scratch, piece);
        }
        finish(inputs[base], done, scratch, out, piece);
      }
    }

    private static void vote(float[] input, float[] base, int offset, double[] sign, int length) {
      for (int i = 0; i < length; i++) {
        sign[i] += (double) input[offset + i] - base[offset + i];
      }
    }

    /** The sum becomes the majority's sign, or 0 where the element is not kept. */
    private static void elect(double[] sign, double[] mask, int length) {
      for (int i = 0; i < length; i++) {
        double s = Steps.sign(sign[i]);
        sign[i] = mask[i] * (s + 1 - Math.abs(s));
      }
    }

    private static void add(
        float[] input, float[] base, int offset, double weight, Scratch scratch, int length) {
      double[] sign = scratch.sign;
      double[] sum = scratch.sum;
      double[] total = scratch.weight;
      for (int i = 0; i < length; i++) {
        double change = (double) input[offset + i] - base[offset + i];
        double agrees = weight * Steps.positive(change * sign[i]);
        sum[i] += agrees * change;
        total[i] += agrees;
      }
    }

    private static void finish(float[] base, int offset, Scratch scratch, float[] out, int length) {
      double[] sum = scratch.sum;
      double[] total = scratch.weight;
      for (int i = 0; i < length; i++) {
        double change = sum[i] / Math.max(total[i], SceMethod.LEAST_WEIGHT);
        // as in DeltaSumKernel: nothing added leaves a negative zero of the base alone
        out[offset + i] = (float) (base[offset + i] - (0.0 - change));
      }
    }
  }
}
