package io.hfmerge.engine;

import io.hfmerge.engine.MergeReport.NonFinite;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.LongAdder;

/** Counts and findings of one output that all workers add to. */
final class OutputStatistics {

  final LongAdder bytesWritten = new LongAdder();

  private final Map<String, NonFinite> nonFinite = new TreeMap<>();
  private final Map<String, Set<String>> remarks = new TreeMap<>();

  /**
   * @param earlier what earlier runs found in the tensors that this one leaves as they are
   */
  OutputStatistics(List<TensorFindings> earlier) {
    for (TensorFindings found : earlier) {
      found.nonFinite().ifPresent(this::addNonFinite);
      addRemarks(found.tensor(), found.remarks());
    }
  }

  synchronized void addNonFinite(NonFinite found) {
    nonFinite.merge(found.tensor(), found, NonFinite::plus);
  }

  /** Notes remarks on a tensor; one that is known already stays as it is. */
  synchronized void addRemarks(String tensor, Collection<String> texts) {
    if (!texts.isEmpty()) {
      remarks.computeIfAbsent(tensor, key -> new TreeSet<>()).addAll(texts);
    }
  }

  /** What was found in one tensor. */
  synchronized TensorFindings findings(String tensor) {
    return new TensorFindings(tensor, Optional.ofNullable(nonFinite.get(tensor)), remarks(tensor));
  }

  /** In alphabetical order, whatever the order in which workers found them. */
  synchronized List<String> remarks(String tensor) {
    return List.copyOf(remarks.getOrDefault(tensor, Set.of()));
  }

  /** In alphabetical order, whatever the order in which workers found them. */
  synchronized List<NonFinite> nonFinite() {
    return new ArrayList<>(nonFinite.values());
  }
}
