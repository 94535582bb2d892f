package io.hfmerge.method;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Arrays of one thread for differences of models to their base. They grow to the longest tile of
 * usual length that the thread has seen and stay in its cache; longer ones, of whole rows, are
 * given up for shorter tiles.
 */
final class DeltaScratch {

  private static final ThreadLocal<DeltaScratch> OF_THREAD =
      ThreadLocal.withInitial(DeltaScratch::new);

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  /** Length up to which arrays are kept. */
  private static final int KEPT_ELEMENTS = 1 << 13;

  private float[] floats = new float[0];
  private int[][] bits = new int[0][];
  private int[][] kept = new int[0][];
  private double[][] factors = new double[0][];
  private double[][] sums = new double[2][0];
  private int[] dropped = new int[0];
  private int[] elected = new int[0];
  private long[] words = new long[0];
  private long[] row = new long[0];

  private DeltaScratch() {}

  static DeltaScratch ofThread() {
    return OF_THREAD.get();
  }

  /** Most that all arrays take for tiles of this length of so many models. */
  static long bytes(int models, int length, boolean factors) {
    long ofModel = 2L * Integer.BYTES + (factors ? Double.BYTES : 0);
    long shared = Float.BYTES + 2L * (Integer.BYTES + Double.BYTES + Long.BYTES);
    return (models * ofModel + shared) * length;
  }

  /** Room for tiles of this length of so many models. */
  void reserve(int models, int length) {
    boolean tooLong = floats.length > KEPT_ELEMENTS && floats.length > length;
    if (bits.length < models || floats.length < length || tooLong) {
      int most = Math.max(models, bits.length);
      int longest = tooLong ? length : Math.max(length, floats.length);
      floats = new float[longest];
      elected = new int[longest];
      bits = new int[most][longest];
      kept = new int[most][longest];
      factors = new double[most][0];
      sums = new double[2][longest];
      dropped = new int[0];
      words = new long[0];
      row = new long[0];
    }
  }

  /** Bits of {@code x - base}, rounded to float, for a reserved model. */
  void difference(int model, float[] x, float[] base, int length) {
    subtract(x, base, floats, length);
    toBits(bits[model], length);
  }

  /**
   * Bits of {@code |x - base|} of a piece of a tile, rounded to float.
   *
   * @param start first element of the piece; C2 vectorises no loop that starts elsewhere than at
   *     zero, so such pieces are moved there
   */
  int[] distances(float[] x, float[] base, int start, int length) {
    if (start == 0) {
      subtractMagnitudes(x, base, floats, length);
    } else {
      float[] piece = Arrays.copyOfRange(x, start, start + length);
      float[] basePiece = Arrays.copyOfRange(base, start, start + length);
      subtractMagnitudes(piece, basePiece, floats, length);
    }
    toBits(bits[0], length);
    return bits[0];
  }

  private static void subtract(float[] x, float[] base, float[] out, int length) {
    for (int i = 0; i < length; i++) {
      out[i] = x[i] - base[i];
    }
  }

  private static void subtractMagnitudes(float[] x, float[] base, float[] out, int length) {
    for (int i = 0; i < length; i++) {
      out[i] = Math.abs(x[i] - base[i]);
    }
  }

  /** C2 vectorises no {@code floatToRawIntBits}; a copy of bytes does the same. */
  private int[] toBits(int[] target, int length) {
    MemorySegment.copy(MemorySegment.ofArray(floats), INT, 0, target, 0, length);
    return target;
  }

  /** Bits of floats that the caller filled in. */
  int[] electedBits(int length) {
    return toBits(elected, length);
  }

  /** For sums that are rounded to float; what {@link #electedBits} reads. */
  float[] floats() {
    return floats;
  }

  int[] bits(int model) {
    return bits[model];
  }

  int[] kept(int model) {
    return kept[model];
  }

  double[] factors(int model) {
    return factors[model];
  }

  /** Marks and, where the sparsifier has them, factors of a reserved model's entries. */
  void keep(Sparsifier sparsifier, int model, int length, long firstElement) {
    if (sparsifier.hasFactors() && factors[model].length < length) {
      factors[model] = new double[length];
    }
    sparsifier.keep(bits[model], length, firstElement, kept[model], factors[model]);
  }

  double[] sum() {
    return sums[0];
  }

  double[] weights() {
    return sums[1];
  }

  int[] dropped(int length) {
    if (dropped.length < length) {
      dropped = new int[length];
    }
    return dropped;
  }

  long[] words(int length) {
    if (words.length < length) {
      words = new long[length];
    }
    return words;
  }

  long[] row(int length) {
    if (row.length < length) {
      row = new long[length];
    }
    return row;
  }
}
