package io.hfmerge.analysis.spectral;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** Vector API twin; see {@link LanczosKernels}. */
final class VectorLanczosKernels extends LanczosKernels {

  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Double> D = DoubleVector.SPECIES_PREFERRED;

  /** As many floats as a double vector has lanes. */
  private static final VectorSpecies<Float> HALF =
      VectorSpecies.of(float.class, VectorShape.forBitSize(D.vectorBitSize() / 2));

  private static final VectorShuffle<Float> ACROSS_1 = across(1);
  private static final VectorShuffle<Float> ACROSS_2 = across(2);
  private static final VectorShuffle<Float> ACROSS_4 = across(4);
  private static final VectorShuffle<Float> ACROSS_8 = across(8);

  /** Squares summed in one go: pieces keep the loop's compiled form and the rounding small. */
  private static final int SUMMED = 1 << 12;

  /**
   * Calls on the shortest lines that let the JIT see each loop often: with long lines it would take
   * 40,000 turns of a loop whose vectors still live on the heap, about a second.
   */
  private static final int WARM_UP_CALLS = 4_000;

  VectorLanczosKernels() {
    float[] block = new float[WIDTH * LANES];
    float[] product = new float[WIDTH * LANES];
    double[] vector = new double[LANES];
    double[] out = new double[WIDTH * WIDTH];
    for (int i = 0; i < WARM_UP_CALLS; i++) {
      multiply(block, LINES, LANES, block, product);
      multiplyExact(block, 1, LANES, vector, vector);
      dots(block, block, LANES, out);
      sumOfSquares(block, LANES);
    }
  }

  @Override
  void multiply(float[] lines, int count, int stride, float[] v, float[] w) {
    for (int line = 0; line < count; line += LINES) {
      group(lines, line * stride, stride, v, w);
    }
  }

  private static void group(float[] lines, int a, int stride, float[] v, float[] w) {
    int lanes = F.length();
    int second = stride;
    int third = 2 * stride;
    int fourth = 3 * stride;
    int b = a + stride;
    int c = b + stride;
    int d = c + stride;
    FloatVector zero = FloatVector.zero(F);
    FloatVector a0 = zero, a1 = zero, a2 = zero, a3 = zero;
    FloatVector b0 = zero, b1 = zero, b2 = zero, b3 = zero;
    FloatVector c0 = zero, c1 = zero, c2 = zero, c3 = zero;
    FloatVector d0 = zero, d1 = zero, d2 = zero, d3 = zero;
    for (int j = 0; j < stride; j += lanes) {
      FloatVector v0 = FloatVector.fromArray(F, v, j);
      FloatVector v1 = FloatVector.fromArray(F, v, second + j);
      FloatVector v2 = FloatVector.fromArray(F, v, third + j);
      FloatVector v3 = FloatVector.fromArray(F, v, fourth + j);
      FloatVector x = FloatVector.fromArray(F, lines, a + j);
      a0 = x.fma(v0, a0);
      a1 = x.fma(v1, a1);
      a2 = x.fma(v2, a2);
      a3 = x.fma(v3, a3);
      x = FloatVector.fromArray(F, lines, b + j);
      b0 = x.fma(v0, b0);
      b1 = x.fma(v1, b1);
      b2 = x.fma(v2, b2);
      b3 = x.fma(v3, b3);
      x = FloatVector.fromArray(F, lines, c + j);
      c0 = x.fma(v0, c0);
      c1 = x.fma(v1, c1);
      c2 = x.fma(v2, c2);
      c3 = x.fma(v3, c3);
      x = FloatVector.fromArray(F, lines, d + j);
      d0 = x.fma(v0, d0);
      d1 = x.fma(v1, d1);
      d2 = x.fma(v2, d2);
      d3 = x.fma(v3, d3);
    }
    a0 = spread(a0);
    a1 = spread(a1);
    a2 = spread(a2);
    a3 = spread(a3);
    b0 = spread(b0);
    b1 = spread(b1);
    b2 = spread(b2);
    b3 = spread(b3);
    c0 = spread(c0);
    c1 = spread(c1);
    c2 = spread(c2);
    c3 = spread(c3);
    d0 = spread(d0);
    d1 = spread(d1);
    d2 = spread(d2);
    d3 = spread(d3);
    for (int j = 0; j < stride; j += lanes) {
      FloatVector w0 = FloatVector.fromArray(F, w, j);
      FloatVector w1 = FloatVector.fromArray(F, w, second + j);
      FloatVector w2 = FloatVector.fromArray(F, w, third + j);
      FloatVector w3 = FloatVector.fromArray(F, w, fourth + j);
      FloatVector x = FloatVector.fromArray(F, lines, a + j);
      w0 = x.fma(a0, w0);
      w1 = x.fma(a1, w1);
      w2 = x.fma(a2, w2);
      w3 = x.fma(a3, w3);
      x = FloatVector.fromArray(F, lines, b + j);
      w0 = x.fma(b0, w0);
      w1 = x.fma(b1, w1);
      w2 = x.fma(b2, w2);
      w3 = x.fma(b3, w3);
      x = FloatVector.fromArray(F, lines, c + j);
      w0 = x.fma(c0, w0);
      w1 = x.fma(c1, w1);
      w2 = x.fma(c2, w2);
      w3 = x.fma(c3, w3);
      x = FloatVector.fromArray(F, lines, d + j);
      x.fma(d0, w0).intoArray(w, j);
      x.fma(d1, w1).intoArray(w, second + j);
      x.fma(d2, w2).intoArray(w, third + j);
      x.fma(d3, w3).intoArray(w, fourth + j);
    }
  }

  /**
   * The sum of all lanes in every lane, by exchanging halves: the order of {@code reduceLanes} is
   * not specified and differs between interpreted and compiled code.
   */
  private static FloatVector spread(FloatVector sums) {
    FloatVector sum = sums;
    if (F.length() > 8) {
      sum = sum.add(sum.rearrange(ACROSS_8));
    }
    if (F.length() > 4) {
      sum = sum.add(sum.rearrange(ACROSS_4));
    }
    sum = sum.add(sum.rearrange(ACROSS_2));
    return sum.add(sum.rearrange(ACROSS_1));
  }

  private static VectorShuffle<Float> across(int distance) {
    return VectorShuffle.fromOp(F, lane -> (lane ^ distance) % F.length());
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
      DoubleVector s0 = zero, s1 = zero, s2 = zero, s3 = zero;
      for (int j = 0; j < stride; j += lanes) {
        DoubleVector x = widen(a, i * stride + j);
        s0 = x.fma(widen(b, j), s0);
        s1 = x.fma(widen(b, stride + j), s1);
        s2 = x.fma(widen(b, 2 * stride + j), s2);
        s3 = x.fma(widen(b, 3 * stride + j), s3);
      }
      out[WIDTH * i] = sum(s0, scratch);
      out[WIDTH * i + 1] = sum(s1, scratch);
      out[WIDTH * i + 2] = sum(s2, scratch);
      out[WIDTH * i + 3] = sum(s3, scratch);
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
