package io.hfmerge.method;

import io.hfmerge.tensor.DType;
import java.util.Arrays;

/**
 * The sum of {@link ElectedSumKernel} for two models, the usual number: one pass for the vote, one
 * for the sum, in F64 or, for a result of 16 bits or fewer, in F32. The error of the latter is some
 * 2^-23 of the largest term, far below the 2^-9 of the rounding that follows; a vote that is closer
 * than that may end either way, as it does in mergekit.
 */
final class ElectedPair {

  /** Products of smaller factors could vanish in F32 and be seen in 16 bits. */
  private static final double SMALLEST_NARROW = 1.0 / (1 << 10);

  private final int base;
  private final int first;
  private final int second;
  private final double firstVoice;
  private final double secondVoice;

  /** Factors where only the one model takes part. */
  private final double firstAlone;

  private final double secondAlone;

  /** What is added to them where the other one takes part too. */
  private final double firstChange;

  private final double secondChange;
  private final boolean narrow;

  /**
   * @param first index of a model among the inputs
   * @param second index of the other one
   * @param voices factors in the vote, of either
   * @param alone factors in the sum where only the one model takes part
   * @param together factors in the sum where both do
   */
  ElectedPair(
      int base,
      int first,
      int second,
      double[] voices,
      double[] alone,
      double[] together,
      DType output) {
    this.base = base;
    this.first = first;
    this.second = second;
    this.firstVoice = voices[0];
    this.secondVoice = voices[1];
    this.firstAlone = alone[0];
    this.secondAlone = alone[1];
    this.firstChange = together[0] - alone[0];
    this.secondChange = together[1] - alone[1];
    double[] factors = {voices[0], voices[1], alone[0], alone[1], together[0], together[1]};
    this.narrow =
        SumPrecision.allowsFloat(output, factors)
            && Arrays.stream(factors).allMatch(c -> c == 0 || Math.abs(c) >= SMALLEST_NARROW);
  }

  /** Merges a tile whose differences and marks are in the scratch, the first model's first. */
  void merge(DeltaScratch scratch, float[][] inputs, float[] out, int length) {
    float[] b = inputs[base];
    float[] x = inputs[first];
    float[] y = inputs[second];
    int[] inX = scratch.kept(0);
    int[] inY = scratch.kept(1);
    float[] votes = scratch.floats();
    if (narrow) {
      vote((float) firstVoice, inX, x, (float) secondVoice, inY, y, b, votes, length);
    } else {
      vote(firstVoice, inX, x, secondVoice, inY, y, b, votes, length);
    }
    int[] elected = scratch.electedBits(length);
    Election.agree(inX, scratch.bits(0), Election.sign(firstVoice), elected, length);
    Election.agree(inY, scratch.bits(1), Election.sign(secondVoice), elected, length);
    if (narrow) {
      sum(
          (float) firstAlone,
          (float) firstChange,
          inX,
          x,
          (float) secondAlone,
          (float) secondChange,
          inY,
          y,
          b,
          out,
          length);
    } else {
      sum(firstAlone, firstChange, inX, x, secondAlone, secondChange, inY, y, b, out, length);
    }
  }

  private static void vote(
      double c,
      int[] inX,
      float[] x,
      double d,
      int[] inY,
      float[] y,
      float[] base,
      float[] votes,
      int length) {
    for (int i = 0; i < length; i++) {
      double b = base[i];
      votes[i] = (float) (c * inX[i] * (x[i] - b) + d * inY[i] * (y[i] - b));
    }
  }

  private static void vote(
      float c,
      int[] inX,
      float[] x,
      float d,
      int[] inY,
      float[] y,
      float[] base,
      float[] votes,
      int length) {
    for (int i = 0; i < length; i++) {
      float b = base[i];
      votes[i] = c * inX[i] * (x[i] - b) + d * inY[i] * (y[i] - b);
    }
  }

  private static void sum(
      double alone,
      double change,
      int[] inX,
      float[] x,
      double otherAlone,
      double otherChange,
      int[] inY,
      float[] y,
      float[] base,
      float[] out,
      int length) {
    for (int i = 0; i < length; i++) {
      double b = base[i];
      double m = inX[i];
      double n = inY[i];
      double sum =
          m * (alone + n * change) * (x[i] - b) + n * (otherAlone + m * otherChange) * (y[i] - b);
      out[i] = (float) (b - (0.0 - sum));
    }
  }

  private static void sum(
      float alone,
      float change,
      int[] inX,
      float[] x,
      float otherAlone,
      float otherChange,
      int[] inY,
      float[] y,
      float[] base,
      float[] out,
      int length) {
    for (int i = 0; i < length; i++) {
      float b = base[i];
      float m = inX[i];
      float n = inY[i];
      float sum =
          m * (alone + n * change) * (x[i] - b) + n * (otherAlone + m * otherChange) * (y[i] - b);
      out[i] = b - (0.0f - sum);
    }
  }
}
