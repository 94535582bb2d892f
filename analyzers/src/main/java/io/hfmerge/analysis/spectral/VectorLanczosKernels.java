package io.hfmerge.analysis.spectral;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Vector API twin; see {@link LanczosKernels}. */
final class VectorLanczosKernels extends LanczosKernels {

  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Double> D = DoubleVector.SPECIES_PREFERRED;

  /** As many floats as a double vector has lanes. */
  private static final VectorSpecies<Float> HALF =
      VectorSpecies.of(float.class, VectorShape.forBitSize(D.vectorBitSize() / 2));

  /** Squares summed in one go: pieces keep the loop's compiled form and the rounding small. */
  private static final int SUMMED = 1 << 12;

  /**
   * Calls on the shortest lines that let the JIT see each loop often: with long lines it would take
   * 40,000 turns of a loop whose vectors still live on the heap, about a second.
   */
  private static final int WARM_UP_CALLS = 4_000;

  VectorLanczosKernels() {
    float[] lines = new float[2 * LINES * LANES];
    float[] block = new float[WIDTH * LANES];
    float[] product = new float[WIDTH * LANES];
    double[] vector = new double[LANES];
    double[] out = new double[WIDTH * WIDTH];
    for (int i = 0; i < WARM_UP_CALLS; i++) {
      multiply(lines, 2 * LINES, LANES, block, product);
      multiplyExact(block, 1, LANES, vector, vector);
      dots(block, block, LANES, out);
      sumOfSquares(block, LANES);
    }
  }

  /**
   * Two lines against two vectors, while the two lines before, which are still in the L1 cache, are
   * added: lines come from further away, and so they come while there is something to compute. The
   * steps are methods of their own because C2 gives up inlining vector operations in larger ones.
   */
  @Override
  void multiply(float[] lines, int count, int stride, float[] v, float[] w) {
    float[] sums = new float[LINES * WIDTH * F.length()];
    float[] factors = new float[LINES * WIDTH];
    lineSums(lines, 0, stride, v, sums);
    fold(sums, factors);
    for (int line = LINES; line < count; line += LINES) {
      addLinesAndSumNext(lines, (line - LINES) * stride, stride, factors, w, v, sums);
      fold(sums, factors);
    }
    addLines(lines, (count - LINES) * stride, stride, factors, w);
  }

  /** Lane by lane sums of the products of two lines with two vectors. */
  private static void lineSums(float[] lines, int a, int stride, float[] v, float[] sums) {
    int lanes = F.length();
    int b = a + stride;
    FloatVector zero = FloatVector.zero(F);
    FloatVector a0 = zero, a1 = zero, b0 = zero, b1 = zero;
    for (int j = 0; j < stride; j += lanes) {
      FloatVector x = FloatVector.fromArray(F, lines, a + j);
      FloatVector y = FloatVector.fromArray(F, lines, b + j);
      FloatVector u = FloatVector.fromArray(F, v, j);
      a0 = x.fma(u, a0);
      b0 = y.fma(u, b0);
      u = FloatVector.fromArray(F, v, stride + j);
      a1 = x.fma(u, a1);
      b1 = y.fma(u, b1);
    }
    a0.intoArray(sums, 0);
    a1.intoArray(sums, lanes);
    b0.intoArray(sums, 2 * lanes);
    b1.intoArray(sums, 3 * lanes);
  }

  /** {@link #addLines} of two lines and {@link #lineSums} of the two that follow. */
  private static void addLinesAndSumNext(
      float[] lines, int a, int stride, float[] factors, float[] w, float[] v, float[] sums) {
    int lanes = F.length();
    int b = a + stride;
    int c = b + stride;
    int d = c + stride;
    FloatVector a0 = FloatVector.broadcast(F, factors[0]);
    FloatVector a1 = FloatVector.broadcast(F, factors[1]);
    FloatVector b0 = FloatVector.broadcast(F, factors[2]);
    FloatVector b1 = FloatVector.broadcast(F, factors[3]);
    FloatVector zero = FloatVector.zero(F);
    FloatVector c0 = zero, c1 = zero, d0 = zero, d1 = zero;
    for (int j = 0; j < stride; j += lanes) {
      FloatVector x = FloatVector.fromArray(F, lines, c + j);
      FloatVector y = FloatVector.fromArray(F, lines, d + j);
      FloatVector u = FloatVector.fromArray(F, v, j);
      c0 = x.fma(u, c0);
      d0 = y.fma(u, d0);
      u = FloatVector.fromArray(F, v, stride + j);
      c1 = x.fma(u, c1);
      d1 = y.fma(u, d1);
      x = FloatVector.fromArray(F, lines, a + j);
      y = FloatVector.fromArray(F, lines, b + j);
      FloatVector w0 = FloatVector.fromArray(F, w, j);
      y.fma(b0, x.fma(a0, w0)).intoArray(w, j);
      FloatVector w1 = FloatVector.fromArray(F, w, stride + j);
      y.fma(b1, x.fma(a1, w1)).intoArray(w, stride + j);
    }
    c0.intoArray(sums, 0);
    c1.intoArray(sums, lanes);
    d0.intoArray(sums, 2 * lanes);
    d1.intoArray(sums, 3 * lanes);
  }

