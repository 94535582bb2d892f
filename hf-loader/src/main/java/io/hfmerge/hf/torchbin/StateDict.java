package io.hfmerge.hf.torchbin;

import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.torchbin.PickleValue.Mapping;
import io.hfmerge.hf.torchbin.PickleValue.Tensor;
import io.hfmerge.hf.torchbin.PickleValue.Text;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The tensors of a saved object by name.
 *
 * <p>The rule: the object is a dict of tensors; or, if no value of it is a tensor, a dict that
 * holds such a dict under the first of the keys {@code state_dict}, {@code model_state_dict},
 * {@code model} and {@code module} that has one. What lies beside the tensors is left out and
 * noted.
 *
 * @param tensors in the order of the file
 * @param notes what was left out, a line each
 */
record StateDict(Map<String, Tensor> tensors, List<String> notes) {

  private static final List<String> WRAPPERS =
      List.of("state_dict", "model_state_dict", "model", "module");

  private static final int NAMES_SHOWN = 8;

  private record Wrapped(String key, Mapping dict) {}

  StateDict {
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    notes = List.copyOf(notes);
  }

  /**
   * Finds the tensors.
   *
   * @param source name of the file
   * @throws UnsupportedFeatureException if the object is something else
   */
  static StateDict of(String source, PickleValue root) {
    if (!(root instanceof Mapping top)) {
      throw new UnsupportedFeatureException(
          "%s: expected a dict of tensors by name, found %s".formatted(source, root.describe()));
    }
    List<String> notes = new ArrayList<>();
    Mapping dict = top;
    if (!top.entries().isEmpty() && !hasTensors(top)) {
      Wrapped wrapped = unwrap(source, top);
      dict = wrapped.dict();
      notes.add("%s: weights taken from \"%s\"".formatted(source, wrapped.key()));
      note(source, "beside it", top, List.of(wrapped.key()), notes);
    }
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (Map.Entry<PickleValue, PickleValue> entry : dict.entries().entrySet()) {
      if (entry.getValue() instanceof Tensor tensor) {
        if (!(entry.getKey() instanceof Text(String name))) {
          throw new UnsupportedFeatureException(
              "%s: expected tensors by name, found one under %s"
                  .formatted(source, entry.getKey().describe()));
        }
        tensors.put(name, tensor);
      } else if (entry.getValue() instanceof Mapping nested && hasTensors(nested)) {
        throw new UnsupportedFeatureException(
            "%s: expected tensors by name, found a dict of tensors under %s beside them; save one of"
                    .formatted(source, entry.getKey().describe())
                + " the two alone");
      }
    }
    note(source, "no tensors", dict, tensors.keySet(), notes);
    return new StateDict(tensors, notes);
  }

  private static Wrapped unwrap(String source, Mapping top) {
    for (String key : WRAPPERS) {
      if (top.entries().get(new Text(key)) instanceof Mapping dict && hasTensors(dict)) {
        return new Wrapped(key, dict);
      }
    }
    throw new UnsupportedFeatureException(
        "%s: expected tensors by name, at the top or under %s, found %s"
            .formatted(
                source,
                String.join(", ", WRAPPERS),
                shown(top.entries().keySet().stream().map(PickleValue::describe).toList())));
  }

  private static boolean hasTensors(Mapping dict) {
    return dict.entries().values().stream().anyMatch(Tensor.class::isInstance);
  }

  private static void note(
      String source, String why, Mapping dict, Collection<String> taken, List<String> notes) {
    List<String> left =
        dict.entries().keySet().stream()
            .filter(key -> !(key instanceof Text(String name) && taken.contains(name)))
            .map(PickleValue::describe)
            .toList();
    if (!left.isEmpty()) {
      notes.add("%s: left out, %s: %s".formatted(source, why, shown(left)));
    }
  }

  private static String shown(List<String> names) {
    String shown = String.join(", ", names.subList(0, Math.min(NAMES_SHOWN, names.size())));
    return names.size() <= NAMES_SHOWN
        ? shown
        : shown + " and " + (names.size() - NAMES_SHOWN) + " more";
  }
}
