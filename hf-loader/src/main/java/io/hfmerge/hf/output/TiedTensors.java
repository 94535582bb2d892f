package io.hfmerge.hf.output;

import io.hfmerge.hf.HfModel;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Under which name a weight is written that a model knows by several: under one only, the input
 * embedding's, as transformers saves it.
 *
 * @param dropped names that are not written, since another holds the same values
 * @param renamed names that are written as others
 * @param notes what was decided, a line each
 */
record TiedTensors(Set<String> dropped, Map<String, String> renamed, List<String> notes) {

  private static final int BLOCK_BYTES = 1 << 20;

  TiedTensors {
    dropped = Set.copyOf(dropped);
    renamed = Map.copyOf(renamed);
    notes = List.copyOf(notes);
  }

  /** Decides for a model; reads the tensors of which two may be one. */
  static TiedTensors of(HfModel model) throws IOException {
    Map<String, TensorSpec> byCanonical = new LinkedHashMap<>();
    for (TensorSpec tensor : model.checkpoint().tensors()) {
      byCanonical.put(model.structure().canonical(tensor.name()), tensor);
    }
    Decision decision = new Decision(model.checkpoint(), byCanonical);
    for (List<String> group : model.structure().tiedNames()) {
      decision.decide(group);
    }
    return new TiedTensors(decision.dropped, decision.renamed, decision.notes);
  }

  private static final class Decision {

    private final Checkpoint checkpoint;
    private final Map<String, TensorSpec> byCanonical;
    private final Set<String> dropped = new HashSet<>();
    private final Map<String, String> renamed = new HashMap<>();
    private final List<String> notes = new ArrayList<>();

    Decision(Checkpoint checkpoint, Map<String, TensorSpec> byCanonical) {
      this.checkpoint = checkpoint;
      this.byCanonical = byCanonical;
    }

    void decide(List<String> group) throws IOException {
      List<TensorSpec> present =
          group.stream().map(byCanonical::get).filter(tensor -> tensor != null).toList();
      if (present.isEmpty()) {
        return;
      }
      TensorSpec kept = present.getFirst();
      for (TensorSpec twin : present.subList(1, present.size())) {
        if (equal(kept, twin)) {
          if (dropped.add(twin.name())) {
            notes.add("%s: tied, written once as %s".formatted(twin.name(), kept.name()));
          }
        } else {
          notes.add(
              "%s: tied with %s by the config, but holds other values; both are written"
                  .formatted(twin.name(), kept.name()));
        }
      }
      if (byCanonical.get(group.getFirst()) == null && !dropped.contains(kept.name())) {
        rename(kept, group.getFirst());
      }
    }

    /** Gives the usual name the start that other names of its module have. */
    private void rename(TensorSpec tensor, String usual) {
      String module = usual.substring(0, usual.indexOf('.') + 1);
      Optional<String> prefix =
          byCanonical.entrySet().stream()
              .filter(entry -> !module.isEmpty() && entry.getKey().startsWith(module))
              .filter(entry -> entry.getValue().name().endsWith(entry.getKey()))
              .map(entry ->
                  entry
                      .getValue()
                      .name()
                      .substring(0, entry.getValue().name().length() - entry.getKey().length()))
              .findFirst()
              .or(this::prefixOfLayers);
      String name = prefix.orElse("") + usual;
      renamed.put(tensor.name(), name);
      notes.add("%s: tied, written as %s".formatted(tensor.name(), name));
    }

    /** The start that most names have in front of the canonical ones. */
    private Optional<String> prefixOfLayers() {
      Map<String, Integer> counts = new HashMap<>();
      byCanonical.forEach((canonical, tensor) -> {
        if (tensor.name().endsWith(canonical)) {
          counts.merge(
              tensor.name().substring(0, tensor.name().length() - canonical.length()),
              1,
              Integer::sum);
        }
      });
      return counts.entrySet().stream().max(Map.Entry.comparingByValue()).map(Map.Entry::getKey);
    }

    private boolean equal(TensorSpec a, TensorSpec b) throws IOException {
      if (a.dtype() != b.dtype() || !a.shape().equals(b.shape())) {
        return false;
      }
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment first = arena.allocate(BLOCK_BYTES);
        MemorySegment second = arena.allocate(BLOCK_BYTES);
        long size = a.sizeBytes();
        for (long done = 0; done < size; done += BLOCK_BYTES) {
          long length = Math.min(BLOCK_BYTES, size - done);
          checkpoint.read(a.name(), done, first.asSlice(0, length));
          checkpoint.read(b.name(), done, second.asSlice(0, length));
          if (MemorySegment.mismatch(first, 0, length, second, 0, length) >= 0) {
            return false;
          }
        }
      }
      return true;
    }
  }
}
