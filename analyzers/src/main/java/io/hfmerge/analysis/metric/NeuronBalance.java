package io.hfmerge.analysis.metric;

import io.hfmerge.analysis.matrix.MatrixOpener;
import io.hfmerge.analysis.matrix.MatrixSource;
import io.hfmerge.analysis.matrix.NonFiniteMatrixException;
import io.hfmerge.analysis.matrix.Orientation;
import io.hfmerge.analysis.spectral.GramSpectrum;
import io.hfmerge.hf.arch.BalanceTraits.Mlp;
import io.hfmerge.hf.arch.WeightMatrix;
import java.io.IOException;
import java.util.OptionalDouble;

/**
 * Balance of an MLP, neuron by neuron.
 *
 * <p>The output is positively homogeneous of degree 1 in row i of M1 (of the up projection where
 * the MLP is gated) and linear in column i of M2, so that with weight decay on both a stationary
 * point has |row i|² = |column i|² (arXiv:2502.17340, Lemma 2, for one neuron). Smooth activations
 * such as GELU leave no exact identity.
 */
public final class NeuronBalance {

  /** Floats read at a time: 4 MiB. */
  private static final int PANEL = 1 << 20;

  private NeuronBalance() {}

  /**
   * Measures one layer.
   *
   * @param up M1, [f, d]
   * @param down M2, [d, f]
   * @throws NonFiniteMatrixException if one of them is not finite
   * @throws IOException if bytes cannot be read
   */
  public static BalanceMetrics of(
      MatrixOpener matrices, WeightMatrix up, WeightMatrix down, Mlp mlp)
      throws IOException, NonFiniteMatrixException {
    if (up.rows() != down.columns()) {
      return BalanceMetrics.none(
          up.stack(),
          up.layer(),
          up.expert(),
          Product.MLP,
          OptionalDouble.empty(),
          "M1 has %d rows and M2 %d columns".formatted(up.rows(), down.columns()));
    }
    double[] rows = squaredNorms(matrices, up, Orientation.ROWS);
    double[] columns = squaredNorms(matrices, down, Orientation.COLUMNS);
    OptionalDouble correlation = RowNorms.ofSquares(rows, columns).correlation();
    String reason =
        switch (mlp) {
          case SMOOTH -> "the activation is not positively homogeneous";
          case UNKNOWN -> "the activation is not known";
          case HOMOGENEOUS, GATED -> "";
        };
    return reason.isEmpty()
        ? BalanceMetrics.ofNeurons(
            up.stack(), up.layer(), up.expert(), relativeGap(rows, columns), correlation)
        : BalanceMetrics.none(
            up.stack(), up.layer(), up.expert(), Product.MLP, correlation, reason);
  }

  private static double[] squaredNorms(
      MatrixOpener matrices, WeightMatrix matrix, Orientation orientation)
      throws IOException, NonFiniteMatrixException {
    try (MatrixSource source = matrices.open(matrix)) {
      boolean rows = orientation == Orientation.ROWS;
      int lines = rows ? source.rows() : source.columns();
      int length = rows ? source.columns() : source.rows();
      double[] squares = new double[lines];
      if (length == 0) {
        return squares;
      }
      int count = Math.max(1, Math.min(lines, PANEL / length));
      double[] panel = new double[Math.multiplyExact(count, length)];
      for (int first = 0; first < lines; first += count) {
        int some = Math.min(count, lines - first);
        source.read(orientation, first, some, panel, length);
        for (int i = 0; i < some; i++) {
          double sum = 0;
          for (int j = i * length; j < (i + 1) * length; j++) {
            sum += panel[j] * panel[j];
          }
          squares[first + i] = sum;
        }
      }
      if (!Double.isFinite(GramSpectrum.sumOfSquares(squares, lines))) {
        throw NonFiniteMatrixException.in(source);
      }
      return squares;
    }
  }

  /** |a − b| over ½(|a| + |b|), Euclidean; 0 where both are 0. */
  static double relativeGap(double[] a, double[] b) {
    double difference = 0;
    for (int i = 0; i < a.length; i++) {
      difference += (a[i] - b[i]) * (a[i] - b[i]);
    }
    double scale =
        (Math.sqrt(GramSpectrum.sumOfSquares(a, a.length))
                + Math.sqrt(GramSpectrum.sumOfSquares(b, b.length)))
            / 2;
    return scale > 0 ? Math.sqrt(difference) / scale : 0;
  }
}
