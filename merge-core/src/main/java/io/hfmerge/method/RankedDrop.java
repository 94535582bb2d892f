package io.hfmerge.method;

import io.hfmerge.tensor.Shape;
import java.util.Arrays;

/**
 * Keeps entries at random, large ones more often: along each row, the entry of rank j (1 for the
 * smallest magnitude, c for the largest; equal ones in index order) stays with probability
 *
 * <pre>
 * p_j = density - epsilon + 2 epsilon (j - 1) / (c - 1)        density where c = 1
 * </pre>
 *
 * <p>A row runs along dimension 1, whatever comes after it; a vector is one row, a scalar a row of
 * one.
 */
final class RankedDrop implements Sparsifier {

  /**
   * Entries of a row from which counting their digits takes no longer than {@link Arrays#sort} with
   * AVX-512, and an eighth of what that takes without (5632 entries: 50 and 430 microseconds).
   */
  private static final int LEAST_COUNTED = 2048;

  /** A magnitude has 31 bits: three digits. */
  private static final int DIGIT_BITS = 11;

  private static final int DIGIT_VALUES = 1 << DIGIT_BITS;
  private static final int DIGIT = DIGIT_VALUES - 1;
  private static final int DIGITS = 3;

  private final ElementRandom random;
  private final int rowLength;
  private final int stride;
  private final boolean inverse;

  /** Word below which an entry stays, by rank from the smallest magnitude to the largest. */
  private final long[] limits;

  /** One over the probability, by rank. */
  private final double[] inverses;

  /**
   * @param inverse whether entries that stay are divided by their probability
   */
  RankedDrop(ElementRandom random, Shape shape, double density, double epsilon, boolean inverse) {
    this.random = random;
    this.rowLength = Math.toIntExact(rowLength(shape));
    this.stride = Math.toIntExact(stride(shape));
    this.inverse = inverse;
    this.limits = new long[rowLength];
    this.inverses = new double[rowLength];
    for (int j = 0; j < rowLength; j++) {
      double place = rowLength == 1 ? 0.5 : j / (rowLength - 1.0);
      double probability = density - epsilon + 2 * epsilon * place;
      limits[j] = (long) (probability * ElementRandom.WORD_COUNT);
      inverses[j] = 1 / probability;
    }
  }

  /** Entries that are ranked against each other. */
  static long rowLength(Shape shape) {
    return switch (shape.rank()) {
      case 0 -> 1;
      case 1 -> shape.dimension(0);
      default -> shape.dimension(1);
    };
  }

  /** Distance between neighbours of a row. */
  static long stride(Shape shape) {
    long stride = 1;
    for (int i = 2; i < shape.rank(); i++) {
      stride = Math.multiplyExact(stride, shape.dimension(i));
    }
    return stride;
  }

  @Override
  public void keep(int[] bits, int length, long firstElement, int[] kept, double[] factors) {
    DeltaScratch scratch = DeltaScratch.ofThread();
    long[] words = scratch.words(length);
    long[] rows = scratch.row(2 * rowLength);
    int[] counts = new int[rowLength < LEAST_COUNTED ? 0 : DIGITS * DIGIT_VALUES];
    random.words(firstElement, length, words);
    for (int block = 0; block < length; block += rowLength * stride) {
      for (int column = 0; column < stride; column++) {
        int start = block + column;
        int sorted =
            counts.length == 0 ? sort(bits, start, rows) : count(bits, start, rows, counts);
        keepRow(start, rows, sorted, words, kept, factors);
      }
    }
  }

  private int magnitude(int[] bits, int start, int i) {
    return bits[start + i * stride] & Cut.MAGNITUDE;
  }

  /** Magnitudes of a row above, places below 32 bits, ascending; returns the index of the first. */
  private int sort(int[] bits, int start, long[] rows) {
    for (int i = 0; i < rowLength; i++) {
      rows[i] = ((long) magnitude(bits, start, i) << 32) | i;
    }
    Arrays.sort(rows, 0, rowLength);
    return 0;
  }

  /** The same, digit by digit from the lowest, each time keeping the order of equal ones. */
  private int count(int[] bits, int start, long[] rows, int[] counts) {
    Arrays.fill(counts, 0);
    for (int i = 0; i < rowLength; i++) {
      int magnitude = magnitude(bits, start, i);
      counts[magnitude & DIGIT]++;
      counts[DIGIT_VALUES + ((magnitude >>> DIGIT_BITS) & DIGIT)]++;
      counts[2 * DIGIT_VALUES + (magnitude >>> (2 * DIGIT_BITS))]++;
    }
    for (int digit = 0; digit < DIGITS; digit++) {
      // the first and the last digit take entries to the second half of the rows
      int place = digit == 1 ? 0 : rowLength;
      for (int i = digit * DIGIT_VALUES; i < (digit + 1) * DIGIT_VALUES; i++) {
        int count = counts[i];
        counts[i] = place;
        place += count;
      }
    }
    for (int i = 0; i < rowLength; i++) {
      int magnitude = magnitude(bits, start, i);
      rows[counts[magnitude & DIGIT]++] = ((long) magnitude << 32) | i;
    }
    for (int i = rowLength; i < 2 * rowLength; i++) {
      long entry = rows[i];
      rows[counts[DIGIT_VALUES + ((int) (entry >>> (32 + DIGIT_BITS)) & DIGIT)]++] = entry;
    }
    for (int i = 0; i < rowLength; i++) {
      long entry = rows[i];
      rows[counts[2 * DIGIT_VALUES + (int) (entry >>> (32 + 2 * DIGIT_BITS))]++] = entry;
    }
    return rowLength;
  }

  private void keepRow(
      int start, long[] rows, int sorted, long[] words, int[] kept, double[] factors) {
    for (int rank = 0; rank < rowLength; rank++) {
      int at = start + (int) rows[sorted + rank] * stride;
      kept[at] = (int) ((words[at] - limits[rank]) >>> 63);
      if (inverse) {
        factors[at] = inverses[rank];
      }
    }
  }

  @Override
  public boolean hasFactors() {
    return inverse;
  }

  @Override
  public long tableBytes() {
    long counts = rowLength < LEAST_COUNTED ? 0 : (long) Integer.BYTES * DIGITS * DIGIT_VALUES;
    return (Long.BYTES + Double.BYTES + Long.BYTES) * (long) rowLength + counts;
  }

  @Override
  public int granuleElements() {
    return Math.max(1, rowLength * stride);
  }
}
