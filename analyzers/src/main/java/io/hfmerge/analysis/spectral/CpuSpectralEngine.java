package io.hfmerge.analysis.spectral;

import io.hfmerge.analysis.matrix.MatrixSource;
import io.hfmerge.analysis.matrix.NonFiniteMatrixException;
import io.hfmerge.analysis.matrix.Orientation;
import io.hfmerge.error.UnsupportedFeatureException;
import java.lang.foreign.Arena;
import java.nio.DoubleBuffer;

/**
 * Spectra on the CPU: σ₁ by {@link BlockLanczos}, full spectra by f64 Gram matrices (OpenBLAS
 * {@code dsyrk}) and their eigenvalues (LAPACK {@code dsyevd}, values only).
 *
 * <p>One thread a call: callers spread matrices over threads. Memory a call: for norms the matrix
 * in f32, or 2 MiB where that is beyond the budget and the matrix is decoded anew at every pass;
 * for spectra the Gram matrix and a panel of 4 MiB.
 *
 * <p>The Gram route computes σ with a relative error of about u (σ₁/σ)², u = 1.1e-16: 1e-10 at 1e-3
 * σ₁ (Golub and Van Loan, Matrix Computations, 4th ed., section 8.6).
 */
public final class CpuSpectralEngine implements SpectralEngine {

  /** Matrices up to this shorter side, and F64 ones, go by their Gram matrix for norms too. */
  private static final int DIRECT_UP_TO = 128;

  /** Doubles in a panel: 4 MiB. */
  private static final int PANEL_DOUBLES = 1 << 19;

  /** Half the unit round-off of f64 bounds the relative error that a Gram entry makes in σ₁. */
  private static final double UNIT_ROUNDOFF = 0x1p-53;

  private final long budgetFloats;
  private final LineBuffers buffers = new LineBuffers();

  /**
   * An engine.
   *
   * @param budgetFloats most floats that one call for norms keeps in memory
   */
  public CpuSpectralEngine(long budgetFloats) {
    this.budgetFloats = budgetFloats;
  }

  @Override
  public String device() {
    return "cpu";
  }

  @Override
  public boolean concurrent() {
    return true;
  }

  @Override
  public SpectralNorms norms(MatrixSource matrix) throws NonFiniteMatrixException {
    if (matrix.shortSide() <= DIRECT_UP_TO || !matrix.exactAsFloat()) {
      return spectrum(matrix).norms();
    }
    try (LineChunks chunks = new LineChunks(matrix, budgetFloats, buffers)) {
      if (!Double.isFinite(chunks.frobenius())) {
        throw NonFiniteMatrixException.in(matrix);
      }
      if (chunks.frobenius() == 0) {
        return SpectralNorms.ZERO;
      }
      BlockLanczos.Result result = BlockLanczos.largest(chunks);
      double spectral = result.value() / chunks.scale();
      return SpectralNorms.of(
          chunks.frobenius(), spectral, result.errorBound(), matrix.floatError());
    }
  }

  @Override
  public Spectrum spectrum(MatrixSource matrix) throws NonFiniteMatrixException {
    int n = matrix.shortSide();
    check(matrix, n);
    try (Arena arena = Arena.ofConfined()) {
      DoubleBuffer gram = Blas.allocate(arena, (long) n * n);
      double squares = addGram(matrix, matrix.longWay(), gram);
      return spectrum(gram, n, squares, matrix.longSide());
    }
  }

  @Override
  public StackedSpectrum stack(int columns) {
    return new Stack(columns);
  }

  /** A Gram matrix with the memory that it alone has. */
  private record Native(Arena arena, DoubleBuffer values) {}

  private final class Stack extends GramStack<Native> {

    private final int n;

    Stack(int columns) {
      super(CpuSpectralEngine.this, columns);
      this.n = columns;
    }

    @Override
    protected Native zero(MatrixSource part) {
      check(part, n);
      Arena arena = Arena.ofConfined();
      return new Native(arena, Blas.allocate(arena, (long) n * n));
    }

    @Override
    protected double addRows(MatrixSource part, Native gram) throws NonFiniteMatrixException {
      return addGram(part, Orientation.ROWS, gram.values());
    }

    @Override
    protected void add(Native gram, Native target) {
      Blas.add(gram.values(), target.values());
    }

    @Override
    protected Spectrum spectrum(Native gram, double sumOfSquares, long rowCount) {
      return CpuSpectralEngine.spectrum(gram.values(), n, sumOfSquares, rowCount);
    }

    @Override
    protected void free(Native gram) {
      gram.arena().close();
    }
  }

  private static void check(MatrixSource matrix, int n) {
    if ((long) n * n > Blas.MAX_DOUBLES) {
      throw new UnsupportedFeatureException(
          "%s is %d x %d; full spectra are computed up to a shorter side of %d"
              .formatted(
                  matrix.matrix().label(),
                  matrix.rows(),
                  matrix.columns(),
                  (int) Math.sqrt((double) Blas.MAX_DOUBLES)));
    }
  }

  /** Of {@code lines} lines of length n, whose Gram matrix is overwritten. */
  private static Spectrum spectrum(DoubleBuffer gram, int n, double squares, long lines) {
    return GramSpectrum.of(
        n == 0 ? new double[0] : SymmetricEigen.valuesInPlace(gram, n),
        squares,
        UNIT_ROUNDOFF * lines,
        UNIT_ROUNDOFF * n);
  }

  /** Adds inner products over all lines; gives the sum of squares. */
  private static double addGram(MatrixSource matrix, Orientation orientation, DoubleBuffer gram)
      throws NonFiniteMatrixException {
    boolean rows = orientation == Orientation.ROWS;
    int n = rows ? matrix.columns() : matrix.rows();
    int lineCount = rows ? matrix.rows() : matrix.columns();
    if (n == 0) {
      return 0;
    }
    int count = Math.min(Math.max(1, PANEL_DOUBLES / n), lineCount);
    double[] lines = new double[Math.multiplyExact(count, n)];
    double squares = 0;
    try (Arena arena = Arena.ofConfined()) {
      DoubleBuffer panel = Blas.allocate(arena, lines.length);
      for (int first = 0; first < lineCount; first += count) {
        int some = Math.min(count, lineCount - first);
        matrix.read(orientation, first, some, lines, n);
        squares += GramSpectrum.sumOfSquares(lines, some * n);
        if (!Double.isFinite(squares)) {
          throw NonFiniteMatrixException.in(matrix);
        }
        panel.put(0, lines, 0, some * n);
        Blas.addGramOfColumns(panel, some, n, gram);
      }
    }
    return squares;
  }

  @Override
  public double[] gram(MatrixSource matrix, Orientation orientation, int first, int count)
      throws NonFiniteMatrixException {
    int length = orientation == Orientation.ROWS ? matrix.columns() : matrix.rows();
    double[] lines = new double[Math.multiplyExact(count, length)];
    matrix.read(orientation, first, count, lines, length);
    if (!Double.isFinite(GramSpectrum.sumOfSquares(lines, lines.length))) {
      throw NonFiniteMatrixException.in(matrix);
    }
    double[] gram = new double[Math.multiplyExact(count, count)];
    if (gram.length > 0 && length > 0) {
      Blas.gramOfLines(lines, count, length, gram);
    }
    GramSpectrum.mirror(gram, count);
    return gram;
  }

  @Override
  public void close() {}
}
