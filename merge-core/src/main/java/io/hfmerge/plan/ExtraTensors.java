package io.hfmerge.plan;

import io.hfmerge.plan.CanonicalIndex.Entry;
import io.hfmerge.plan.SourceGroup.Member;
import java.util.Optional;
import java.util.function.Predicate;

/** Looks for tensors of models that the output has no place for. */
final class ExtraTensors {

  private final CanonicalIndex layout;
  private final PlanProblems problems;

  ExtraTensors(CanonicalIndex layout, PlanProblems problems) {
    this.layout = layout;
    this.problems = problems;
  }

  /**
   * Those of a whole model: an error within the layers, else a note.
   *
   * @param belongsToPart which of its tensors are asked for
   */
  void inWhole(CanonicalIndex model, Predicate<Entry> belongsToPart) {
    if (model == layout) {
      return;
    }
    for (Entry entry : model.entries()) {
      if (layout.find(entry.canonical()).isPresent() || !belongsToPart.test(entry)) {
        continue;
      }
      if (!isBuffer(model, entry) && LayerGuess.inLayer(model, entry.canonical())) {
        missing(model, entry, layout, entry.spec().name());
      } else {
        leftOut(model, entry);
      }
    }
  }

  /** Those that sources of a slice have in a layer and the first one has not: an error. */
  void inLayer(SourceGroup group, String module, int offset) {
    Member first = group.members().getFirst();
    for (Member member : group.members().subList(1, group.members().size())) {
      CanonicalIndex model = member.index();
      for (String stack : model.stacks(module)) {
        for (Entry entry : model.layer(module, stack, member.firstLayer() + offset)) {
          String there =
              first.index().naming().inLayer(entry.canonical(), first.firstLayer() + offset);
          if (first.index().find(there).isEmpty() && !isBuffer(model, entry)) {
            missing(model, entry, first.index(), there);
          }
        }
      }
    }
  }

  /** Those outside the layers that models of the first and the last slice have: a note. */
  void outsideLayers(String module, SourceGroup first, SourceGroup last) {
    for (Member member : first.members()) {
      outside(member.index(), module, true);
    }
    for (Member member : last.members()) {
      outside(member.index(), module, false);
    }
  }

  private void outside(CanonicalIndex model, String module, boolean before) {
    for (Entry entry : model.entries()) {
      if (entry.layer().isEmpty()
          && entry.module().equals(module)
          && model.naming().precedesLayers(entry.canonical()) == before
          && layout.find(entry.canonical()).isEmpty()) {
        leftOut(model, entry);
      }
    }
  }

  private void missing(CanonicalIndex model, Entry entry, CanonicalIndex other, String name) {
    Optional<String> elsewhere =
        name.equals(entry.spec().name()) ? Optional.empty() : Optional.of(name);
    problems.incompatible(
        "tensor \""
            + entry.spec().name()
            + "\" of "
            + model.reference()
            + " is missing in "
            + other.reference()
            + elsewhere.map(there -> " (\"" + there + "\")").orElse(""));
  }

  private void leftOut(CanonicalIndex model, Entry entry) {
    problems.note(
        "left out: only "
            + model.reference()
            + " has it, the output has the tensors of "
            + layout.reference(),
        entry.spec().name());
  }

  private static boolean isBuffer(CanonicalIndex model, Entry entry) {
    return model.naming().isBuffer(entry.spec()) || entry.spec().dtype().isIntegral();
  }
}
