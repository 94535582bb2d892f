package io.hfmerge.plan;

import io.hfmerge.method.BaseModelUse;
import io.hfmerge.method.Compatibility;
import io.hfmerge.method.MethodDescription;
import io.hfmerge.plan.CanonicalIndex.Entry;
import io.hfmerge.plan.SourceGroup.Member;
import io.hfmerge.plan.StackedLayers.Origin;
import io.hfmerge.plan.TensorNaming.LayerPosition;
import io.hfmerge.recipe.ModelEntry;
import io.hfmerge.recipe.ParameterValue;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeChecker;
import io.hfmerge.recipe.RecipeModule;
import io.hfmerge.recipe.Slice;
import io.hfmerge.recipe.SliceSource;
import io.hfmerge.recipe.Spelling;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Lays the output out: which tensors it has, in which order, and which models or slices each of
 * them is merged from; one instance per plan.
 *
 * <p>Whole modules have the tensors of the layout's checkpoint. Of a module made of slices, tensors
 * before the layers come from the sources of the first slice, tensors behind them from those of the
 * last one, and every layer has the tensors that its slice's first source has there.
 */
final class SlotFinder {

  private final Recipe recipe;
  private final MethodDescription method;
  private final CanonicalIndex layout;
  private final Function<String, CanonicalIndex> indices;
  private final PlanProblems problems;

  private final List<OutputSlot> slots = new ArrayList<>();
  private final List<StackedLayers> stacks = new ArrayList<>();
  private final ExtraTensors extras;

  /**
   * @param layout whose names the output has, and whose tensors outside of slices
   * @param indices tensors by reference
   */
  SlotFinder(
      Recipe recipe,
      MethodDescription method,
      CanonicalIndex layout,
      Function<String, CanonicalIndex> indices,
      PlanProblems problems) {
    this.recipe = recipe;
    this.method = method;
    this.layout = layout;
    this.indices = indices;
    this.problems = problems;
    this.extras = new ExtraTensors(layout, problems);
  }

  /** The tensors of the output, module by module and layer by layer. */
  List<OutputSlot> slots() {
    return slots;
  }

  /** The stacks that are put together from slices. */
  List<StackedLayers> stacks() {
    return stacks;
  }

  /** Finds all slots; what is wrong goes to the problems. */
  void find() {
    List<String> modules = layout.naming().modules();
    Map<String, List<Entry>> entries = new LinkedHashMap<>();
    modules.forEach(module -> entries.put(module, new ArrayList<>()));
    for (Entry entry : layout.entries()) {
      entries.computeIfAbsent(entry.module(), module -> new ArrayList<>()).add(entry);
    }
    if (recipe.modules().isEmpty()) {
      if (recipe.slices().isEmpty()) {
        wholeModels(recipe.parts().values().iterator().next(), layout.entries(), entry -> true);
      } else if (modules.size() > 1) {
        problems.invalid(
            "slices need a model of one module; "
                + layout.reference()
                + " has "
                + String.join(", ", modules)
                + ": put the slices under modules: {"
                + modules.getFirst()
                + ": {slices: ...}}");
      } else {
        slices(modules.getFirst(), recipe.parts().values().iterator().next(), layout.entries());
      }
      return;
    }
    for (String name : recipe.modules().keySet()) {
      if (!modules.contains(name)) {
        problems.invalid(
            "modules: "
                + layout.reference()
                + " has no module \""
                + name
                + '"'
                + Spelling.hint(name, modules)
                + " (it has: "
                + String.join(", ", modules)
                + ")");
      }
    }
    entries.forEach(this::module);
  }

  private void module(String name, List<Entry> entries) {
    RecipeModule part = recipe.modules().get(name);
    if (part == null) {
      SourceGroup copied =
          new SourceGroup(
              List.of(new Member(layout, layout.reference(), 0, Map.of())),
              false,
              List.of(),
              "its module is not in the recipe");
      entries.forEach(entry -> addWhole(entry, copied));
    } else if (part.slices().isEmpty()) {
      wholeModels(part, entries, entry -> entry.module().equals(name));
    } else {
      slices(name, part, entries);
    }
  }

  private void addWhole(Entry entry, SourceGroup group) {
    slots.add(
        new OutputSlot(
            entry.spec().name(),
            layout,
            entry.spec(),
            entry.canonical(),
            entry.layer(),
            OutputSlot.BY_NAME,
            group));
  }

  private void wholeModels(
      RecipeModule part, Collection<Entry> entries, Predicate<Entry> belongsToPart) {
    SourceGroup group = models(part);
    entries.forEach(entry -> addWhole(entry, group));
    for (Member member : group.members()) {
      extras.inWhole(member.index(), belongsToPart);
    }
  }

  private SourceGroup models(RecipeModule part) {
    List<Member> members = new ArrayList<>();
    String base = recipe.baseModel();
    boolean withBase = base != null && method.base().isSpecial();
    if (base != null && withBase) {
      members.add(new Member(indices.apply(base), base, 0, Map.of()));
    }
    for (ModelEntry model : part.models()) {
      if (!RecipeChecker.actsAsBase(recipe, model.reference(), method)) {
        members.add(
            new Member(indices.apply(model.reference()), model.reference(), 0, model.parameters()));
      }
    }
    if (base != null && isBaseOneMoreModel(recipe, part, method)) {
      members.add(new Member(indices.apply(base), base, 0, Map.of()));
    }
    return new SourceGroup(
        members, withBase, List.of(part.parameters(), recipe.parameters()), null);
  }

