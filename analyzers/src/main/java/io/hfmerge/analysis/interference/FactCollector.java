package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.interference.MatrixFacts.Alignment;
import io.hfmerge.analysis.interference.MatrixFacts.BaseShares;
import io.hfmerge.analysis.spectral.Lines;
import io.hfmerge.analysis.spectral.SquareMatrix;
import io.hfmerge.analysis.spectral.TridiagonalForm;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Computes the {@link MatrixFacts} of one matrix in f64 while panels of the models go by twice
 * (those of three tasks or more once for each pair besides, where the shorter side is the outputs);
 * a task vector is never held whole. Used once: {@link #addTaskProducts} for all panels, {@link
 * #takeTasks}, {@link #addBaseProducts} for all panels, {@link #facts}. Not thread-safe.
 *
 * <p>With X_t the lines of D_t, X_0 those of the base and X_M those of M, everything comes from
 * products of the size s of the shorter side: G_t = X_tᵀX_t, C_t = X_MᵀX_t, B_t = X_0ᵀX_t, and from
 * projections on a few vectors. Where lines are rows, C_t = MᵀD_t and ‖D_i D_jᵀ‖_F² = ⟨G_i, G_j⟩;
 * where they are columns, C_t = M D_tᵀ and D_i D_jᵀ is a product of that size itself, formed pair
 * by pair. Memory: {@link #doubles}, whatever the longer side n. Flops: (2 + 5T) s² n, or for two
 * tasks 10 s² n; 4/3 s³ for the spectrum of each G_t, of the base and of each tuned matrix, some 8
 * s³ for that of M with its vectors, and 2 to 4 s³ for how these stand to each task.
 */
final class FactCollector {

  /** s x s matrices alive at a time beside two of each task: three here, vectors, products. */
  private static final int MATRICES = 6;

  /** Unit round-off of f64. */
  private static final double UNIT_ROUNDOFF = 0x1p-53;

  /**
   * Singular values below this share of the largest have vectors that the squared condition of a
   * Gram matrix leaves too little of: 1e-6 of orthogonality. Their share of the energy is 1e-10.
   */
  private static final double DIRECTION = 1e-5;

  /** Share of a side that leading vectors may take: more than that, and anything overlaps. */
  private static final int SIDE_SHARE = 4;

  private final TaskMatrices matrices;
  private final TensorSums sums;
  private final double[] weights;
  private final int tasks;
  private final int n;
  private final int most;
  private final boolean input;
  private final Arena arena;

  private final List<SquareMatrix> grams = new ArrayList<>();

  /** C_t; once used, B_t. */
  private final List<SquareMatrix> products = new ArrayList<>();

  /** The Gram matrix of M; once used, the base's. */
  private final SquareMatrix whole;

  private final SquareMatrix scratch;
  private final SquareMatrix work;
  private final Lines origin;
  private final List<Lines> panels = new ArrayList<>();
  private final Lines merged;

  /** ‖D_i D_jᵀ‖_F² and ‖(M − D_t) D_tᵀ‖_F². */
  private final double[] responses;

  private final double[] damages;

  /** Leading singular vectors of each D_t, of the shorter and of the longer side. */
  private final List<Lines> shortVectors = new ArrayList<>();

  private final List<Lines> longVectors = new ArrayList<>();
  private final double[][] values;
  private Optional<SumSpectrum> sum = Optional.empty();

  /**
   * Ready for {@link #addTaskProducts}.
   *
   * @param matrices of at least one row and column, the shorter side one that {@link
   *     SquareMatrix#fits}
   * @param sums of the same matrices; those over the panels so far while panels go by
   * @param weights λ w_t
   * @param rank most leading singular vectors to compare, at least 1
   * @param arena for all that is held
   */
  FactCollector(TaskMatrices matrices, TensorSums sums, double[] weights, int rank, Arena arena) {
    this.matrices = matrices;
    this.sums = sums;
    this.weights = weights;
    this.tasks = matrices.tasks();
    this.n = matrices.length();
    this.most = Math.min(rank, Math.max(1, n / SIDE_SHARE));
    this.input = matrices.shortSideIsInput();
    this.arena = arena;
    int lines = matrices.panelLines();
    for (int t = 0; t < tasks; t++) {
      grams.add(SquareMatrix.zero(arena, n));
      products.add(SquareMatrix.zero(arena, n));
      panels.add(Lines.zero(arena, lines, n));
    }
    this.whole = SquareMatrix.zero(arena, n);
    this.scratch = SquareMatrix.zero(arena, n);
    this.work = SquareMatrix.zero(arena, n);
    this.origin = Lines.zero(arena, lines, n);
    this.merged = Lines.zero(arena, lines, n);
    this.responses = new double[tasks * tasks];
    this.damages = new double[tasks];
    this.values = new double[tasks][];
  }

  /** Doubles that a matrix of this shorter side takes at once. */
  static double doubles(int tasks, long shortSide) {
    return (2.0 * tasks + MATRICES) * shortSide * shortSide;
  }

  private boolean changed(int task) {
    return sums.squares(task) > 0;
  }

  /** Whether each pair of tasks has its own product, of which C_t is a sum. */
  private boolean pairs() {
    return tasks == 2 || !input;
  }

  /**
   * Adds lines to G_t, the Gram matrix of M and, but for pairs, C_t.
   *
   * @param some number of lines
   * @param deltas lines of each D_t, which the sums have already
   */
  void addTaskProducts(int some, List<double[]> deltas) {
    copyTasks(deltas, some);
    merged.setSum(weights, panels, some);
    whole.addGram(merged, some);
    for (int t = 0; t < tasks; t++) {
      // as long as all elements were 0, so are the products
      if (changed(t)) {
        grams.get(t).addGram(panels.get(t), some);
        if (!pairs()) {
          products.get(t).addProduct(merged, panels.get(t), some);
        }
      }
    }
    if (tasks == 2 && changed(0) && changed(1)) {
      scratch.addProduct(panels.get(0), panels.get(1), some);
    }
  }

  /**
   * Takes what the products of tasks tell, after the last line; those with the base come next.
   *
   * @throws IOException if bytes cannot be read
   */
  void takeTasks() throws IOException {
    grams.forEach(SquareMatrix::mirror);
    whole.mirror();
    finishProducts();
    takeDamages();
    for (int t = 0; t < tasks; t++) {
      scratch.set(grams.get(t));
      try (Arena temporary = Arena.ofConfined()) {
        TridiagonalForm form = TridiagonalForm.of(scratch, temporary);
        values[t] = roots(form.values());
        int count = Math.min(most, trusted(values[t]));
        shortVectors.add(form.leading(count, arena).vectors());
        longVectors.add(Lines.zero(arena, count, matrices.count()));
      }
    }
    sum = Optional.of(sum());
    whole.clear();
    products.forEach(SquareMatrix::clear);
  }

  /** C_t and ‖D_i D_jᵀ‖_F². */
  private void finishProducts() throws IOException {
    boolean two = tasks == 2;
    for (int i = 0; i < tasks; i++) {
      responses[i * tasks + i] = grams.get(i).dot(grams.get(i));
      for (int j = 0; j < i; j++) {
        boolean both = changed(i) && changed(j);
        if (pairs() && !two && both) {
          formPair(j, i);
        }
        double response = !both ? 0 : input ? grams.get(i).dot(grams.get(j)) : scratch.dot(scratch);
        responses[i * tasks + j] = response;
        responses[j * tasks + i] = response;
        if (pairs() && both) {
          // X_jᵀX_i is part of X_MᵀX_i by w_j, transposed of X_MᵀX_j by w_i
          products.get(i).add(weights[j], scratch);
          products.get(j).addTransposed(weights[i], scratch);
        }
      }
      if (pairs()) {
        products.get(i).add(weights[i], grams.get(i));
      }
    }
  }

  private void copyTasks(List<double[]> deltas, int some) {
    for (int t = 0; t < tasks; t++) {
      panels.get(t).set(deltas.get(t), some);
    }
  }

  /** X_iᵀX_j, for i before j. */
  private void formPair(int i, int j) throws IOException {
    scratch.clear();
    matrices.read((first, some, base, deltas) -> {
      panels.get(i).set(deltas.get(i), some);
      panels.get(j).set(deltas.get(j), some);
      scratch.addProduct(panels.get(i), panels.get(j), some);
    });
  }

  private void takeDamages() {
    for (int t = 0; t < tasks; t++) {
      SquareMatrix gram = grams.get(t);
      if (changed(t) && input) {
        // ⟨(M − D_t)ᵀ(M − D_t), G_t⟩, whose cross terms are equal as G_t is symmetric
        damages[t] = Math.max(0, whole.dot(gram) - 2 * products.get(t).dot(gram) + gram.dot(gram));
      } else if (changed(t)) {
        scratch.set(products.get(t));
        scratch.add(-1, gram);
        damages[t] = scratch.dot(scratch);
      }
    }
  }

  /** Roots of eigenvalues beyond rounding noise, descending. */
  static double[] roots(double[] ascending) {
    int n = ascending.length;
    double largest = ascending[n - 1];
    int count = 0;
    while (count < n && ascending[n - 1 - count] > n * UNIT_ROUNDOFF * largest) {
      count++;
    }
    double[] roots = new double[largest > 0 ? count : 0];
    for (int i = 0; i < roots.length; i++) {
      roots[i] = Math.sqrt(ascending[n - 1 - i]);
    }
    return roots;
  }

  /** Number of values whose vectors are to be trusted. */
  static int trusted(double[] values) {
    int count = 0;
    while (count < values.length && values[count] > DIRECTION * values[0]) {
      count++;
    }
    return count;
  }

  /**
   * M.
   *
   * @param values its singular values
   */
  @SuppressWarnings("ArrayRecordComponent")
  private record SumSpectrum(double[] values, Alignment alignment) {}

  private SumSpectrum sum() {
    scratch.set(whole);
    try (Arena temporary = Arena.ofConfined()) {
      TridiagonalForm form = TridiagonalForm.of(scratch, temporary);
      TridiagonalForm.Decomposition found =
          form.decompose(squares -> trusted(roots(squares)), temporary);
      double[] roots = roots(found.values());
      Lines vectors = found.vectors();
      int rank = vectors.count();
      double[] squares = new double[tasks * rank];
      double[] along = new double[tasks * rank];
      double[] noise = new double[tasks];
      for (int t = 0; t < tasks; t++) {
        if (changed(t) && rank > 0) {
          reactions(t, vectors, roots, squares, along);
          double largest = values[t][0];
          noise[t] = n * UNIT_ROUNDOFF * largest * (largest + roots[0]);
        }
      }
      return new SumSpectrum(
          roots, Alignment.of(sums, rank, Math.min(most, rank), squares, along, noise));
    }
  }

  /**
   * By left singular vector u_r of M: |u_rᵀD_t|² and ⟨u_rᵀM, u_rᵀD_t⟩. Where lines are rows, u_r =
   * M v_r/σ_r and u_rᵀD_t = v_rᵀC_t/σ_r; else u_r itself is at hand.
   */
  private void reactions(
      int task, Lines vectors, double[] roots, double[] squares, double[] along) {
    try (Arena temporary = Arena.ofConfined()) {
      Lines reaction = vectors.times(products.get(task), temporary);
      Lines own = input ? reaction : vectors.times(grams.get(task), temporary);
      for (int r = 0; r < vectors.count(); r++) {
        int at = task * vectors.count() + r;
        along[at] = reaction.dot(r, vectors, r);
        squares[at] =
            input
                ? own.dot(r, own, r) / (roots[r] * roots[r])
                : Math.max(0, own.dot(r, vectors, r));
      }
    }
  }

  /**
   * Adds lines to B_t and the base's Gram matrix, in the place of C_t and that of M, and to the
   * singular vectors of the longer side: lines times short vectors.
   *
   * @param first first line
   * @param some number of lines
   * @param base lines of W_0
   * @param deltas lines of each D_t
   */
  void addBaseProducts(int first, int some, double[] base, List<double[]> deltas) {
    origin.set(base, some);
    copyTasks(deltas, some);
    whole.addGram(origin, some);
    for (int t = 0; t < tasks; t++) {
      if (changed(t)) {
        products.get(t).addProduct(origin, panels.get(t), some);
        shortVectors.get(t).project(panels.get(t), some, longVectors.get(t), first);
      }
    }
  }

  /** All of it, after the last line. */
  MatrixFacts facts() {
    whole.mirror();
    for (Lines vectors : longVectors) {
      for (int r = 0; r < vectors.count(); r++) {
        vectors.scale(r, 1 / Math.sqrt(vectors.dot(r, vectors, r)));
      }
    }
    Directions along = Directions.of(n, shortVectors);
    Directions across = Directions.of(matrices.count(), longVectors);
    SumSpectrum spectrum = sum.orElseThrow();
    return new MatrixFacts(
        sums,
        weights,
        values,
        spectrum.values(),
        input ? along : across,
        input ? across : along,
        responses,
        damages,
        spectrum.alignment(),
        baseShares(BaseBasis.of(whole, work, arena)));
  }

  private BaseShares baseShares(BaseBasis base) {
    double[] leadingEnergy = new double[tasks];
    double[] rankEnergy = new double[tasks];
    List<BaseBasis.Intruders> intruders = new ArrayList<>();
    for (int t = 0; t < tasks; t++) {
      BaseBasis.Intruders found = new BaseBasis.Intruders(0, 0, 0);
      if (changed(t) && base.rank() > 0) {
        leadingEnergy[t] = base.leadingEnergy(products.get(t));
        found = intruders(base, t);
      }
      intruders.add(found);
    }
    boolean full = base.rank() == n && matrices.count() == n;
    if (!full) {
      base.prepareRank(whole, scratch);
    }
    for (int t = 0; t < tasks; t++) {
      if (changed(t) && base.rank() > 0) {
        // a square matrix of full rank has no null space
        rankEnergy[t] = full ? sums.squares(t) : base.rankEnergy(products.get(t));
      }
    }
    return new BaseShares(
        base.spectral(),
        base.leading(),
        base.rank(),
        leadingEnergy,
        rankEnergy,
        intruders.stream().mapToInt(BaseBasis.Intruders::count).toArray(),
        intruders.stream()
            .mapToInt(found -> input ? found.shortSide() : found.longSide())
            .toArray(),
        intruders.stream()
            .mapToInt(found -> input ? found.longSide() : found.shortSide())
            .toArray());
  }

  private BaseBasis.Intruders intruders(BaseBasis base, int task) {
    SquareMatrix product = products.get(task);
    // the Gram matrix of the tuned lines X_0 + X_t
    scratch.set(whole);
    scratch.add(1, product);
    scratch.addTransposed(1, product);
    scratch.add(1, grams.get(task));
    try (Arena temporary = Arena.ofConfined()) {
      int count = Math.min(MatrixFacts.TUNED_DIRECTIONS, n);
      return base.intruders(
          TridiagonalForm.of(scratch, temporary).leading(count, temporary), product);
    }
  }
}
