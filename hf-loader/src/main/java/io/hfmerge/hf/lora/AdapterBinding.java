package io.hfmerge.hf.lora;

import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.arch.MatrixBlock;
import io.hfmerge.hf.arch.ModelStructure;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.Shape;
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
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Finds the tensors of a base that an adapter changes. Names are compared without the prefix that
 * only some classes put before them; shapes must agree; every module of the adapter must be in the
 * base, and every module of the base's layers that the adapter's config means must be in the
 * adapter.
 */
final class AdapterBinding {

  private static final String WEIGHT = ".weight";
  private static final String BIAS = ".bias";
  private static final int NAMES_SHOWN = 8;
  private static final int COMPARED_BYTES = 1 << 20;

  private final Checkpoint base;
  private final ModelStructure structure;
  private final Adapter adapter;

  private final Map<String, TensorSpec> byCanonicalName = new LinkedHashMap<>();
  private final Set<String> transposed = new HashSet<>();
  private final Map<String, TensorChange> changes = new LinkedHashMap<>();
  private final List<TensorSpec> added = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private final Set<String> modulePrefixes = new HashSet<>();
  private final Set<String> adapted = new HashSet<>();

  private AdapterBinding(Checkpoint base, ModelStructure structure, Adapter adapter) {
    this.base = base;
    this.structure = structure;
    this.adapter = adapter;
    for (TensorSpec spec : base.tensors()) {
      byCanonicalName.put(structure.canonical(spec.name()), spec);
    }
    structure.layerMatrices().stream()
        .flatMap(matrix -> matrix.blocks().stream())
        .filter(MatrixBlock::transposed)
        .forEach(block -> transposed.add(block.tensor()));
  }

  /**
   * What an adapter does to a base.
   *
   * @param changes by name of the base's tensor, or of one added
   * @param added tensors that the base has not, with the adapter's names less PEFT's prefix
   * @param notes what the user should know
   */
  record Result(Map<String, TensorChange> changes, List<TensorSpec> added, List<String> notes) {}

  /**
   * Binds; reads no weights but those of tied embeddings that the adapter holds whole.
   *
   * @throws IncompatibleCheckpointsException if adapter and base do not fit
   * @throws UnsupportedFeatureException if the adapter resizes or unties embeddings
   */
  static Result bind(Checkpoint base, ModelStructure structure, Adapter adapter)
      throws IOException {
    AdapterBinding binding = new AdapterBinding(base, structure, adapter);
    binding.notes.addAll(adapter.config().notes());
    Map<String, TensorSpec> replaced = binding.bindWhole();
    binding.bindModules(replaced);
    replaced.forEach(
        (name, spec) -> binding.changes.putIfAbsent(name, new TensorChange.Replaced(spec)));
    binding.noteMissing();
    return new Result(binding.changes, binding.added, binding.notes);
  }

  /** The base's tensor of this name, but for a prefix. */
  private Optional<TensorSpec> find(String name) {
    TensorSpec exact = byCanonicalName.get(structure.canonical(name));
    if (exact != null || structure.known()) {
      return Optional.ofNullable(exact);
    }
    List<TensorSpec> similar =
        base.tensors().stream()
            .filter(spec -> spec.name().endsWith('.' + name) || name.endsWith('.' + spec.name()))
            .toList();
    return similar.size() == 1 ? Optional.of(similar.getFirst()) : Optional.empty();
  }

  /** The other name of a tensor that the base stores once for two. */
  private Optional<String> sharedWith(String canonicalName) {
    return structure
        .tiedWith(canonicalName)
        .filter(partner -> !byCanonicalName.containsKey(partner));
  }

  private Map<String, TensorSpec> bindWhole() throws IOException {
    Map<String, TensorSpec> replaced = new LinkedHashMap<>();
    Map<String, Set<String>> names = new HashMap<>();
    for (Map.Entry<String, TensorSpec> entry : adapter.whole().entrySet()) {
      String canonical = structure.canonical(entry.getKey());
      Optional<TensorSpec> target =
          find(entry.getKey()).or(() -> structure.tiedWith(canonical).map(byCanonicalName::get));
      if (target.isEmpty()) {
        add(entry.getKey(), entry.getValue());
        continue;
      }
      checkWhole(entry.getValue(), target.get());
      names.computeIfAbsent(target.get().name(), name -> new HashSet<>()).add(canonical);
      TensorSpec other = replaced.putIfAbsent(target.get().name(), entry.getValue());
      if (other != null
          && !same(adapter.checkpoint(), other, adapter.checkpoint(), entry.getValue())) {
        throw untied(target.get());
      }
    }
    for (Map.Entry<String, TensorSpec> entry : replaced.entrySet()) {
      refuseUntying(entry.getKey(), entry.getValue(), names.getOrDefault(entry.getKey(), Set.of()));
    }
    return replaced;
  }

