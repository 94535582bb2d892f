package io.hfmerge.analysis.spectral;

import static org.bytedeco.openblas.global.openblas.LAPACKE_dormtr;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dstedc;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dstemr;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dsterf;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dsytrd;
import static org.bytedeco.openblas.global.openblas.LAPACK_COL_MAJOR;

import java.lang.foreign.Arena;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.IntBuffer;
import java.util.function.ToIntFunction;

/**
 * A symmetric matrix reduced to a tridiagonal one by LAPACK, once, for all its eigenvalues and then
 * for as many of the leading eigenvectors as are wanted. One thread a call. Not defined for NaN:
 * callers check.
 *
 * <p>Eigenvalues by the root-free QR iteration, backward stable; vectors by multiple relatively
 * robust representations (Dhillon and Parlett, Linear Algebra Appl. 387 (2004)) or, if many are
 * wanted, by divide and conquer (Gu and Eisenstat, SIAM J. Matrix Anal. Appl. 16 (1995)),
 * orthonormal within a small multiple of n u whatever ties there are. Cost: 4/3 n³ flops, and 2 n²
 * for each vector.
 */
public final class TridiagonalForm {

  private static final byte VALUES_AND_VECTORS = 'V';
  private static final byte BY_INDEX = 'I';
  private static final byte OF_TRIDIAGONAL = 'I';
  private static final byte LEFT = 'L';
  private static final byte NOT_TRANSPOSED = 'N';

  /** Column-major's upper triangle is row-major's lower one. */
  private static final byte UPPER = 'U';

  /**
   * One in so many vectors: fewer are found one by one, whose values are bisected; more by divide
   * and conquer, which finds all.
   */
  private static final int FEW = 8;

  private final int n;
  private final DoubleBuffer reflectors;
  private final DoubleBuffer scales;
  private final DoubleBuffer diagonal;
  private final DoubleBuffer below;

  private TridiagonalForm(SquareMatrix matrix, Arena arena) {
    this.n = matrix.size();
    this.reflectors = matrix.values();
    this.scales = Blas.allocate(arena, n);
    this.diagonal = Blas.allocate(arena, n);
    this.below = Blas.allocate(arena, n);
    check(
        "dsytrd",
        LAPACKE_dsytrd(LAPACK_COL_MAJOR, UPPER, n, reflectors, n, diagonal, below, scales));
  }

  /**
   * Leading eigenvectors.
   *
   * @param values eigenvalues, descending
   * @param vectors a line for each, of length 1
   */
  @SuppressWarnings("ArrayRecordComponent") // a result handed on at once, never compared
  public record Leading(double[] values, Lines vectors) {}

  /**
   * Reduces a matrix, of which the lower triangle counts.
   *
   * @param matrix of size 1 at least; from now on it holds the transformation and is not to be
   *     touched
   * @param arena for what else is kept
   */
  public static TridiagonalForm of(SquareMatrix matrix, Arena arena) {
    return new TridiagonalForm(matrix, arena);
  }

  /** All eigenvalues, ascending. */
  public double[] values() {
    double[] values = new double[n];
    try (Arena temporary = Arena.ofConfined()) {
      DoubleBuffer d = copy(diagonal, temporary);
      check("dsterf", LAPACKE_dsterf(n, d, copy(below, temporary)));
      d.get(0, values);
    }
    return values;
  }

  /**
   * The eigenvectors to the largest eigenvalues.
   *
   * @param count how many, from 0 to the size of the matrix
   * @param target where their memory comes from
   */
  public Leading leading(int count, Arena target) {
    try (Arena temporary = Arena.ofConfined()) {
      DoubleBuffer found = Blas.allocate(temporary, n);
      if (count == 0) {
        return transform(found, found, 0, target);
      }
      DoubleBuffer ascending =
          count > n / FEW ? all(found, temporary) : few(count, found, temporary);
      return transform(ascending, found, count, target);
    }
  }

