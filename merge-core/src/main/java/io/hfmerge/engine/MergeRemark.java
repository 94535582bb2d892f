package io.hfmerge.engine;

import io.hfmerge.plan.MergePlan;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Something that a method found out about tensors while it looked at their values.
 *
 * @param text what it is
 * @param tensors how many tensors it holds for
 * @param first names of the first of them, in the output's order
 */
public record MergeRemark(String text, long tensors, List<String> first) {

  private static final int MAX_NAMES = 5;

  public MergeRemark {
    first = List.copyOf(first);
  }

  /** As in {@code 7 tensors: the task vectors cancel; the base was taken (a, b, ...)}. */
  public String describe() {
    return tensors
        + (tensors == 1 ? " tensor: " : " tensors: ")
        + text
        + " ("
        + String.join(", ", first)
        + (tensors > first.size() ? ", ..." : "")
        + ")";
  }

  /**
   * Remarks on the tensors of a plan, each text once, in alphabetical order.
   *
   * @param remarks of a tensor by its name
   */
  static List<MergeRemark> of(MergePlan plan, Function<String, List<String>> remarks) {
    Map<String, List<String>> names = new TreeMap<>();
    for (TensorSpec tensor : plan.layout()) {
      for (String text : remarks.apply(tensor.name())) {
        names.computeIfAbsent(text, key -> new ArrayList<>()).add(tensor.name());
      }
    }
    List<MergeRemark> grouped = new ArrayList<>();
    names.forEach((text, tensors) ->
        grouped.add(
            new MergeRemark(
                text, tensors.size(), tensors.subList(0, Math.min(MAX_NAMES, tensors.size())))));
    return grouped;
  }
}