  /** Whether a base that is not among the models is merged like one of them. */
  static boolean isBaseOneMoreModel(Recipe recipe, RecipeModule part, MethodDescription method) {
    return method.base() == BaseModelUse.MODEL_IN_MERGEKIT
        && recipe.compatibility() == Compatibility.MERGEKIT
        && recipe.baseModel() != null
        && !part.models().isEmpty()
        && part.models().stream().noneMatch(model -> model.reference().equals(recipe.baseModel()));
  }

  private void slices(String module, RecipeModule part, Collection<Entry> entries) {
    Optional<String> stack = onlyStack(layout, module);
    if (stack.isEmpty()) {
      return;
    }
    List<SourceGroup> groups = part.slices().stream().map(slice -> group(slice, part)).toList();
    List<Entry> behind = new ArrayList<>();
    for (Entry entry : entries) {
      if (entry.layer().isPresent()) {
        continue;
      }
      if (layout.naming().precedesLayers(entry.canonical())) {
        addWhole(entry, groups.getFirst());
      } else {
        behind.add(entry);
      }
    }
    List<Origin> origins = new ArrayList<>();
    for (int i = 0; i < groups.size(); i++) {
      if (checkRanges(groups.get(i), part.slices().get(i), module)) {
        layers(groups.get(i), part.slices().get(i).length(), module, origins);
      }
    }
    behind.forEach(entry -> addWhole(entry, groups.getLast()));
    stacks.add(new StackedLayers(stack.get(), origins));
    noteUnused(module, part);
    extras.outsideLayers(module, groups.getFirst(), groups.getLast());
  }

  /** The stack of a module that has one; others are reported. */
  private Optional<String> onlyStack(CanonicalIndex index, String module) {
    Set<String> found = index.stacks(module);
    if (found.size() == 1) {
      return Optional.of(found.iterator().next());
    }
    problems.invalid(
        "slices need one stack of layers; "
            + (module.equals(TensorNaming.WHOLE) ? "" : "module " + module + " of ")
            + index.reference()
            + (found.isEmpty()
                ? " has no layers that a definition or the usual names tell"
                : " has " + String.join(", ", found)));
    return Optional.empty();
  }

  private SourceGroup group(Slice slice, RecipeModule part) {
    int base = RecipeChecker.baseOf(recipe, method, slice);
    List<SliceSource> sources = new ArrayList<>(slice.sources());
    if (base > 0) {
      sources.addFirst(sources.remove(base));
    }
    SourceGroup.Labels labels = new SourceGroup.Labels();
    List<Member> members = new ArrayList<>();
    for (SliceSource source : sources) {
      members.add(
          new Member(
              indices.apply(source.reference()),
              labels.next(source.reference()),
              source.layers().start(),
              source.parameters()));
    }
    List<Map<String, ParameterValue>> levels =
        List.of(slice.parameters(), part.parameters(), recipe.parameters());
    boolean alone = RecipeChecker.isTakenAsItIs(recipe, method, slice);
    return new SourceGroup(
        members, base >= 0, levels, alone ? "the only source of its slice" : null);
  }

  private boolean checkRanges(SourceGroup group, Slice slice, String module) {
    boolean fits = true;
    for (Member member : group.members()) {
      Optional<String> stack = onlyStack(member.index(), module);
      int count = stack.map(name -> member.index().layerCount(module, name)).orElse(0);
      int end = member.firstLayer() + slice.length();
      if (stack.isPresent() && end > count) {
        problems.invalid(
            "layer_range ["
                + member.firstLayer()
                + ", "
                + end
                + "] of "
                + member.index().reference()
                + ": it has "
                + count
                + (count == 1 ? " layer" : " layers"));
      }
      fits &= stack.isPresent() && end <= count;
    }
    return fits;
  }

  private void layers(SourceGroup group, int length, String module, List<Origin> origins) {
    Member first = group.members().getFirst();
    CanonicalIndex owner = first.index();
    String stack = owner.stacks(module).iterator().next();
    for (int offset = 0; offset < length; offset++) {
      int output = origins.size();
      LayerPosition position = new LayerPosition(stack, offset, length);
      for (Entry entry : owner.layer(module, stack, first.firstLayer() + offset)) {
        String name =
            layout
                .spelling(entry.canonical(), output)
                .orElseGet(() -> owner.naming().inLayer(entry.spec().name(), output));
        slots.add(
            new OutputSlot(
                name,
                owner,
                entry.spec(),
                entry.canonical(),
                Optional.of(position),
                offset,
                group));
      }
      extras.inLayer(group, module, offset);
      origins.add(new Origin(owner.input(), first.firstLayer() + offset));
    }
  }

  private void noteUnused(String module, RecipeModule part) {
    Map<String, BitSet> used = new LinkedHashMap<>();
    for (Slice slice : part.slices()) {
      for (SliceSource source : slice.sources()) {
        used.computeIfAbsent(source.reference(), reference -> new BitSet())
            .set(source.layers().start(), source.layers().end());
      }
    }
    used.forEach((reference, layers) -> {
      CanonicalIndex index = indices.apply(reference);
      for (String stack : index.stacks(module)) {
        BitSet unused = new BitSet();
        unused.set(0, index.layerCount(module, stack));
        unused.andNot(layers);
        if (!unused.isEmpty()) {
          problems.note(
              "layers of " + reference + " that no slice takes: " + LayerNumbers.text(unused));
        }
      }
    });
  }
}
