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
    long[] row = scratch.row(rowLength);
    random.words(firstElement, length, words);
    for (int block = 0; block < length; block += rowLength * stride) {
      for (int column = 0; column < stride; column++) {
        keepRow(bits, block + column, row, words, kept, factors);
      }
    }
  }

  private void keepRow(
      int[] bits, int start, long[] row, long[] words, int[] kept, double[] factors) {
    for (int i = 0; i < rowLength; i++) {
      row[i] = ((long) (bits[start + i * stride] & Cut.MAGNITUDE) << 32) | i;
    }
    Arrays.sort(row, 0, rowLength);
    for (int rank = 0; rank < rowLength; rank++) {
      int at = start + (int) row[rank] * stride;
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
    return (Long.BYTES + Double.BYTES) * (long) rowLength;
  }

  @Override
  public int granuleElements() {
    return Math.max(1, rowLength * stride);
  }
}
