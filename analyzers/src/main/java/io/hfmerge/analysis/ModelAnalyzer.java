package io.hfmerge.analysis;

import io.hfmerge.analysis.AnalysisReport.Skipped;
import io.hfmerge.analysis.metric.MatrixMetrics;
import io.hfmerge.analysis.spectral.SpectralEngine;
import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.arch.ModelStructure;
import io.hfmerge.hf.arch.WeightMatrix;
import io.hfmerge.progress.ProgressListener;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Measures a model. Stateless.
 *
 * <p>Matrices with NaN or infinity, of integers, or too large for the engine are listed as skipped
 * with the reason; a model of an unknown family is measured by its two-dimensional tensors alone.
 */
public final class ModelAnalyzer {

  private ModelAnalyzer() {}

  /**
   * Measures what the request asks for.
   *
   * @param progress hears of bytes of weights; a matrix counts as often as it is measured (Q alone,
   *     in QKV, in heads)
   * @throws io.hfmerge.error.MalformedCheckpointException if a tensor has not the shape that its
   *     role needs
   * @throws IncompatibleCheckpointsException if the model and its base have layers of different
   *     shapes, or nothing in common
   * @throws UnsupportedFeatureException if a CUDA device was asked for and there is none
   * @throws IOException if bytes cannot be read
   * @throws InterruptedException if this thread was interrupted; no thread of the analysis is left
   */
  public static AnalysisReport analyze(
      AnalysisSubject subject, AnalysisRequest request, ProgressListener progress)
      throws IOException, InterruptedException {
    try (SpectralEngine engine = EngineSelection.open(request)) {
      return analyze(subject, request, progress, engine);
    }
  }

  static AnalysisReport analyze(
      AnalysisSubject subject,
      AnalysisRequest request,
      ProgressListener progress,
      SpectralEngine engine)
      throws IOException, InterruptedException {
    ModelStructure structure = subject.structure();
    List<WeightMatrix> matrices = new ArrayList<>(structure.layerMatrices());
    if (request.includeOther() || !structure.known()) {
      matrices.addAll(structure.otherMatrices());
    }
    WorkQueue queue = new WorkQueue();
    MatrixJobs jobs = new MatrixJobs(subject, request, engine, matrices);
    jobs.addTo(queue);
    LayerJobs layers = new LayerJobs(subject, engine);
    if (request.heads()) {
      layers.addTo(queue);
    }
    queue.run("analysing", engine.concurrent() ? request.threads() : 1, progress);
    List<MatrixMetrics> results = jobs.results();
    List<Skipped> skipped = new ArrayList<>(jobs.skipped());
    skipped.addAll(layers.skipped());
    subject
        .base()
        .ifPresent(base ->
            base.missingIn(new Counterparts(subject)).stream()
                .filter(matrix -> matrix.layer() >= 0)
                .forEach(matrix ->
                    skipped.add(
                        new Skipped(matrix.label(), subject.id() + " has no counterpart"))));
    if (subject.base().isPresent() && results.isEmpty()) {
      throw new IncompatibleCheckpointsException(
          "%s and its base %s: expected matrices in common, found none"
              .formatted(subject.id(), subject.base().get().owner().id()));
    }
    return ReportAssembly.of(
        subject, request, engine.device(), results, layers.heads(), layers.balance(), skipped);
  }
}
