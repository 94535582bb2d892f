package io.hfmerge.plan;

import io.hfmerge.recipe.ParameterValue;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Models, or layers of models, that are merged with one another.
 *
 * @param members in order; the base, if it takes part, comes first
 * @param withBase whether the first member is the base
 * @param levels parameters that hold for all members, the innermost level first
 * @param copied why tensors are copied from the only member, or {@code null} if they are merged
 */
record SourceGroup(
    List<Member> members,
    boolean withBase,
    List<Map<String, ParameterValue>> levels,
    @Nullable String copied) {

  /**
   * One of the models. Members are told apart by their place: a model may be several of them.
   *
   * @param index its tensors
   * @param label its reference, with a number where the model is a member for a second time
   * @param firstLayer which of its layers is the group's first
   * @param parameters its own
   */
  record Member(
      CanonicalIndex index, String label, int firstLayer, Map<String, ParameterValue> parameters) {}

  SourceGroup {
    members = List.copyOf(members);
    levels = List.copyOf(levels);
    if (members.isEmpty()) {
      throw new IllegalArgumentException("a group without members");
    }
  }

  /** What the members are called, in order. */
  List<String> labels() {
    return members.stream().map(Member::label).toList();
  }

  /** Gives the members of a group labels of their own. */
  static final class Labels {

    private final Map<String, Integer> seen = new HashMap<>();

    String next(String reference) {
      int count = seen.merge(reference, 1, Integer::sum);
      return count == 1 ? reference : reference + " (" + count + ")";
    }
  }
}
