package io.hfmerge.analysis;

import io.hfmerge.analysis.AnalysisReport.Skipped;
import io.hfmerge.analysis.AnalysisRequest.Metrics;
import io.hfmerge.analysis.matrix.MatrixSource;
import io.hfmerge.analysis.matrix.NonFiniteMatrixException;
import io.hfmerge.analysis.metric.MatrixMetrics;
import io.hfmerge.analysis.metric.SpectrumMetrics;
import io.hfmerge.analysis.spectral.SpectralEngine;
import io.hfmerge.analysis.spectral.Spectrum;
import io.hfmerge.analysis.spectral.StackedSpectrum;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.arch.WeightMatrix;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Norms or spectra of matrices as pieces of work, and their results in order. Where spectra are
 * wanted, Q, K, V and QKV of a layer are one piece: the Gram matrix of QKV is the sum of theirs.
 */
final class MatrixJobs {

  private final AnalysisSubject subject;
  private final AnalysisRequest request;
  private final SpectralEngine engine;
  private final Map<WeightMatrix, Slot<MatrixMetrics>> slots = new LinkedHashMap<>();

  MatrixJobs(
      AnalysisSubject subject,
      AnalysisRequest request,
      SpectralEngine engine,
      List<WeightMatrix> matrices) {
    this.subject = subject;
    this.request = request;
    this.engine = engine;
    matrices.forEach(matrix -> slots.put(matrix, new Slot<>(matrix.label())));
  }

  void addTo(WorkQueue queue) {
    Map<WeightMatrix, Slot<MatrixMetrics>> single = new LinkedHashMap<>(slots);
    if (request.metrics() == Metrics.ALL) {
      for (LayerMatrices layer : LayerMatrices.of(subject.structure())) {
        stack(layer)
            .ifPresent(stack -> {
              double cost = stack.stream().mapToDouble(this::cost).sum();
              long bytes = stack.stream().mapToLong(this::bytes).sum();
              queue.add(cost, bytes, () -> measureStack(stack));
              single.keySet().removeAll(stack);
            });
      }
    }
    single.forEach(
        (matrix, slot) -> queue.add(cost(matrix), bytes(matrix), () -> measure(matrix, slot)));
  }

  List<MatrixMetrics> results() {
    return slots.values().stream().flatMap(slot -> slot.value().stream()).toList();
  }

  List<Skipped> skipped() {
    return slots.values().stream().flatMap(slot -> slot.skipped().stream()).toList();
  }

  private double cost(WeightMatrix matrix) {
    double elements = (double) matrix.rows() * matrix.columns();
    return request.metrics() == Metrics.NORMS
        ? elements
        : elements * Math.min(matrix.rows(), matrix.columns());
  }

  private long bytes(WeightMatrix matrix) {
    return MatrixBytes.of(subject.checkpoint(), matrix);
  }

  /** Q, K, V and QKV, if something is gained by taking them together. */
  private Optional<List<WeightMatrix>> stack(LayerMatrices layer) {
    Optional<WeightMatrix> q = layer.find(Role.Q);
    Optional<WeightMatrix> k = layer.find(Role.K);
    Optional<WeightMatrix> v = layer.find(Role.V);
    Optional<WeightMatrix> whole = layer.find(Role.QKV);
    if (q.isEmpty() || k.isEmpty() || v.isEmpty() || whole.isEmpty()) {
      return Optional.empty();
    }
    List<WeightMatrix> all = List.of(q.get(), k.get(), v.get(), whole.get());
    long columns = whole.get().columns();
    boolean fits =
        q.get().rows() + k.get().rows() + v.get().rows() == whole.get().rows()
            && columns <= Integer.MAX_VALUE
            && all.stream().allMatch(m -> m.columns() == columns && slots.containsKey(m));
    return fits && q.get().rows() >= columns ? Optional.of(all) : Optional.empty();
  }

  private void measure(WeightMatrix matrix, Slot<MatrixMetrics> slot) throws IOException {
    slot.fill(() -> {
      try (MatrixSource source = subject.open(matrix)) {
        return Optional.of(
            request.metrics() == Metrics.NORMS
                ? MatrixMetrics.of(
                    source, engine.norms(source), request.epsilon(), Optional.empty())
                : metrics(source, engine.spectrum(source)));
      }
    });
  }

  private void measureStack(List<WeightMatrix> stack) throws IOException {
    WeightMatrix whole = stack.getLast();
    Slot<MatrixMetrics> last = slot(whole);
    try (StackedSpectrum spectra = engine.stack((int) whole.columns())) {
      for (WeightMatrix part : stack.subList(0, stack.size() - 1)) {
        slot(part)
            .fill(() -> {
              try (MatrixSource source = subject.open(part)) {
                return Optional.of(metrics(source, spectra.add(source)));
              }
            });
      }
      if (stack.stream().allMatch(part -> slot(part).skipped().isEmpty())) {
        last.fill(() -> {
          try (MatrixSource source = subject.open(whole)) {
            return Optional.of(metrics(source, spectra.whole()));
          }
        });
        return;
      }
    }
    // says itself what is wrong with it
    measure(whole, last);
  }

  private Slot<MatrixMetrics> slot(WeightMatrix matrix) {
    Slot<MatrixMetrics> slot = slots.get(matrix);
    if (slot == null) {
      throw new IllegalArgumentException(matrix.label() + " is not among those to be measured");
    }
    return slot;
  }

  private MatrixMetrics metrics(MatrixSource source, Spectrum spectrum)
      throws NonFiniteMatrixException {
    return MatrixMetrics.of(
        source,
        spectrum.norms(),
        request.epsilon(),
        Optional.of(
            SpectrumMetrics.of(
                spectrum.singularValues(), request.epsilon(), spectrum.norms().errorBound())));
  }
}
