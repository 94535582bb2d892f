package io.hfmerge.analysis.matrix;

import io.hfmerge.tensor.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;

/**
 * A linear combination of matrices of one shape, computed in f64 while it is read and never kept:
 * the difference of two models' matrices, the sum of several such differences. Owns its terms.
 */
public final class MatrixCombination extends MatrixSource {

  /** Relative error of a {@code float} rounded from the exact number. */
  private static final double FLOAT_ROUNDING = 0x1p-24;

  /**
   * A matrix and its factor.
   *
   * @param factor finite
   * @param source open; the combination closes it
   */
  public record Term(double factor, MatrixSource source) {}

  private final List<Term> terms;

  private MatrixCombination(List<Term> terms) {
    super(terms.getFirst().source().matrix());
    this.terms = List.copyOf(terms);
    MatrixSource head = terms.getFirst().source();
    for (Term term : terms) {
      if (term.source().rows() != head.rows() || term.source().columns() != head.columns()) {
        throw new IllegalArgumentException(
            "%s is %d x %d, %s %d x %d"
                .formatted(
                    head.matrix().label(),
                    head.rows(),
                    head.columns(),
                    term.source().matrix().label(),
                    term.source().rows(),
                    term.source().columns()));
      }
    }
  }

  /** A sum of terms of one shape, at least one. */
  public static MatrixCombination of(List<Term> terms) {
    return new MatrixCombination(terms);
  }

  /** {@code minuend − subtrahend}, both of one shape. */
  public static MatrixCombination difference(MatrixSource minuend, MatrixSource subtrahend) {
    return new MatrixCombination(List.of(new Term(1, minuend), new Term(-1, subtrahend)));
  }

  @Override
  public Orientation longWay() {
    return terms.getFirst().source().longWay();
  }

  @Override
  public DType dtype() {
    return terms.stream()
        .map(term -> term.source().dtype())
        .min(Comparator.comparingInt(DType::bits))
        .orElseThrow();
  }

  @Override
  public boolean exactAsFloat() {
    return terms.stream().allMatch(term -> term.source().exactAsFloat());
  }

  @Override
  public double floatError() {
    return FLOAT_ROUNDING;
  }

  @Override
  public OptionalDouble roundingFrobenius() {
    int length = shortSide();
    if (length == 0) {
      return OptionalDouble.of(0);
    }
    int count = Math.clamp(PANEL_DOUBLES / length, 1, longSide());
    List<double[]> panels = new ArrayList<>();
    terms.forEach(term -> panels.add(new double[count * length]));
    double variance = 0;
    for (int first = 0; first < longSide(); first += count) {
      int some = Math.min(count, longSide() - first);
      for (int t = 0; t < terms.size(); t++) {
        terms.get(t).source().read(longWay(), first, some, panels.get(t), length);
      }
      variance += variance(panels, some * length);
    }
    return OptionalDouble.of(Math.sqrt(variance));
  }

  private double variance(List<double[]> panels, int count) {
    int[] bits =
        terms.stream().mapToInt(term -> Rounding.significantBits(term.source().dtype())).toArray();
    double sum = 0;
    for (int i = 0; i < count; i++) {
      boolean same = true;
      for (double[] panel : panels) {
        same &= panel[i] == panels.getFirst()[i];
      }
      for (int t = 0; t < bits.length && !same; t++) {
        double factor = terms.get(t).factor();
        sum += factor * factor * Rounding.variance(panels.get(t)[i], bits[t]);
      }
    }
    return sum;
  }

  @Override
  public void read(Orientation orientation, int first, int count, float[] target, int stride) {
    int length = orientation == Orientation.ROWS ? columns() : rows();
    double[] exact = new double[count * length];
    read(orientation, first, count, exact, length);
    for (int i = 0; i < count; i++) {
      for (int j = 0; j < length; j++) {
        target[i * stride + j] = (float) exact[i * length + j];
      }
    }
  }

  @Override
  public void read(Orientation orientation, int first, int count, double[] target, int stride) {
    int length = orientation == Orientation.ROWS ? columns() : rows();
    double[] part = new double[count * length];
    for (int i = 0; i < count; i++) {
      Arrays.fill(target, i * stride, i * stride + length, 0);
    }
    for (Term term : terms) {
      term.source().read(orientation, first, count, part, length);
      for (int i = 0; i < count; i++) {
        for (int j = 0; j < length; j++) {
          target[i * stride + j] += term.factor() * part[i * length + j];
        }
      }
    }
  }

  @Override
  public void close() {
    terms.forEach(term -> term.source().close());
  }
}
