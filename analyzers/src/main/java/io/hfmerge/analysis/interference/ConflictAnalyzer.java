package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.AnalysisReport.Skipped;
import io.hfmerge.analysis.AnalysisRequest.Metrics;
import io.hfmerge.analysis.AnalysisSubject;
import io.hfmerge.analysis.Counterparts;
import io.hfmerge.analysis.WorkQueue;
import io.hfmerge.analysis.interference.ConflictReport.Task;
import io.hfmerge.analysis.interference.ConflictReport.TensorConflicts;
import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.hf.arch.ModelStructure;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.arch.WeightMatrix;
import io.hfmerge.plan.TensorNaming.LayerPosition;
import io.hfmerge.progress.ProgressListener;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Measures how the task vectors of several models clash, before they are summed. Nothing of a model
 * is held but panels and, matrix by matrix, products of the size of its shorter side squared
 * ({@link FactCollector}); as many matrices at a time as threads and memory allow. Stateless.
 */
public final class ConflictAnalyzer {

  /**
   * A model of the sum.
   *
   * @param model open during the analysis
   * @param weight its factor λ w_t, finite
   */
  public record Term(AnalysisSubject model, double weight) {

    public Term {
      if (!Double.isFinite(weight)) {
        throw new IllegalArgumentException("weight is " + weight + ", expected a finite number");
      }
    }
  }

  private final AnalysisSubject base;
  private final List<Term> terms;
  private final List<Counterparts> models;
  private final ConflictRequest request;
  private final MatrixConflicts measurement;

  private ConflictAnalyzer(AnalysisSubject base, List<Term> terms, ConflictRequest request) {
    this.base = base;
    this.terms = List.copyOf(terms);
    this.models = terms.stream().map(Term::model).map(Counterparts::new).toList();
    this.request = request;
    this.measurement = new MatrixConflicts(base, terms, models, request);
  }

  /**
   * Measures what the request asks for.
   *
   * @param terms two models or more, of the base's shapes
   * @param progress hears of bytes of the base's weights
   * @throws IncompatibleCheckpointsException if layers have different shapes, or the models share
   *     nothing with the base
   * @throws IOException if bytes cannot be read
   * @throws InterruptedException if this thread was interrupted
   */
  public static ConflictReport analyze(
      AnalysisSubject base, List<Term> terms, ConflictRequest request, ProgressListener progress)
      throws IOException, InterruptedException {
    if (terms.size() < 2) {
      throw new IllegalArgumentException("two models or more can clash, found " + terms.size());
    }
    return new ConflictAnalyzer(base, terms, request).run(progress);
  }

  private ConflictReport run(ProgressListener progress) throws IOException, InterruptedException {
    Counterparts ofBase = new Counterparts(base);
    List<WeightMatrix> matrices =
        ofBase.all().stream().filter(matrix -> matrix.role() != Role.QKV).toList();
    List<MatrixConflicts.Result> results = new ArrayList<>();
    WorkQueue queue = new WorkQueue();
    for (WeightMatrix matrix : matrices) {
      MatrixConflicts.Result result = new MatrixConflicts.Result(matrix.label());
      results.add(result);
      boolean spectra = hasSpectra(matrix);
      double elements = (double) matrix.rows() * matrix.columns();
      double side =
          spectra && request.metrics() == Metrics.ALL
              ? Math.min(matrix.rows(), matrix.columns())
              : 1;
      queue.add(
          elements * side,
          measurement.bytes(matrix),
          () -> measurement.measure(matrix, spectra, result));
    }
    double[] weights = terms.stream().mapToDouble(Term::weight).toArray();
    BalanceDrift balance = new BalanceDrift(base, models, weights);
    if (request.metrics() == Metrics.ALL) {
      balance.addTo(queue);
    }
    queue.run("comparing", request.threads(), progress);
    return report(ofBase, matrices, results, balance.results());
  }

  /** Layers have spectra; so has everything two-dimensional of families without a definition. */
  private boolean hasSpectra(WeightMatrix matrix) {
    boolean known = base.structure().known();
    return matrix.layer() >= 0
        || ((request.includeOther() || !known) && matrix.rows() > 1 && matrix.columns() > 1);
  }

  private ConflictReport report(
      Counterparts ofBase,
      List<WeightMatrix> matrices,
      List<MatrixConflicts.Result> results,
      List<BalanceDrift.Result> balance) {
    double[] weights = terms.stream().mapToDouble(Term::weight).toArray();
    GroupSums groups = new GroupSums(weights);
    List<TensorConflicts> tensors = new ArrayList<>();
    List<Skipped> skipped = new ArrayList<>();
    for (int i = 0; i < results.size(); i++) {
      MatrixConflicts.Result result = results.get(i);
      skipped.addAll(result.skipped());
      if (result.sums().isPresent()) {
        TensorConflicts tensor = placed(matrices.get(i), result.values());
        tensors.add(tensor);
        groups.add(tensor, result.sums().get());
      }
    }
    for (BalanceDrift.Result result : balance) {
      groups.addLayer(result.layer().stack(), result.layer().layer(), result.values());
      result.skipped().ifPresent(skipped::add);
    }
    for (Counterparts model : models) {
      for (WeightMatrix extra : model.missingIn(ofBase)) {
        if (extra.role() != Role.QKV) {
          skipped.add(
              new Skipped(
                  extra.label(), "in %s, but not in %s".formatted(model.owner().id(), base.id())));
        }
      }
    }
    if (tensors.isEmpty()) {
      throw new IncompatibleCheckpointsException(
          "%s: expected tensors in common with all models, found none%s"
              .formatted(
                  base.id(),
                  skipped.isEmpty()
                      ? ""
                      : "; %s: %s"
                          .formatted(skipped.getFirst().tensor(), skipped.getFirst().reason())));
    }
    return new ConflictReport(
        base.id(),
        base.structure().modelType(),
        terms.stream()
            .map(term -> new Task(term.model().id(), term.model().revision(), term.weight()))
            .toList(),
        request,
        tensors,
        groups.layers(),
        groups.roles(),
        groups.model(),
        SumForecast.of(groups.model(), tensors),
        List.of(),
        skipped);
  }

  /** Norms and biases are in a layer too, though they have no role there. */
  private TensorConflicts placed(WeightMatrix matrix, List<MeasureValue> values) {
    String stack = matrix.stack();
    int layer = matrix.layer();
    if (layer < 0) {
      ModelStructure structure = base.structure();
      String name = structure.canonical(matrix.blocks().getFirst().tensor());
      Optional<LayerPosition> position = structure.layer(name);
      if (position.isPresent()) {
        layer = position.get().index();
        stack = stack(structure, position.get());
      }
    }
    return new TensorConflicts(
        stack,
        layer,
        matrix.role(),
        matrix.expert(),
        matrix.label(),
        Math.toIntExact(matrix.rows()),
        Math.toIntExact(matrix.columns()),
        values);
  }

  private static String stack(ModelStructure structure, LayerPosition position) {
    return structure.layerMatrices().stream()
        .map(WeightMatrix::stack)
        .distinct()
        .filter(stack -> !stack.isEmpty() && position.stack().contains(stack))
        .findFirst()
        .orElse("");
  }
}
