package io.hfmerge.analysis.djl;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.analysis.matrix.MatrixSource;
import io.hfmerge.analysis.matrix.NonFiniteMatrixException;
import io.hfmerge.analysis.matrix.Orientation;
import io.hfmerge.analysis.spectral.BlockLanczos;
import io.hfmerge.analysis.spectral.GramSpectrum;
import io.hfmerge.analysis.spectral.GramStack;
import io.hfmerge.analysis.spectral.SpectralEngine;
import io.hfmerge.analysis.spectral.SpectralNorms;
import io.hfmerge.analysis.spectral.Spectrum;
import io.hfmerge.analysis.spectral.StackedSpectrum;
import io.hfmerge.analysis.spectral.SymmetricEigen;
import io.hfmerge.error.UnsupportedFeatureException;
import java.util.Optional;

/**
 * Spectra with every large product on a device of DJL: Lanczos products in f32 with an f64 finish,
 * Gram matrices in f64; only blocks of four vectors and symmetric problems come back, the latter to
 * LAPACK on the host. Lines are decoded on the host in f32 (f64 for F64 tensors).
 *
 * <p>One thread at a time. Same device and libraries: same bits.
 */
public final class DjlSpectralEngine implements SpectralEngine {

  private static final String ENGINE = "PyTorch";

  /** Elements in a panel of a Gram matrix: 256 MiB of doubles. */
  private static final int PANEL = 1 << 25;

  /** Shorter sides that Lanczos, which wants room for its basis, does not do. */
  private static final int DIRECT_UP_TO = 128;

  /** Largest shorter side whose Gram matrix fits a Java array. */
  private static final int LARGEST_GRAM = 46_340;

  private static final double UNIT_ROUNDOFF = 0x1p-53;

  /** Values of f32 whose fourth powers stay inside f32, so that products need no scaling. */
  private static final double SAFE_NORM = 1e9;

  private final NDManager manager;

  private DjlSpectralEngine(Device device) {
    this.manager = NDManager.newBaseManager(device, ENGINE);
  }

  /** On DJL's CPU device: for tests, and where no native kernels are wanted. */
  public static DjlSpectralEngine onCpu() {
    return new DjlSpectralEngine(Device.cpu());
  }

  /** On the first CUDA device; empty where DJL finds none. */
  public static Optional<DjlSpectralEngine> onCuda() {
    try {
      return Engine.getEngine(ENGINE).getGpuCount() > 0
          ? Optional.of(new DjlSpectralEngine(Device.gpu()))
          : Optional.empty();
    } catch (EngineException | IllegalArgumentException e) {
      System.getLogger(DjlSpectralEngine.class.getName())
          .log(System.Logger.Level.INFO, "DJL does not start; using the CPU kernels", e);
      return Optional.empty();
    }
  }

  @Override
  public String device() {
    return manager.getDevice().toString();
  }

  @Override
  public boolean concurrent() {
    return false;
  }

  @Override
  public SpectralNorms norms(MatrixSource matrix) throws NonFiniteMatrixException {
    if (matrix.shortSide() <= DIRECT_UP_TO || !matrix.exactAsFloat()) {
      return spectrum(matrix).norms();
    }
    try (NDManager scope = manager.newSubManager()) {
      DeviceLines lines = new DeviceLines(matrix, scope);
      if (!Double.isFinite(lines.squares())) {
        throw NonFiniteMatrixException.in(matrix);
      }
      double frobenius = Math.sqrt(lines.squares());
      if (frobenius == 0) {
        return new SpectralNorms(0, 0, 0);
      }
      if (frobenius > SAFE_NORM || frobenius < 1 / SAFE_NORM) {
        return spectrum(matrix).norms();
      }
      BlockLanczos.Result result = BlockLanczos.largest(lines);
      return SpectralNorms.of(frobenius, result.value(), result.errorBound(), matrix.floatError());
    }
  }

