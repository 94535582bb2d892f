package io.hfmerge.engine;

import io.hfmerge.engine.MergeReport.NonFinite;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;

/** Counts of one output that all workers add to. */
final class OutputStatistics {

  final LongAdder bytesWritten = new LongAdder();

  private final Map<String, NonFinite> nonFinite = new TreeMap<>();

  /**
   * @param earlier what earlier runs found in the tensors that this one leaves as they are
   */
  OutputStatistics(List<NonFinite> earlier) {
    earlier.forEach(found -> nonFinite.put(found.tensor(), found));
  }

  synchronized void addNonFinite(NonFinite found) {
    nonFinite.merge(found.tensor(), found, NonFinite::plus);
  }

  /** What was found in one tensor. */
  synchronized Optional<NonFinite> nonFinite(String tensor) {
    return Optional.ofNullable(nonFinite.get(tensor));
  }

  /** In alphabetical order, whatever the order in which workers found them. */
  synchronized List<NonFinite> nonFinite() {
    return new ArrayList<>(nonFinite.values());
  }
}
