package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.AnalysisReport.Skipped;
import io.hfmerge.analysis.AnalysisRequest.Metrics;
import io.hfmerge.analysis.AnalysisSubject;
import io.hfmerge.analysis.Counterparts;
import io.hfmerge.analysis.interference.ConflictAnalyzer.Term;
import io.hfmerge.analysis.matrix.MatrixCombination;
import io.hfmerge.analysis.matrix.MatrixSource;
import io.hfmerge.analysis.matrix.NonFiniteMatrixException;
import io.hfmerge.analysis.matrix.Rounding;
import io.hfmerge.analysis.spectral.CpuSpectralEngine;
import io.hfmerge.analysis.spectral.SpectralEngine;
import io.hfmerge.analysis.spectral.SquareMatrix;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.arch.MatrixBlock;
import io.hfmerge.hf.arch.WeightMatrix;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.stream.DoubleStream;

/** Takes all measures of one matrix at a time. Thread-safe. */
final class MatrixConflicts {

  /**
   * What products of all matrices in work may take together, in native memory, as a share of the
   * Java heap: users know one number by which they bound memory, -Xmx.
   */
  private static final double HEAP_SHARE = 0.6;

  private static final long MIB = 1 << 20;

  /** Where the numbers of a matrix end up; filled by one worker, read after all are done. */
  static final class Result {

    private final String name;
    private final List<Skipped> skipped = new ArrayList<>();
    private final List<MeasureValue> values = new ArrayList<>();
    private Optional<TensorSums> sums = Optional.empty();

    Result(String name) {
      this.name = name;
    }

    private void skip(String reason) {
      skipped.add(new Skipped(name, reason));
    }

    List<Skipped> skipped() {
      return skipped;
    }

    List<MeasureValue> values() {
      return values;
    }

    Optional<TensorSums> sums() {
      return sums;
    }
  }

  private final AnalysisSubject base;
  private final List<Term> terms;
  private final List<Counterparts> models;
  private final ConflictRequest request;
  private final double[] weights;
  private final int budgetMebibytes;
  private final Semaphore memory;

  MatrixConflicts(
      AnalysisSubject base, List<Term> terms, List<Counterparts> models, ConflictRequest request) {
    this.base = base;
    this.terms = terms;
    this.models = models;
    this.request = request;
    this.weights = terms.stream().mapToDouble(Term::weight).toArray();
    this.budgetMebibytes = (int) Math.max(1, Runtime.getRuntime().maxMemory() * HEAP_SHARE / MIB);
    this.memory = new Semaphore(budgetMebibytes);
  }

  /** Stored bytes of the base's matrix, for progress. */
  long bytes(WeightMatrix matrix) {
    long bytes = 0;
    for (MatrixBlock block : matrix.blocks()) {
      bytes +=
          base.checkpoint().get(block.tensor()).dtype().sizeBytes(block.rows() * block.columns());
    }
    return bytes;
  }

  /**
   * Measures one matrix of the base with those of all models; what cannot be measured is skipped
   * with its reason.
   *
   * @param spectra whether spectra are wanted beside sums over elements
   */
  void measure(WeightMatrix matrix, boolean spectra, Result result) throws IOException {
    try {
      List<WeightMatrix> matrices = new ArrayList<>();
      for (Counterparts model : models) {
        matrices.add(model.of(base, matrix));
      }
      try (TaskMatrices tasks = open(matrix, matrices)) {
        TensorSums sums = sums(tasks);
        Findings findings = new Findings();
        Measures.OF_ELEMENTS.forEach(measure -> measure.measure(sums, weights, findings));
        boolean changed =
            DoubleStream.iterate(0, t -> t + 1)
                .limit(terms.size())
                .anyMatch(t -> sums.squares((int) t) > 0);
        if (spectra && changed) {
          if (request.metrics() == Metrics.ALL) {
            addSpectra(tasks, sums, findings, result);
          } else {
            addNorms(matrix, matrices, findings);
          }
        }
        result.values.addAll(findings.values());
        result.sums = Optional.of(sums);
      }
    } catch (NonFiniteMatrixException | UnsupportedFeatureException e) {
      result.skip(String.valueOf(e.getMessage()));
    }
  }

  private TaskMatrices open(WeightMatrix matrix, List<WeightMatrix> counterparts)
      throws IOException {
    List<MatrixSource> opened = new ArrayList<>();
    try {
      opened.add(MatrixSource.open(base.checkpoint(), matrix));
      for (int t = 0; t < counterparts.size(); t++) {
        opened.add(MatrixSource.open(terms.get(t).model().checkpoint(), counterparts.get(t)));
      }
      return new TaskMatrices(opened.getFirst(), opened.subList(1, opened.size()));
    } catch (IOException | RuntimeException e) {
      opened.forEach(MatrixSource::close);
      throw e;
    }
  }

