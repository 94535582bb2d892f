package io.hfmerge.analysis;

import io.hfmerge.analysis.AnalysisReport.Skipped;
import io.hfmerge.analysis.metric.AttentionLayer;
import io.hfmerge.analysis.metric.AttentionMetrics;
import io.hfmerge.analysis.metric.BalanceMetrics;
import io.hfmerge.analysis.metric.HeadMetrics;
import io.hfmerge.analysis.metric.NeuronBalance;
import io.hfmerge.analysis.spectral.SpectralEngine;
import io.hfmerge.hf.arch.ModelDimensions;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.arch.WeightMatrix;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Heads and balance of every layer as pieces of work, and their results in order. */
final class LayerJobs {

  private final AnalysisSubject subject;
  private final SpectralEngine engine;
  private final List<Slot<AttentionMetrics>> attention = new ArrayList<>();
  private final List<Slot<BalanceMetrics>> neurons = new ArrayList<>();
  private final List<Skipped> early = new ArrayList<>();

  /** Per layer: how many slots of each kind come before its end, to interleave the two. */
  private final List<int[]> ends = new ArrayList<>();

  LayerJobs(AnalysisSubject subject, SpectralEngine engine) {
    this.subject = subject;
    this.engine = engine;
  }

  void addTo(WorkQueue queue) {
    if (subject.base().isPresent()) {
      early.add(
          new Skipped(
              "balance",
              "its identities hold for weights at a stationary point, not for differences of weights"));
    }
    Optional<ModelDimensions> dimensions = subject.structure().dimensions();
    if (dimensions.isEmpty()) {
      early.add(
          new Skipped(
              "heads",
              "the family \"%s\" is not known, so neither are its heads"
                  .formatted(subject.structure().modelType())));
      return;
    }
    for (LayerMatrices layer : LayerMatrices.of(subject.structure())) {
      addAttention(queue, layer, dimensions.get());
      addNeurons(queue, layer);
      ends.add(new int[] {attention.size(), neurons.size()});
    }
  }

  private void addAttention(WorkQueue queue, LayerMatrices matrices, ModelDimensions dimensions) {
    Optional<WeightMatrix> q = matrices.find(Role.Q);
    Optional<WeightMatrix> k = matrices.find(Role.K);
    Optional<WeightMatrix> v = matrices.find(Role.V);
    Optional<WeightMatrix> o = matrices.find(Role.O);
    if (q.isEmpty() && k.isEmpty() && v.isEmpty() && o.isEmpty()) {
      return;
    }
    Slot<AttentionMetrics> slot =
        new Slot<>(
            (matrices.stack().isEmpty() ? "" : matrices.stack() + " ")
                + "heads of layer "
                + matrices.layer());
    attention.add(slot);
    if (q.isEmpty() || k.isEmpty() || v.isEmpty() || o.isEmpty()) {
      slot.skip("Q, K, V and O are not all there");
      return;
    }
    AttentionLayer layer =
        new AttentionLayer(
            q.get(), k.get(), v.get(), o.get(), dimensions.heads(), dimensions.kvHeads());
    if (!layer.obstacle().isEmpty()) {
      slot.skip(layer.obstacle());
      return;
    }
    long bytes = 0;
    double cost = 0;
    for (WeightMatrix matrix : List.of(q.get(), k.get(), v.get(), o.get())) {
      bytes += MatrixBytes.of(subject.checkpoint(), matrix);
      cost += (double) matrix.rows() * matrix.columns();
    }
    queue.add(
        cost,
        bytes,
        () ->
            slot.fill(() ->
                Optional.of(
                    AttentionMetrics.of(
                        layer, subject.structure().balanceTraits(), subject, engine))));
  }

  private void addNeurons(WorkQueue queue, LayerMatrices layer) {
    for (WeightMatrix up : layer.matrices()) {
      if (up.role() != Role.M1) {
        continue;
      }
      Optional<WeightMatrix> found = layer.find(Role.M2, up.expert());
      if (found.isEmpty()) {
        continue;
      }
      WeightMatrix down = found.get();
      Slot<BalanceMetrics> slot = new Slot<>(up.label() + " against " + down.label());
      neurons.add(slot);
      queue.add(
          (double) up.rows() * up.columns(),
          0,
          () ->
              slot.fill(() ->
                  Optional.of(
                      NeuronBalance.of(
                          subject, up, down, subject.structure().balanceTraits().mlp()))));
    }
  }

  List<HeadMetrics> heads() {
    return attention.stream()
        .flatMap(slot -> slot.value().stream())
        .flatMap(metrics -> metrics.heads().stream())
        .toList();
  }

  /** Empty of a task vector: identities are of weights at a stationary point. */
  List<BalanceMetrics> balance() {
    if (subject.base().isPresent()) {
      return List.of();
    }
    List<BalanceMetrics> all = new ArrayList<>();
    int[] from = {0, 0};
    for (int[] end : ends) {
      attention
          .subList(from[0], end[0])
          .forEach(slot -> slot.value().ifPresent(metrics -> all.addAll(metrics.balance())));
      neurons.subList(from[1], end[1]).forEach(slot -> slot.value().ifPresent(all::add));
      from = end;
    }
    return all;
  }

  List<Skipped> skipped() {
    List<Skipped> all = new ArrayList<>(early);
    attention.forEach(slot -> slot.skipped().ifPresent(all::add));
    neurons.forEach(slot -> slot.skipped().ifPresent(all::add));
    return all;
  }
}
