package io.hfmerge.engine;

import io.hfmerge.engine.MergeReport.NonFinite;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** A journal in memory. Thread-safe. */
class RememberingJournal implements MergeJournal {

  private final Set<String> before;
  private final List<NonFinite> found;
  private final List<String> heard = new ArrayList<>();
  private final List<NonFinite> heardNonFinite = new ArrayList<>();

  RememberingJournal(Set<String> before, List<NonFinite> found) {
    this.before = Set.copyOf(before);
    this.found = List.copyOf(found);
  }

  @Override
  public boolean isComplete(String tensor) {
    return before.contains(tensor);
  }

  @Override
  public List<NonFinite> nonFinite() {
    return found;
  }

  @Override
  public synchronized void completed(TensorSpec tensor, Optional<NonFinite> nonFinite) {
    heard.add(tensor.name());
    nonFinite.ifPresent(heardNonFinite::add);
  }

  /** Names in the order in which they were completed. */
  synchronized List<String> heard() {
    return List.copyOf(heard);
  }

  synchronized Set<String> names() {
    return new TreeSet<>(heard);
  }

  synchronized List<NonFinite> heardNonFinite() {
    return List.copyOf(heardNonFinite);
  }
}