  private TensorSums sums(TaskMatrices tasks) throws IOException, NonFiniteMatrixException {
    int count = tasks.tasks();
    TensorSums sums = new TensorSums(count);
    int baseBits = Rounding.significantBits(tasks.base().dtype());
    int[] bits = new int[count];
    for (int t = 0; t < count; t++) {
      bits[t] = Rounding.significantBits(tasks.model(t).dtype());
    }
    List<LargestElements> largest = new ArrayList<>();
    terms.forEach(term -> largest.add(new LargestElements()));
    tasks.read((first, some, origin, deltas) -> {
      int elements = some * tasks.length();
      sums.addProducts(origin, deltas, elements);
      for (int t = 0; t < count; t++) {
        double[] delta = deltas.get(t);
        sums.addNoise(t, noise(origin, delta, elements, baseBits, bits[t]));
        largest.get(t).add(delta, elements);
        for (int j = t + 1; j < count; j++) {
          sums.addSigns(t, j, delta, deltas.get(j), elements);
        }
      }
    });
    double total = sums.baseSquares();
    for (int t = 0; t < count; t++) {
      total += sums.squares(t);
    }
    if (!Double.isFinite(total)) {
      throw tasks.nonFinite(base.id(), terms.stream().map(term -> term.model().id()).toList());
    }
    addLargest(tasks, sums, largest);
    return sums;
  }

  /** Reads again, now that it is known which elements are the largest. */
  private void addLargest(TaskMatrices tasks, TensorSums sums, List<LargestElements> largest)
      throws IOException {
    int count = tasks.tasks();
    float[] least = new float[count];
    int changed = 0;
    for (int t = 0; t < count; t++) {
      least[t] = largest.get(t).threshold(request.density(), sums.elements());
      changed += sums.squares(t) > 0 ? 1 : 0;
    }
    if (changed < 2) {
      return;
    }
    tasks.read((first, some, origin, deltas) -> {
      for (int i = 0; i < count; i++) {
        for (int j = i + 1; j < count; j++) {
          sums.addLargest(
              i, j, deltas.get(i), deltas.get(j), least[i], least[j], some * tasks.length());
        }
      }
    });
  }

  /** Variance that rounding both operands to their dtypes gives a difference that is not zero. */
  private static double noise(
      double[] origin, double[] delta, int elements, int baseBits, int modelBits) {
    double sum = 0;
    for (int i = 0; i < elements; i++) {
      if (delta[i] != 0) {
        sum +=
            Rounding.variance(origin[i], baseBits)
                + Rounding.variance(origin[i] + delta[i], modelBits);
      }
    }
    return sum;
  }

  private void addSpectra(TaskMatrices tasks, TensorSums sums, Findings findings, Result result)
      throws IOException {
    if (!SquareMatrix.fits(tasks.length())) {
      result.skip(
          "spectra of matrices whose shorter side is above 16383 are not taken, it is "
              + tasks.length());
      return;
    }
    double mebibytes =
        Math.ceil(FactCollector.doubles(terms.size(), tasks.length()) * Double.BYTES / MIB);
    if (mebibytes > budgetMebibytes) {
      result.skip(
          "spectra need %.0f MiB of memory, %d MiB (60 %% of -Xmx) are allowed: compare fewer models"
                  .formatted(mebibytes, budgetMebibytes)
              + " at a time, take --metrics norms, or raise -Xmx");
      return;
    }
    memory.acquireUninterruptibly((int) mebibytes);
    try {
      MatrixFacts facts = FactCollector.collect(tasks, sums, weights, request.rank());
      Measures.OF_NORMS.forEach(measure -> measure.measure(facts.norms(), findings));
      Measures.OF_SPECTRA.forEach(measure -> measure.measure(facts, findings));
    } finally {
      memory.release((int) mebibytes);
    }
  }

  /** Spectral norms by Lanczos on differences that are computed while they are read. */
  private void addNorms(WeightMatrix matrix, List<WeightMatrix> counterparts, Findings findings)
      throws IOException, NonFiniteMatrixException {
    long floats = budgetMebibytes * MIB / Float.BYTES / request.threads();
    try (SpectralEngine engine = new CpuSpectralEngine(floats)) {
      List<Double> norms = new ArrayList<>();
      for (int t = 0; t < counterparts.size(); t++) {
        double[] one = new double[counterparts.size()];
        one[t] = 1;
        norms.add(norm(engine, matrix, counterparts, one));
      }
      double sum = norm(engine, matrix, counterparts, weights);
      try (MatrixSource source = MatrixSource.open(base.checkpoint(), matrix)) {
        NormFacts facts =
            new NormFacts(
                norms,
                sum,
                engine.norms(source).spectral(),
                Arrays.stream(weights).boxed().toList());
        Measures.OF_NORMS.forEach(measure -> measure.measure(facts, findings));
      }
    }
  }

  /** The spectral norm of {@code Σ f_t W_t − (Σ f_t) W_0}. */
  private double norm(
      SpectralEngine engine, WeightMatrix matrix, List<WeightMatrix> counterparts, double[] factors)
      throws IOException, NonFiniteMatrixException {
    List<MatrixCombination.Term> parts = new ArrayList<>();
    try {
      for (int t = 0; t < factors.length; t++) {
        if (factors[t] != 0) {
          parts.add(
              new MatrixCombination.Term(
                  factors[t],
                  MatrixSource.open(terms.get(t).model().checkpoint(), counterparts.get(t))));
        }
      }
      parts.add(
          new MatrixCombination.Term(
              -Arrays.stream(factors).sum(), MatrixSource.open(base.checkpoint(), matrix)));
      return engine.norms(MatrixCombination.of(parts)).spectral();
    } finally {
      parts.forEach(part -> part.source().close());
    }
  }
}