  private void add(String name, TensorSpec spec) {
    String module = name.substring(0, name.lastIndexOf('.'));
    if (!adapter.config().isSaved(module)) {
      throw incompatible(spec.name(), "a tensor \"" + name + "\" in the base", "none");
    }
    added.add(new TensorSpec(name, spec.dtype(), spec.shape()));
    changes.put(name, new TensorChange.Replaced(spec));
    notes.add(
        "%s adds tensor \"%s\" %s, which the base has not: config.json stays the base's, so check its"
                .formatted(adapter.id(), name, spec.describe())
            + " architectures and label settings");
  }

  private void checkWhole(TensorSpec source, TensorSpec target) {
    if (source.shape().equals(target.shape())) {
      requireFloat(target);
      return;
    }
    List<Long> from = target.shape().dimensions();
    List<Long> to = source.shape().dimensions();
    if (from.size() == 2 && to.size() == 2 && from.get(1).equals(to.get(1))) {
      throw new UnsupportedFeatureException(
          "%s: tensor \"%s\": expected %s as in the base %s, found %s: the adapter resizes the"
                  .formatted(
                      adapter.id(), source.name(), target.describe(), base.id(), source.describe())
              + " vocabulary, which is not done here; merge it with PEFT's merge_and_unload");
    }
    throw incompatible(
        source.name(), target.shape() + " as \"" + target.name() + '"', source.describe());
  }

  /** A weight stored once, of which the adapter holds only one of its two uses, would need two. */
  private void refuseUntying(String target, TensorSpec source, Set<String> names)
      throws IOException {
    String canonical = structure.canonical(target);
    Optional<String> shared = sharedWith(canonical);
    boolean whole = names.contains(canonical) && shared.filter(names::contains).isPresent();
    if (shared.isEmpty()
        || whole
        || adapter.config().keepsTies()
        || same(base, base.get(target), adapter.checkpoint(), source)) {
      return;
    }
    throw untied(base.get(target));
  }

  private UnsupportedFeatureException untied(TensorSpec target) {
    return new UnsupportedFeatureException(
        "%s: expected one weight for \"%s\", which %s stores once for two tied uses, found that the"
                .formatted(adapter.id(), target.name(), base.id())
            + " adapter changes them apart, which is not done here; merge it with PEFT's"
            + " merge_and_unload");
  }

  private static boolean same(Checkpoint one, TensorSpec first, Checkpoint two, TensorSpec second)
      throws IOException {
    if (first.dtype() != second.dtype() || !first.shape().equals(second.shape())) {
      return false;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment left = arena.allocate(COMPARED_BYTES);
      MemorySegment right = arena.allocate(COMPARED_BYTES);
      for (long at = 0; at < first.sizeBytes(); at += COMPARED_BYTES) {
        long length = Math.min(COMPARED_BYTES, first.sizeBytes() - at);
        one.read(first.name(), at, left.asSlice(0, length));
        two.read(second.name(), at, right.asSlice(0, length));
        if (left.asSlice(0, length).mismatch(right.asSlice(0, length)) >= 0) {
          return false;
        }
      }
      return true;
    }
  }

  private void bindModules(Map<String, TensorSpec> replaced) {
    List<String> unknown = new ArrayList<>();
    for (AdapterModule module : adapter.modules().values()) {
      String name = module.name() + WEIGHT;
      Optional<TensorSpec> target = find(name);
      if (target.isEmpty()) {
        structure
            .tiedWith(structure.canonical(name))
            .map(byCanonicalName::get)
            .ifPresent(tied -> {
              throw untied(tied);
            });
        unknown.add(module.name());
        continue;
      }
      bind(module, target.get(), Optional.ofNullable(replaced.get(target.get().name())));
      String canonical = structure.canonical(target.get().name());
      if (name.endsWith(canonical)) {
        modulePrefixes.add(name.substring(0, name.length() - canonical.length()));
      }
      sharedWith(canonical)
          .ifPresent(partner ->
              notes.add(
                  "%s changes \"%s\", which is %s too: the update counts in both uses"
                      .formatted(adapter.id(), target.get().name(), partner)));
      module.bias().ifPresent(shift -> bindBias(module, shift, replaced));
    }
    if (!unknown.isEmpty()) {
      throw new IncompatibleCheckpointsException(
          "%s: expected modules of the base %s (%s), found modules that it has not: %s"
              .formatted(adapter.id(), base.id(), structure.modelType(), shown(unknown)));
    }
  }

