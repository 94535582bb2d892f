package io.hfmerge.analysis.spectral;

/** Plain loops; see {@link LanczosKernels}. */
final class ScalarLanczosKernels extends LanczosKernels {

  @Override
  void multiply(float[] lines, int count, int stride, float[] v, float[] w) {
    for (int line = 0; line < count; line++) {
      int at = line * stride;
      for (int k = 0; k < WIDTH; k++) {
        int block = k * stride;
        float sum = 0;
        for (int j = 0; j < stride; j++) {
          sum += lines[at + j] * v[block + j];
        }
        for (int j = 0; j < stride; j++) {
          w[block + j] += lines[at + j] * sum;
        }
      }
    }
  }

  @Override
  double multiplyExact(float[] lines, int count, int stride, double[] v, double[] w) {
    double squares = 0;
    for (int line = 0; line < count; line++) {
      int at = line * stride;
      double sum = 0;
      for (int j = 0; j < stride; j++) {
        sum += lines[at + j] * v[j];
      }
      for (int j = 0; j < stride; j++) {
        w[j] += lines[at + j] * sum;
      }
      squares += sum * sum;
    }
    return squares;
  }

  @Override
  void dots(float[] a, float[] b, int stride, double[] out) {
    for (int i = 0; i < WIDTH; i++) {
      for (int k = 0; k < WIDTH; k++) {
        double sum = 0;
        for (int j = 0; j < stride; j++) {
          sum += (double) a[i * stride + j] * b[k * stride + j];
        }
        out[WIDTH * i + k] = sum;
      }
    }
  }

  @Override
  double sumOfSquares(float[] values, int length) {
    double sum = 0;
    for (int j = 0; j < length; j++) {
      sum += (double) values[j] * values[j];
    }
    return sum;
  }
}
