package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.AnalysisReport.Skipped;
import io.hfmerge.analysis.AnalysisSubject;
import io.hfmerge.analysis.Counterparts;
import io.hfmerge.analysis.LayerMatrices;
import io.hfmerge.analysis.WorkQueue;
import io.hfmerge.analysis.interference.Measure.Scope;
import io.hfmerge.analysis.matrix.MatrixCombination;
import io.hfmerge.analysis.matrix.MatrixOpener;
import io.hfmerge.analysis.matrix.MatrixSource;
import io.hfmerge.analysis.matrix.NonFiniteMatrixException;
import io.hfmerge.analysis.metric.AttentionLayer;
import io.hfmerge.analysis.metric.AttentionMetrics;
import io.hfmerge.analysis.metric.BalanceMetrics;
import io.hfmerge.analysis.metric.NeuronBalance;
import io.hfmerge.analysis.metric.Product;
import io.hfmerge.analysis.spectral.CpuSpectralEngine;
import io.hfmerge.analysis.spectral.SpectralEngine;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.arch.BalanceTraits;
import io.hfmerge.hf.arch.BalanceTraits.Mlp;
import io.hfmerge.hf.arch.ModelDimensions;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.arch.WeightMatrix;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * How far the base, the models and the merged weights are from the identities that weight decay
 * brings about in this architecture (see {@link AttentionMetrics}, {@link NeuronBalance}): layer by
 * layer, the mean of the relative gaps of QK, VP and the MLP, each the mean over its heads or
 * experts.
 */
final class BalanceDrift {

  static final Measure OF_BASE =
      new Measure(
          "baseImbalance",
          "imbalance of the base",
          Scope.SUM,
          "mean relative gap of the identities of balance that theory predicts for this architecture"
              + " (analyze --heads names them), of W0: 0 balanced, up to 2");

  static final Measure DRIFT =
      new Measure("balanceDrift", "balance drift", Scope.TASK, "the same of Wt less that of W0");

  static final Measure DRIFT_OF_SUM =
      new Measure(
          "balanceDriftOfSum",
          "balance drift of the sum",
          Scope.SUM,
          "the same of W0 + M less that of W0");

  static final List<Measure> MEASURES = List.of(OF_BASE, DRIFT, DRIFT_OF_SUM);

  /** Floats of a panel for the Gram matrices of heads. */
  private static final long PANEL_FLOATS = 1 << 20;

  /** What one layer gives; filled by one worker, read after all are done. */
  static final class Result {

    private final LayerMatrices layer;
    private final Findings findings = new Findings();
    private Optional<Skipped> skipped = Optional.empty();

    private Result(LayerMatrices layer) {
      this.layer = layer;
    }

    LayerMatrices layer() {
      return layer;
    }

    List<MeasureValue> values() {
      return findings.values();
    }

    Optional<Skipped> skipped() {
      return skipped;
    }
  }

  private final AnalysisSubject base;
  private final BalanceTraits traits;
  private final int tasks;
  private final List<MatrixOpener> openers = new ArrayList<>();
  private final List<Result> results = new ArrayList<>();

  /**
   * Of a base and models on it.
   *
   * @param models the models
   * @param weights λ w_t
   */
  BalanceDrift(AnalysisSubject base, List<Counterparts> models, double[] weights) {
    this.base = base;
    this.traits = base.structure().balanceTraits();
    this.tasks = models.size();
    openers.add(base);
    for (Counterparts model : models) {
      openers.add(matrix -> MatrixSource.open(model.owner().checkpoint(), model.of(base, matrix)));
    }
    openers.add(matrix -> merged(weights, matrix));
  }

  /** {@code Σ λ w_t W_t + (1 − Σ λ w_t) W_0}. */
  private MatrixSource merged(double[] weights, WeightMatrix matrix) throws IOException {
    List<MatrixCombination.Term> parts = new ArrayList<>();
    try {
      double rest = 1;
      for (int t = 0; t < weights.length; t++) {
        rest -= weights[t];
        parts.add(new MatrixCombination.Term(weights[t], openers.get(1 + t).open(matrix)));
      }
      parts.add(new MatrixCombination.Term(rest, base.open(matrix)));
      return MatrixCombination.of(parts);
    } catch (IOException | RuntimeException e) {
      parts.forEach(part -> part.source().close());
      throw e;
    }
  }

