package io.hfmerge.method;

/**
 * Sums over elements of products of vectors or of squared differences of vectors, where a vector is
 * an input or an input's difference to another one.
 *
 * <p>Shape: tiles of F32; differences, products and sums in F64. Every sum is kept as {@link
 * #LANES} partial sums of every 256th element, which the compiler keeps in vector registers (it
 * does not vectorise a sum into one variable), and adds them pairwise at the end: the error is some
 * 1e-16 of the sum of magnitudes, whatever the length. The order of additions depends on how
 * elements are handed over, so callers hand them over the same way each time.
 */
final class InnerProducts {

  /** A sum to be taken over all elements. */
  sealed interface Sum {

    /** {@code <v_first, v_second>}. */
    record Product(int first, int second) implements Sum {}

    /** {@code |v_first - v_second|^2}, without the cancellation of taking it from products. */
    record SquaredDistance(int first, int second) implements Sum {}
  }

  /** Partial sums per sum; long loops, short enough to stay in the L1 cache. */
  private static final int LANES = 256;

  /**
   * Elements in a go: four to each partial sum, so that it is loaded and stored once for four. With
   * one at a time, loops of 256 elements take four times as long.
   */
  private static final int PIECE = 4 * LANES;

  private final int[] inputs;
  private final int origin;
  private final Sum[] sums;
  private final double[][] vectors;
  private final double[][] lanes;

  /**
   * @param inputs indices of the inputs that the vectors 0, 1, ... are made of
   * @param origin index of the input that is subtracted from each, or {@link TensorContext#NO_BASE}
   * @param sums what to sum; indices are those of the vectors
   */
  InnerProducts(int[] inputs, int origin, Sum... sums) {
    this.inputs = inputs.clone();
    this.origin = origin;
    this.sums = sums.clone();
    this.vectors = new double[inputs.length][PIECE];
    this.lanes = new double[sums.length][LANES];
  }

  /** Heap that one instance takes. */
  static long bytes(int vectors, int sums) {
    return (long) Double.BYTES * ((long) vectors * PIECE + (long) sums * LANES);
  }

  /** Takes elements in. */
  void add(float[][] tiles, int offset, int length) {
    for (int done = 0; done < length; done += PIECE) {
      int piece = Math.min(PIECE, length - done);
      for (int i = 0; i < vectors.length; i++) {
        if (origin == TensorContext.NO_BASE) {
          widen(tiles[inputs[i]], offset + done, vectors[i], piece);
        } else {
          subtract(tiles[inputs[i]], tiles[origin], offset + done, vectors[i], piece);
        }
      }
      for (int s = 0; s < sums.length; s++) {
        switch (sums[s]) {
          case Sum.Product(int first, int second) ->
              addProducts(vectors[first], vectors[second], lanes[s], piece);
          case Sum.SquaredDistance(int first, int second) ->
              addSquares(vectors[first], vectors[second], lanes[s], piece);
        }
      }
    }
  }

  /** Adds what another instance with the same sums has taken in. */
  void add(InnerProducts other) {
    for (int s = 0; s < lanes.length; s++) {
      for (int i = 0; i < LANES; i++) {
        lanes[s][i] += other.lanes[s][i];
      }
    }
  }

  /** The sums so far, in the order asked for; forgets them. */
  double[] takeTotals() {
    double[] totals = new double[sums.length];
    for (int s = 0; s < sums.length; s++) {
      double[] lane = lanes[s];
      for (int width = LANES / 2; width > 0; width /= 2) {
        for (int i = 0; i < width; i++) {
          lane[i] += lane[i + width];
        }
      }
      totals[s] = lane[0];
      java.util.Arrays.fill(lane, 0);
    }
    return totals;
  }

  private static void widen(float[] input, int offset, double[] vector, int length) {
    for (int i = 0; i < length; i++) {
      vector[i] = input[offset + i];
    }
  }

  private static void subtract(
      float[] input, float[] origin, int offset, double[] vector, int length) {
    for (int i = 0; i < length; i++) {
      vector[i] = (double) input[offset + i] - origin[offset + i];
    }
  }

  // loops in methods of their own: beside another loop C2 leaves them scalar

  private static void addProducts(double[] a, double[] b, double[] lane, int length) {
    if (length == PIECE) {
      addFourProducts(a, b, lane);
      return;
    }
    for (int start = 0; start < length; start += LANES) {
      addSomeProducts(a, b, start, lane, Math.min(LANES, length - start));
    }
  }

  private static void addSomeProducts(
      double[] a, double[] b, int start, double[] lane, int length) {
    for (int i = 0; i < length; i++) {
      lane[i] += a[start + i] * b[start + i];
    }
  }

  private static void addFourProducts(double[] a, double[] b, double[] lane) {
    for (int i = 0; i < LANES; i++) {
      lane[i] +=
          (a[i] * b[i] + a[i + LANES] * b[i + LANES])
              + (a[i + 2 * LANES] * b[i + 2 * LANES] + a[i + 3 * LANES] * b[i + 3 * LANES]);
    }
  }

  private static void addSquares(double[] a, double[] b, double[] lane, int length) {
    if (length == PIECE) {
      addFourSquares(a, b, lane);
      return;
    }
    for (int start = 0; start < length; start += LANES) {
      addSomeSquares(a, b, start, lane, Math.min(LANES, length - start));
    }
  }

  private static void addSomeSquares(double[] a, double[] b, int start, double[] lane, int length) {
    for (int i = 0; i < length; i++) {
      double difference = a[start + i] - b[start + i];
      lane[i] += difference * difference;
    }
  }

  private static void addFourSquares(double[] a, double[] b, double[] lane) {
    for (int i = 0; i < LANES; i++) {
      double first = a[i] - b[i];
      double second = a[i + LANES] - b[i + LANES];
      double third = a[i + 2 * LANES] - b[i + 2 * LANES];
      double fourth = a[i + 3 * LANES] - b[i + 3 * LANES];
      lane[i] += (first * first + second * second) + (third * third + fourth * fourth);
    }
  }
}
