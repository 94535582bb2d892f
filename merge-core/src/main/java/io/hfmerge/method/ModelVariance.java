package io.hfmerge.method;

/**
 * Population variance of an element over several models, F64, rounded to F32.
 *
 * <p>Taken of differences to the first model, which are exact: exactly 0 where all agree.
 */
final class ModelVariance implements ElementScore {

  private static final ThreadLocal<double[][]> SCRATCH =
      ThreadLocal.withInitial(() -> new double[2][PIECE]);

  private final int[] models;

  ModelVariance(int[] models) {
    this.models = models.clone();
  }

  @Override
  public void score(float[][] inputs, int offset, int length, long firstElement, float[] scores) {
    double[] mean = SCRATCH.get()[0];
    double[] variance = SCRATCH.get()[1];
    java.util.Arrays.fill(mean, 0, length, 0);
    java.util.Arrays.fill(variance, 0, length, 0);
    float[] first = inputs[models[0]];
    double share = 1.0 / models.length;
    for (int model : models) {
      addDifferences(inputs[model], first, offset, share, mean, length);
    }
    for (int model : models) {
      addSquares(inputs[model], first, offset, share, mean, variance, length);
    }
    for (int i = 0; i < length; i++) {
      scores[i] = (float) variance[i];
    }
  }

  private static void addDifferences(
      float[] input, float[] first, int offset, double share, double[] mean, int length) {
    for (int i = 0; i < length; i++) {
      mean[i] += share * ((double) input[offset + i] - first[offset + i]);
    }
  }

  private static void addSquares(
      float[] input,
      float[] first,
      int offset,
      double share,
      double[] mean,
      double[] variance,
      int length) {
    for (int i = 0; i < length; i++) {
      double deviation = (double) input[offset + i] - first[offset + i] - mean[i];
      variance[i] += share * deviation * deviation;
    }
  }
}
