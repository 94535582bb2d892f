package io.hfmerge.engine;

import io.hfmerge.engine.MergeReport.NonFinite;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** A journal in memory. Thread-safe. */
class RememberingJournal implements MergeJournal {

  private final Set<String> before;
  private final List<TensorFindings> found;
  private final List<String> heard = new ArrayList<>();
  private final List<TensorFindings> heardFindings = new ArrayList<>();

  RememberingJournal(Set<String> before, List<TensorFindings> found) {
    this.before = Set.copyOf(before);
    this.found = List.copyOf(found);
  }

  @Override
  public boolean isComplete(String tensor) {
    return before.contains(tensor);
  }

  @Override
  public List<TensorFindings> findings() {
    return found;
  }

  @Override
  public synchronized void completed(TensorSpec tensor, TensorFindings findings) {
    heard.add(tensor.name());
    heardFindings.add(findings);
  }

  /** Names in the order in which they were completed. */
  synchronized List<String> heard() {
    return List.copyOf(heard);
  }

  synchronized Set<String> names() {
    return new TreeSet<>(heard);
  }

  synchronized List<NonFinite> heardNonFinite() {
    return heardFindings.stream().flatMap(found -> found.nonFinite().stream()).toList();
  }

  /** What was found, by tensor. */
  synchronized Map<String, List<String>> heardRemarks() {
    Map<String, List<String>> remarks = new TreeMap<>();
    heardFindings.forEach(found -> remarks.put(found.tensor(), found.remarks()));
    return remarks;
  }
}