  /** Adds a piece of work for each layer with something to be balanced. */
  void addTo(WorkQueue queue) {
    Optional<ModelDimensions> dimensions = base.structure().dimensions();
    if (dimensions.isEmpty()) {
      return;
    }
    for (LayerMatrices layer : LayerMatrices.of(base.structure())) {
      Result result = new Result(layer);
      results.add(result);
      double elements =
          layer.matrices().stream().mapToDouble(m -> (double) m.rows() * m.columns()).sum();
      queue.add(elements, 0, () -> measure(layer, dimensions.get(), result));
    }
  }

  List<Result> results() {
    return results;
  }

  private void measure(LayerMatrices layer, ModelDimensions dimensions, Result result)
      throws IOException {
    try (SpectralEngine engine = new CpuSpectralEngine(PANEL_FLOATS)) {
      List<Double> gaps = new ArrayList<>();
      for (MatrixOpener opener : openers) {
        OptionalDouble gap = gap(layer, dimensions, opener, engine);
        if (gap.isEmpty()) {
          return;
        }
        gaps.add(gap.getAsDouble());
      }
      double origin = gaps.getFirst();
      result.findings.ofSum(OF_BASE, origin, OptionalDouble.empty());
      for (int t = 0; t < tasks; t++) {
        result.findings.ofTask(DRIFT, t, gaps.get(1 + t) - origin, OptionalDouble.empty());
      }
      result.findings.ofSum(DRIFT_OF_SUM, gaps.getLast() - origin, OptionalDouble.empty());
    } catch (NonFiniteMatrixException | UnsupportedFeatureException e) {
      result.skipped =
          Optional.of(
              new Skipped(
                  (layer.stack().isEmpty() ? "" : layer.stack() + " ")
                      + "balance of layer "
                      + layer.layer(),
                  String.valueOf(e.getMessage())));
    }
  }

  /** Mean over what has an identity; empty where nothing has. */
  private OptionalDouble gap(
      LayerMatrices layer, ModelDimensions dimensions, MatrixOpener opener, SpectralEngine engine)
      throws IOException, NonFiniteMatrixException {
    List<BalanceMetrics> entries = new ArrayList<>();
    Optional<AttentionLayer> attention = attention(layer, dimensions);
    if (attention.isPresent()) {
      entries.addAll(AttentionMetrics.balance(attention.get(), traits, opener, engine));
    }
    boolean neurons = traits.mlp() == Mlp.HOMOGENEOUS || traits.mlp() == Mlp.GATED;
    for (WeightMatrix up : layer.matrices()) {
      Optional<WeightMatrix> down =
          neurons && up.role() == Role.M1 ? layer.find(Role.M2, up.expert()) : Optional.empty();
      if (down.isPresent()) {
        entries.add(NeuronBalance.of(opener, up, down.get(), traits.mlp()));
      }
    }
    Map<Product, double[]> means = new EnumMap<>(Product.class);
    for (BalanceMetrics entry : entries) {
      if (entry.value().isPresent()) {
        double[] mean = means.computeIfAbsent(entry.product(), product -> new double[2]);
        mean[0] += entry.value().get();
        mean[1]++;
      }
    }
    return means.values().stream().mapToDouble(mean -> mean[0] / mean[1]).average();
  }

  private static Optional<AttentionLayer> attention(
      LayerMatrices layer, ModelDimensions dimensions) {
    Optional<WeightMatrix> q = layer.find(Role.Q);
    Optional<WeightMatrix> k = layer.find(Role.K);
    Optional<WeightMatrix> v = layer.find(Role.V);
    Optional<WeightMatrix> o = layer.find(Role.O);
    if (q.isEmpty() || k.isEmpty() || v.isEmpty() || o.isEmpty()) {
      return Optional.empty();
    }
    AttentionLayer attention =
        new AttentionLayer(
            q.get(), k.get(), v.get(), o.get(), dimensions.heads(), dimensions.kvHeads());
    return attention.obstacle().isEmpty() ? Optional.of(attention) : Optional.empty();
  }
}
