package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.AnalysisReport.Skipped;
import io.hfmerge.analysis.AnalysisRequest.Metrics;
import io.hfmerge.analysis.AnalysisSubject;
import io.hfmerge.analysis.Counterparts;
import io.hfmerge.analysis.interference.ConflictAnalyzer.Term;
import io.hfmerge.analysis.matrix.MatrixCombination;
import io.hfmerge.analysis.matrix.MatrixSource;
import io.hfmerge.analysis.matrix.NonFiniteMatrixException;
import io.hfmerge.analysis.spectral.CpuSpectralEngine;
import io.hfmerge.analysis.spectral.SpectralEngine;
import io.hfmerge.analysis.spectral.SquareMatrix;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.arch.MatrixBlock;
import io.hfmerge.hf.arch.WeightMatrix;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;

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
        ElementSums elements = new ElementSums(tasks);
        boolean all = spectra && request.metrics() == Metrics.ALL;
        String obstacle = all ? obstacle(tasks) : "";
        Optional<MatrixFacts> facts = Optional.empty();
        if (all && obstacle.isEmpty()) {
          facts = facts(tasks, elements);
        } else {
          read(tasks, elements);
        }
        TensorSums sums = elements.sums();
        Findings findings = new Findings();
        Measures.OF_ELEMENTS.forEach(measure -> measure.measure(sums, weights, findings));
        facts.ifPresent(found -> {
          Measures.OF_NORMS.forEach(measure -> measure.measure(found.norms(), findings));
          Measures.OF_SPECTRA.forEach(measure -> measure.measure(found, findings));
        });
        if (elements.changed()) {
          if (!obstacle.isEmpty()) {
            result.skip(obstacle);
          } else if (spectra && !all) {
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

  /** Both readings, for sums over elements alone. */
  private void read(TaskMatrices tasks, ElementSums elements)
      throws IOException, NonFiniteMatrixException {
    tasks.read((first, some, origin, deltas) -> elements.first(some, origin, deltas));
    checkFinite(tasks, elements);
    if (elements.choose(request.density())) {
      tasks.read((first, some, origin, deltas) -> elements.second(some, deltas));
    }
  }

  private void checkFinite(TaskMatrices tasks, ElementSums elements)
      throws NonFiniteMatrixException {
    if (!elements.finite()) {
      throw tasks.nonFinite(base.id(), terms.stream().map(term -> term.model().id()).toList());
    }
  }

  /** Both readings, for sums over elements and spectra; no facts of models that equal the base. */
  private Optional<MatrixFacts> facts(TaskMatrices tasks, ElementSums elements)
      throws IOException, NonFiniteMatrixException {
    int mebibytes = (int) mebibytes(tasks);
    memory.acquireUninterruptibly(mebibytes);
    try (Arena arena = Arena.ofConfined()) {
      FactCollector collector =
          new FactCollector(tasks, elements.sums(), weights, request.rank(), arena);
      tasks.read((first, some, origin, deltas) -> {
        elements.first(some, origin, deltas);
        collector.addTaskProducts(some, deltas);
      });
      checkFinite(tasks, elements);
      if (!elements.changed()) {
        return Optional.empty();
      }
      boolean signs = elements.choose(request.density());
      collector.takeTasks();
      tasks.read((first, some, origin, deltas) -> {
        if (signs) {
          elements.second(some, deltas);
        }
        collector.addBaseProducts(first, some, origin, deltas);
      });
      return Optional.of(collector.facts());
    } finally {
      memory.release(mebibytes);
    }
  }

  /** Why no spectra can be taken; empty if they can. */
  private String obstacle(TaskMatrices tasks) {
    if (!SquareMatrix.fits(tasks.length())) {
      return "spectra of matrices whose shorter side is above 16383 are not taken, it is "
          + tasks.length();
    }
    double mebibytes = mebibytes(tasks);
    return mebibytes > budgetMebibytes
        ? "spectra need %.0f MiB of memory, %d MiB (60 %% of -Xmx) are allowed: compare fewer models"
                .formatted(mebibytes, budgetMebibytes)
            + " at a time, take --metrics norms, or raise -Xmx"
        : "";
  }

  private double mebibytes(TaskMatrices tasks) {
    return Math.ceil(FactCollector.doubles(terms.size(), tasks.length()) * Double.BYTES / MIB);
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