  @Override
  public Spectrum spectrum(MatrixSource matrix) throws NonFiniteMatrixException {
    int n = matrix.shortSide();
    check(matrix, n);
    if (n == 0) {
      return GramSpectrum.of(new double[0], 0, 0, 0);
    }
    try (NDManager scope = manager.newSubManager()) {
      NDArray gram = scope.zeros(new Shape(n, n), DataType.FLOAT64);
      double squares = addGram(matrix, matrix.longWay(), gram, scope);
      return spectrum(gram, squares, matrix.longSide());
    }
  }

  @Override
  public StackedSpectrum stack(int columns) {
    return new Stack(columns);
  }

  /** Sums stay on the device. */
  private final class Stack extends GramStack<NDArray> {

    private final int n;

    Stack(int columns) {
      super(DjlSpectralEngine.this, columns);
      this.n = columns;
    }

    @Override
    protected NDArray zero(MatrixSource part) {
      check(part, n);
      return manager.zeros(new Shape(n, n), DataType.FLOAT64);
    }

    @Override
    protected double addRows(MatrixSource part, NDArray gram) throws NonFiniteMatrixException {
      return addGram(part, Orientation.ROWS, gram, manager);
    }

    @Override
    protected void add(NDArray gram, NDArray target) {
      target.addi(gram);
    }

    @Override
    protected Spectrum spectrum(NDArray gram, double sumOfSquares, long rowCount) {
      return DjlSpectralEngine.spectrum(gram, sumOfSquares, rowCount);
    }

    @Override
    protected void free(NDArray gram) {
      gram.close();
    }
  }

  private static void check(MatrixSource matrix, int n) {
    if (n > LARGEST_GRAM) {
      throw new UnsupportedFeatureException(
          "%s is %d x %d; full spectra are computed up to a shorter side of %d"
              .formatted(matrix.matrix().label(), matrix.rows(), matrix.columns(), LARGEST_GRAM));
    }
  }

  private static Spectrum spectrum(NDArray gram, double squares, long lines) {
    int n = Math.toIntExact(gram.getShape().get(0));
    return GramSpectrum.of(
        n == 0 ? new double[0] : SymmetricEigen.values(gram.toDoubleArray(), n),
        squares,
        UNIT_ROUNDOFF * lines,
        UNIT_ROUNDOFF * n);
  }

  /** Adds inner products over all lines; gives the sum of squares. */
  private static double addGram(
      MatrixSource matrix, Orientation orientation, NDArray gram, NDManager scope)
      throws NonFiniteMatrixException {
    boolean rows = orientation == Orientation.ROWS;
    int n = rows ? matrix.columns() : matrix.rows();
    int lineCount = rows ? matrix.rows() : matrix.columns();
    if (n == 0) {
      return 0;
    }
    double squares = 0;
    int count = Math.min(Math.max(1, PANEL / n), lineCount);
    for (int first = 0; first < lineCount; first += count) {
      int some = Math.min(count, lineCount - first);
      try (NDManager inner = scope.newSubManager()) {
        double[] lines = new double[some * n];
        matrix.read(orientation, first, some, lines, n);
        squares += GramSpectrum.sumOfSquares(lines, lines.length);
        if (!Double.isFinite(squares)) {
          throw NonFiniteMatrixException.in(matrix);
        }
        NDArray panel = inner.create(lines, new Shape(some, n));
        NDArray product = panel.transpose().matMul(panel);
        product.attach(inner);
        gram.addi(product);
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
    if (lines.length == 0) {
      return new double[count * count];
    }
    try (NDManager scope = manager.newSubManager()) {
      NDArray array = scope.create(lines, new Shape(count, length));
      NDArray product = array.matMul(array.transpose());
      product.attach(scope);
      double[] gram = product.toDoubleArray();
      GramSpectrum.mirror(gram, count);
      return gram;
    }
  }

  @Override
  public void close() {
    manager.close();
  }
}