  /**
   * Sums of lanes, in an order of our own: that of {@code reduceLanes} is not specified and differs
   * between interpreted and compiled code.
   */
  private static void fold(float[] sums, float[] totals) {
    int lanes = F.length();
    for (int k = 0; k < totals.length; k++) {
      float even = 0;
      float odd = 0;
      for (int i = k * lanes; i < (k + 1) * lanes; i += 2) {
        even += sums[i];
        odd += sums[i + 1];
      }
      totals[k] = even + odd;
    }
  }

  /** Adds two lines, times two factors each, to two vectors. */
  private static void addLines(float[] lines, int a, int stride, float[] factors, float[] w) {
    int lanes = F.length();
    int b = a + stride;
    FloatVector a0 = FloatVector.broadcast(F, factors[0]);
    FloatVector a1 = FloatVector.broadcast(F, factors[1]);
    FloatVector b0 = FloatVector.broadcast(F, factors[2]);
    FloatVector b1 = FloatVector.broadcast(F, factors[3]);
    for (int j = 0; j < stride; j += lanes) {
      FloatVector x = FloatVector.fromArray(F, lines, a + j);
      FloatVector y = FloatVector.fromArray(F, lines, b + j);
      FloatVector w0 = FloatVector.fromArray(F, w, j);
      y.fma(b0, x.fma(a0, w0)).intoArray(w, j);
      FloatVector w1 = FloatVector.fromArray(F, w, stride + j);
      y.fma(b1, x.fma(a1, w1)).intoArray(w, stride + j);
    }
  }

  /** The sum of all lanes, halves onto halves. */
  private static double sum(DoubleVector sums, double[] scratch) {
    sums.intoArray(scratch, 0);
    for (int half = D.length() / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        scratch[i] += scratch[i + half];
      }
    }
    return scratch[0];
  }

  private static DoubleVector widen(float[] values, int at) {
    return (DoubleVector)
        FloatVector.fromArray(HALF, values, at).convertShape(VectorOperators.F2D, D, 0);
  }

  @Override
  double multiplyExact(float[] lines, int count, int stride, double[] v, double[] w) {
    double[] scratch = new double[D.length()];
    double squares = 0;
    for (int line = 0; line < count; line++) {
      double dot = line(lines, line * stride, stride, v, w, scratch);
      squares += dot * dot;
    }
    return squares;
  }

  private static double line(
      float[] lines, int at, int stride, double[] v, double[] w, double[] scratch) {
    int lanes = D.length();
    DoubleVector sum = DoubleVector.zero(D);
    for (int j = 0; j < stride; j += lanes) {
      sum = widen(lines, at + j).fma(DoubleVector.fromArray(D, v, j), sum);
    }
    double dot = sum(sum, scratch);
    DoubleVector factor = DoubleVector.broadcast(D, dot);
    for (int j = 0; j < stride; j += lanes) {
      widen(lines, at + j).fma(factor, DoubleVector.fromArray(D, w, j)).intoArray(w, j);
    }
    return dot;
  }

  @Override
  void dots(float[] a, float[] b, int stride, double[] out) {
    double[] scratch = new double[D.length()];
    int lanes = D.length();
    for (int i = 0; i < WIDTH; i++) {
      DoubleVector zero = DoubleVector.zero(D);
      DoubleVector s0 = zero, s1 = zero;
      for (int j = 0; j < stride; j += lanes) {
        DoubleVector x = widen(a, i * stride + j);
        s0 = x.fma(widen(b, j), s0);
        s1 = x.fma(widen(b, stride + j), s1);
      }
      out[WIDTH * i] = sum(s0, scratch);
      out[WIDTH * i + 1] = sum(s1, scratch);
    }
  }

  @Override
  double sumOfSquares(float[] values, int length) {
    double[] scratch = new double[D.length()];
    double sum = 0;
    for (int from = 0; from < length; from += SUMMED) {
      sum += squares(values, from, Math.min(length, from + SUMMED), scratch);
    }
    return sum;
  }

  private static double squares(float[] values, int from, int to, double[] scratch) {
    int lanes = D.length();
    DoubleVector s0 = DoubleVector.zero(D);
    DoubleVector s1 = s0;
    for (int j = from; j < to; j += 2 * lanes) {
      DoubleVector x = widen(values, j);
      DoubleVector y = widen(values, j + lanes);
      s0 = x.fma(x, s0);
      s1 = y.fma(y, s1);
    }
    return sum(s0.add(s1), scratch);
  }
}
