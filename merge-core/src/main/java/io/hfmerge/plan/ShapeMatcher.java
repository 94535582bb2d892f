package io.hfmerge.plan;

import io.hfmerge.plan.TensorMatcher.Found;
import io.hfmerge.recipe.MismatchPolicy;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;

/** Decides about tensors whose shapes differ, as the recipe asks. */
final class ShapeMatcher {

  private final MismatchPolicy policy;
  private final boolean withTokenizer;
  private final PlanProblems problems;

  ShapeMatcher(Recipe recipe, PlanProblems problems) {
    this.policy = recipe.onMismatch();
    this.withTokenizer = recipe.tokenizer() != null;
    this.problems = problems;
  }

  /**
   * The tensors to merge, all of one shape.
   *
   * @param slot what is merged; its owner's shape counts
   * @param found tensors of any shapes
   */
  List<Found> match(OutputSlot slot, List<Found> found) {
    Shape expected = slot.tensor().shape();
    if (haveShape(found, expected)) {
      return found;
    }
    if (policy == MismatchPolicy.CROP && canBeCropped(slot, found)) {
      return crop(slot, found);
    }
    List<Found> fitting = new ArrayList<>(found.size());
    for (Found one : found) {
      TensorSpec tensor = one.source().tensor();
      if (tensor.shape().equals(expected)) {
        fitting.add(one);
      } else if (policy == MismatchPolicy.SKIP) {
        problems.note(
            "left out of the tensor because of its shape (on_mismatch: skip): "
                + one.member().label(),
            slot.name() + " (" + tensor.shape() + ", expected " + expected + ")");
      } else {
        refuse(slot, one);
      }
    }
    return fitting;
  }

  private static boolean haveShape(List<Found> found, Shape expected) {
    for (Found one : found) {
      if (!one.source().tensor().shape().equals(expected)) {
        return false;
      }
    }
    return true;
  }

  private void refuse(OutputSlot slot, Found one) {
    problems.incompatible(
        "tensor \""
            + slot.tensor().name()
            + "\": "
            + slot.tensor().describe()
            + " in "
            + slot.owner().reference()
            + ", "
            + one.source().tensor().describe()
            + " in "
            + one.member().label()
            + advice(slot, one.source().tensor()));
  }

  private String advice(OutputSlot slot, TensorSpec found) {
    boolean vocabulary = slot.owner().naming().isVocabulary(slot.canonical());
    if (policy == MismatchPolicy.CROP && !vocabulary) {
      return "; only matrices of the vocabulary are cropped";
    }
    if (withTokenizer || !differInRows(slot, found)) {
      return "";
    }
    return "; if its rows are tokens, add \"tokenizer_source: union\" to the recipe"
        + (vocabulary ? ", or cut them to the common ones with \"on_mismatch: crop\"" : "");
  }

  /** Rows that differ in number outside the layers are mostly tokens. */
  private static boolean differInRows(OutputSlot slot, TensorSpec found) {
    List<Long> wanted = slot.tensor().shape().dimensions();
    List<Long> other = found.shape().dimensions();
    return wanted.size() == other.size()
        && !wanted.isEmpty()
        && wanted.subList(1, wanted.size()).equals(other.subList(1, other.size()))
        && slot.offset() == OutputSlot.BY_NAME
        && !LayerGuess.inLayer(slot.owner(), slot.canonical());
  }

  private static boolean canBeCropped(OutputSlot slot, List<Found> found) {
    return slot.owner().naming().isVocabulary(slot.canonical())
        && found.stream().allMatch(one -> one.source().tensor().shape().rank() == 2);
  }

  /** Cuts all to the rows and columns that all have, counted from the first. */
  private List<Found> crop(OutputSlot slot, List<Found> found) {
    long rows = Long.MAX_VALUE;
    long columns = Long.MAX_VALUE;
    for (Found one : found) {
      rows = Math.min(rows, one.source().tensor().shape().dimension(0));
      columns = Math.min(columns, one.source().tensor().shape().dimension(1));
    }
    Shape common = Shape.of(rows, columns);
    List<Found> cropped = new ArrayList<>(found.size());
    for (Found one : found) {
      TensorSpec tensor = one.source().tensor();
      if (tensor.shape().equals(common)) {
        cropped.add(one);
        continue;
      }
      problems.note(
          "cut to the rows and columns that all models have (on_mismatch: crop): "
              + one.member().label(),
          slot.name() + " (" + tensor.shape() + " to " + common + ")");
      MergeInput input = one.source().input();
      CroppedCheckpoint view = new CroppedCheckpoint(input.checkpoint(), tensor, common);
      cropped.add(
          new Found(
              one.place(),
              one.member(),
              new TensorSource(
                  new MergeInput(input.reference(), view, input.naming()),
                  view.get(tensor.name()))));
    }
    return cropped;
  }
}
