package io.hfmerge.plan;

import io.hfmerge.tensor.TensorSpec;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The tensors of one checkpoint by canonical name. */
final class CanonicalIndex {

  private final MergeInput input;
  private final Map<String, TensorSpec> byCanonical = new LinkedHashMap<>();

  /** Names that are absent because their values are stored under the name they map to. */
  private final Map<String, String> tied = new HashMap<>();

  CanonicalIndex(MergeInput input, PlanProblems problems) {
    this.input = input;
    for (TensorSpec tensor : input.checkpoint().tensors()) {
      String canonical = input.naming().canonical(tensor.name());
      TensorSpec other = byCanonical.putIfAbsent(canonical, tensor);
      if (other != null) {
        problems.incompatible(
            input.reference()
                + ": tensors \""
                + other.name()
                + "\" and \""
                + tensor.name()
                + "\" are both \""
                + canonical
                + '"');
      }
      input.naming().tiedWith(canonical).ifPresent(twin -> tied.putIfAbsent(twin, canonical));
    }
  }

  MergeInput input() {
    return input;
  }

  Map<String, TensorSpec> tensors() {
    return byCanonical;
  }

  Optional<TensorSpec> find(String canonical) {
    return Optional.ofNullable(byCanonical.get(canonical));
  }

  /** The tensor that holds the same values under the name it is tied with. */
  Optional<TensorSpec> findTied(String canonical) {
    Optional<TensorSpec> twin = input.naming().tiedWith(canonical).flatMap(this::find);
    return twin.isPresent() ? twin : Optional.ofNullable(tied.get(canonical)).flatMap(this::find);
  }
}