  /**
   * All eigenvalues, and the eigenvectors to the largest of them, of which many are expected: both
   * by divide and conquer, once.
   *
   * @param values all eigenvalues, ascending
   */
  @SuppressWarnings("ArrayRecordComponent") // a result handed on at once, never compared
  public record Decomposition(double[] values, Lines vectors) {}

  /**
   * Eigenvalues and as many eigenvectors as these tell.
   *
   * @param count given all eigenvalues, ascending, says how many vectors are wanted
   * @param target where their memory comes from
   */
  public Decomposition decompose(ToIntFunction<double[]> count, Arena target) {
    try (Arena temporary = Arena.ofConfined()) {
      DoubleBuffer found = Blas.allocate(temporary, n);
      DoubleBuffer vectors = all(found, temporary);
      double[] values = new double[n];
      found.get(0, values);
      return new Decomposition(
          values, transform(vectors, found, count.applyAsInt(values), target).vectors());
    }
  }

  /** The last vectors of the tridiagonal matrix as those of the matrix itself. */
  private Leading transform(DoubleBuffer ascending, DoubleBuffer found, int count, Arena target) {
    double[] descending = new double[count];
    Lines vectors = Lines.zero(target, count, n);
    if (count == 0) {
      return new Leading(descending, vectors);
    }
    int kept = ascending.capacity() / n;
    DoubleBuffer wanted = ascending.slice((kept - count) * n, count * n);
    check(
        "dormtr",
        LAPACKE_dormtr(
            LAPACK_COL_MAJOR,
            LEFT,
            UPPER,
            NOT_TRANSPOSED,
            n,
            count,
            reflectors,
            n,
            scales,
            wanted,
            n));
    for (int i = 0; i < count; i++) {
      descending[i] = found.get(kept - 1 - i);
      vectors.values().put(i * n, wanted, (count - 1 - i) * n, n);
    }
    return new Leading(descending, vectors);
  }

  /** Eigenvectors of the tridiagonal matrix to its largest eigenvalues, one after another. */
  private DoubleBuffer few(int count, DoubleBuffer found, Arena temporary) {
    DoubleBuffer vectors = Blas.allocate(temporary, (long) count * n);
    IntBuffer number = integers(temporary, 1);
    IntBuffer accurate = integers(temporary, 1);
    accurate.put(0, 1);
    check(
        "dstemr",
        LAPACKE_dstemr(
            LAPACK_COL_MAJOR,
            VALUES_AND_VECTORS,
            BY_INDEX,
            n,
            copy(diagonal, temporary),
            copy(below, temporary),
            0,
            0,
            n - count + 1,
            n,
            number,
            found,
            vectors,
            n,
            count,
            integers(temporary, 2 * count),
            accurate));
    if (number.get(0) != count) {
      throw new IllegalStateException(
          "LAPACK dstemr found %d of %d eigenvectors".formatted(number.get(0), count));
    }
    return vectors;
  }

  private DoubleBuffer all(DoubleBuffer found, Arena temporary) {
    DoubleBuffer vectors = Blas.allocate(temporary, (long) n * n);
    found.put(0, diagonal, 0, n);
    check(
        "dstedc",
        LAPACKE_dstedc(
            LAPACK_COL_MAJOR, OF_TRIDIAGONAL, n, found, copy(below, temporary), vectors, n));
    return vectors;
  }

  private static DoubleBuffer copy(DoubleBuffer source, Arena arena) {
    DoubleBuffer copy = Blas.allocate(arena, source.capacity());
    copy.put(0, source, 0, source.capacity());
    return copy;
  }

  private static IntBuffer integers(Arena arena, int count) {
    return arena
        .allocate((long) count * Integer.BYTES, Long.BYTES)
        .asByteBuffer()
        .order(ByteOrder.nativeOrder())
        .asIntBuffer();
  }

  private static void check(String routine, int info) {
    if (info != 0) {
      throw new IllegalStateException("LAPACK " + routine + " failed with code " + info);
    }
  }
}