  private void bind(AdapterModule module, TensorSpec target, Optional<TensorSpec> source) {
    requireFloat(target);
    boolean turned =
        module.embedding()
            || (structure.known()
                ? transposed.contains(target.name())
                : adapter.config().fanInFanOut());
    List<Long> stored = target.shape().dimensions();
    long rows = stored.isEmpty() ? 1 : stored.getFirst();
    boolean fits =
        stored.size() == module.a().shape().rank()
            && rows == (turned ? module.in() : module.out())
            && target.elements() == Math.multiplyExact(module.in(), module.out())
            && (module.isMatrix() || tail(target.shape()).equals(tail(module.a().shape())));
    if (!fits) {
      throw incompatible(
          module.a().name(),
          "factors of \"%s\" %s%s"
              .formatted(target.name(), target.describe(), turned ? ", stored as [in, out]" : ""),
          "B A of [%d, %d]".formatted(module.out(), module.in()));
    }
    TensorChange change = new TensorChange.Updated(module, turned, source);
    if (changes.put(target.name(), change) != null) {
      throw incompatible(
          module.a().name(), "one module for \"" + target.name() + '"', "two of them");
    }
    adapted.add(target.name());
  }

  private static List<Long> tail(Shape shape) {
    return shape.dimensions().subList(1, shape.rank());
  }

  private void bindBias(AdapterModule module, TensorSpec shift, Map<String, TensorSpec> replaced) {
    TensorSpec target =
        find(module.name() + BIAS)
            .orElseThrow(() ->
                incompatible(
                    shift.name(), "a bias of \"" + module.name() + "\" in the base", "none"));
    requireFloat(target);
    if (target.elements() != module.out()) {
      throw incompatible(shift.name(), target.describe(), shift.describe());
    }
    changes.put(
        target.name(),
        new TensorChange.Shifted(
            shift, module.scale(), Optional.ofNullable(replaced.get(target.name()))));
  }

  private void requireFloat(TensorSpec target) {
    if (!target.dtype().isFloat()) {
      throw new UnsupportedFeatureException(
          "%s: tensor \"%s\" is %s; adapters apply to plain float weights: use the base as it was"
                  .formatted(base.id(), target.name(), target.describe())
              + " before it was quantised");
    }
  }

  /**
   * Layers' matrices that the config means and the file lacks, though it has others of the same
   * name: an upload cut short would otherwise give a model that is half the base. Names of which
   * the file has none at all may belong to another class of the model: a note.
   */
  private void noteMissing() {
    if (!adapter.config().namesModules() || modulePrefixes.size() != 1) {
      return;
    }
    String prefix = modulePrefixes.iterator().next();
    Set<String> present = new HashSet<>();
    adapter.modules().keySet().forEach(module -> present.add(lastPart(module)));
    Set<String> missing = new TreeSet<>();
    Set<String> unused = new TreeSet<>();
    byCanonicalName.forEach((canonical, spec) -> {
      if (!adapted.contains(spec.name()) && isLayerMatrix(canonical, spec)) {
        String module = prefix + canonical.substring(0, canonical.length() - WEIGHT.length());
        if (adapter.config().isAdapted(module)) {
          boolean others = present.contains(lastPart(module));
          (others ? missing : unused).add(others ? module : lastPart(module));
        }
      }
    });
    if (!missing.isEmpty()) {
      throw new IncompatibleCheckpointsException(
          "%s: expected tensors of every module that target_modules means in the base %s, found none"
                  .formatted(adapter.id(), base.id())
              + " of "
              + shown(new ArrayList<>(missing)));
    }
    if (!unused.isEmpty()) {
      notes.add(
          "%s has no tensors of %s, which its target_modules means"
              .formatted(adapter.id(), shown(new ArrayList<>(unused))));
    }
  }

  private boolean isLayerMatrix(String canonical, TensorSpec spec) {
    return canonical.endsWith(WEIGHT)
        && spec.shape().rank() >= 2
        && spec.dtype().isFloat()
        && !structure.isBuffer(spec)
        && structure.layer(canonical).isPresent();
  }

  private static String lastPart(String module) {
    return module.substring(module.lastIndexOf('.') + 1);
  }

  private static String shown(List<String> names) {
    String some = names.stream().limit(NAMES_SHOWN).collect(Collectors.joining(", "));
    int more = names.size() - NAMES_SHOWN;
    return more > 0 ? some + " and " + more + " more" : some;
  }

  private IncompatibleCheckpointsException incompatible(
      String tensor, String expected, String found) {
    return new IncompatibleCheckpointsException(
        "%s: tensor \"%s\": expected %s (base %s), found %s"
            .formatted(adapter.id(), tensor, expected, base.id(), found));
  }
}
