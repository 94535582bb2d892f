package io.hfmerge.hf.djl.model;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.arch.ModelStructure;
import io.hfmerge.hf.djl.DjlTensors;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.Set;

/**
 * Hands out the parameters of a checkpoint by canonical name, first without values; once all are
 * taken, says which are missing, of another shape, or left over.
 */
final class StoredParameters {

  /** A size that the stored shape decides. */
  static final long ANY = -1;

  /** Names listed in one message. */
  private static final int SHOWN = 8;

  private final String id;
  private final ModelStructure structure;
  private final Map<String, TensorSpec> byCanonicalName = new LinkedHashMap<>();
  private final SequencedMap<String, Parameter> taken = new LinkedHashMap<>();
  private final Set<String> known = new HashSet<>();
  private final List<String> missing = new ArrayList<>();
  private final List<String> misshapen = new ArrayList<>();

  StoredParameters(HfModel model) {
    this.id = model.checkpoint().id();
    this.structure = model.structure();
    for (TensorSpec tensor : model.checkpoint().tensors()) {
      if (!structure.isBuffer(tensor)) {
        byCanonicalName.put(structure.canonical(tensor.name()), tensor);
      }
    }
  }

  /** Whether the checkpoint has a tensor, under this name or one that is tied with it. */
  boolean has(String canonicalName) {
    return find(canonicalName).isPresent();
  }

  /**
   * The parameter of a tensor; the same one for tied names.
   *
   * @param shape what it must be, {@link #ANY} where it may be anything
   */
  Parameter take(String canonicalName, Parameter.Type type, long... shape) {
    known.add(canonicalName);
    Optional<TensorSpec> found = find(canonicalName);
    if (found.isEmpty()) {
      missing.add(canonicalName);
      return Parameter.builder().setName(canonicalName).setType(type).build();
    }
    TensorSpec tensor = found.get();
    known.add(structure.canonical(tensor.name()));
    if (!fits(tensor.shape(), shape)) {
      misshapen.add(
          "tensor \"%s\": expected shape %s, found %s"
              .formatted(tensor.name(), describe(shape), tensor.shape()));
    }
    return taken.computeIfAbsent(
        tensor.name(), name -> Parameter.builder().setName(name).setType(type).build());
  }

  /** Of tied names the one that the checkpoint has; the partner's where it has both. */
  private Optional<TensorSpec> find(String canonicalName) {
    Optional<TensorSpec> own = Optional.ofNullable(byCanonicalName.get(canonicalName));
    Optional<TensorSpec> partner = structure.tiedWith(canonicalName).map(byCanonicalName::get);
    if (own.isPresent() && partner.isPresent()) {
      // the embedding, which comes first in files and in transformers' tying
      return structure.precedesLayers(canonicalName) ? own : partner;
    }
    return own.or(() -> partner);
  }

  /**
   * Checks that what was taken is what the checkpoint has.
   *
   * @param otherParts starts of canonical names that may be left over
   * @param extras whether others may be too
   * @return names of those others
   * @throws MalformedCheckpointException if tensors are missing, of another shape, or left over
   */
  List<String> check(List<String> otherParts, boolean extras) {
    List<String> extra =
        byCanonicalName.entrySet().stream()
            .filter(entry -> !known.contains(entry.getKey()))
            .filter(entry -> otherParts.stream().noneMatch(entry.getKey()::startsWith))
            .map(entry -> entry.getValue().name())
            .toList();
    List<String> problems = new ArrayList<>(misshapen);
    if (!missing.isEmpty()) {
      problems.add("missing " + list(missing));
    }
    if (!extra.isEmpty() && !extras) {
      problems.add("not expected " + list(extra));
    }
    if (!problems.isEmpty()) {
      throw new MalformedCheckpointException(
          "%s: the tensors are not those of a %s model of this config:\n  %s"
              .formatted(id, structure.modelType(), String.join("\n  ", problems)));
    }
    return extra;
  }

  /** Stored names of everything taken, in the order of taking. */
  SequencedSet<String> names() {
    return taken.sequencedKeySet();
  }

  /** Gives the parameters their values. */
  void fill(DjlTensors tensors) {
    taken.forEach((name, parameter) -> {
      NDArray array = tensors.get(name);
      parameter.setArray(array);
    });
  }

  private static boolean fits(Shape found, long... expected) {
    if (found.rank() != expected.length) {
      return false;
    }
    for (int i = 0; i < expected.length; i++) {
      if (expected[i] != ANY && expected[i] != found.dimension(i)) {
        return false;
      }
    }
    return true;
  }

  private static String describe(long... shape) {
    return Arrays.toString(shape).replace(String.valueOf(ANY), "?");
  }

  private static String list(List<String> names) {
    List<String> shown = names.subList(0, Math.min(SHOWN, names.size()));
    String more = names.size() > SHOWN ? " and " + (names.size() - SHOWN) + " more" : "";
    return "\"" + String.join("\", \"", shown) + "\"" + more;
  }
}
