package io.hfmerge.engine;

import io.hfmerge.engine.MergeReport.NonFinite;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;

/** Counts of a run that all workers add to. */
final class RunStatistics {

  final LongAdder bytesRead = new LongAdder();
  final LongAdder bytesWritten = new LongAdder();
  final LongAdder readNanos = new LongAdder();
  final LongAdder writeNanos = new LongAdder();
  final LongAdder computeNanos = new LongAdder();

  private final Map<String, NonFinite> nonFinite = new TreeMap<>();

  synchronized void addNonFinite(String tensor, long elements, long produced) {
    nonFinite.merge(
        tensor,
        new NonFinite(tensor, elements, produced),
        (a, b) -> new NonFinite(tensor, a.elements() + b.elements(), a.produced() + b.produced()));
  }

  /** In alphabetical order, whatever the order in which workers found them. */
  synchronized List<NonFinite> nonFinite() {
    return new ArrayList<>(nonFinite.values());
  }
}
