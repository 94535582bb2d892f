package io.hfmerge.plan;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.method.BaseModelUse;
import io.hfmerge.method.CopyOfInput;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.TensorContext;
import io.hfmerge.plan.SourceGroup.Member;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Finds, for each tensor of the output, the tensors it is made of; one instance per plan. */
final class TensorMatcher {

  private final Recipe recipe;
  private final MergeMethod method;
  private final CanonicalIndex layout;
  private final PlanProblems problems;
  private final ParameterResolver resolver;
  private final ShapeMatcher shapes;
  private final IdentityHashMap<SourceGroup, List<String>> labels = new IdentityHashMap<>();
  private boolean layersKnown;

  /**
   * @param layout whose names the output has
   */
  TensorMatcher(Recipe recipe, MergeMethod method, CanonicalIndex layout, PlanProblems problems) {
    this.recipe = recipe;
    this.method = method;
    this.layout = layout;
    this.problems = problems;
    this.resolver = new ParameterResolver(method.description(), recipe, problems);
    this.shapes = new ShapeMatcher(recipe, problems);
  }

  List<PlannedTensor> match(List<OutputSlot> slots) {
    List<PlannedTensor> planned = new ArrayList<>(slots.size());
    for (OutputSlot slot : slots) {
      PlannedTensor tensor = plan(slot);
      if (tensor != null) {
        planned.add(tensor);
      }
    }
    if (!layersKnown && ParameterResolver.usesLayers(recipe)) {
      problems.unsupported(
          "a list of values is spread over the layers, and no definition says which tensors of "
              + layout.reference()
              + " belong to which layer; use filters instead");
    }
    for (String filter : resolver.idleFilters()) {
      problems.note("filter \"" + filter + "\" is part of no merged tensor's name");
    }
    return planned;
  }

  private @Nullable PlannedTensor plan(OutputSlot slot) {
    CanonicalIndex owner = slot.owner();
    TensorSpec tensor = slot.tensor();
    layersKnown = layersKnown || slot.layer().isPresent();
    if (owner.naming().isBuffer(tensor) || tensor.dtype().isIntegral()) {
      if (isQuantised(owner, tensor)) {
        problems.unsupported(quantised(owner, tensor));
        return null;
      }
      return copy(slot, owner, tensor, tensor.dtype(), "a buffer, copied and never added");
    }
    if (!isMergeable(owner, tensor)) {
      return null;
    }
    List<Found> found = find(slot);
    String copied = slot.group().copied();
    if (copied != null && !found.isEmpty()) {
      TensorSource source = found.getFirst().source();
      CanonicalIndex index = found.getFirst().member().index();
      return copy(slot, index, source.tensor(), outputDtype(tensor), copied);
    }
    found = shapes.match(slot, found);
    boolean withBase = slot.group().withBase() && !found.isEmpty() && found.getFirst().place() == 0;
    String reason = null;
    if (found.size() - (withBase ? 1 : 0) < method.description().minimumModels()) {
      reason = "too few models have it to merge";
    } else if (!withBase && method.description().base() == BaseModelUse.REQUIRED) {
      reason = "the base does not have it to compare with";
    }
    return reason == null
        ? merge(slot, found, withBase ? 0 : TensorContext.NO_BASE)
        : copy(slot, owner, tensor, outputDtype(tensor), reason);
  }

  private PlannedTensor merge(OutputSlot slot, List<Found> found, int base) {
    List<Member> members = new ArrayList<>(found.size());
    List<TensorSource> sources = new ArrayList<>(found.size());
    for (Found one : found) {
      members.add(one.member());
      sources.add(one.source());
    }
    TensorSpec output =
        new TensorSpec(
            slot.name(), outputDtype(slot.tensor()), sources.getFirst().tensor().shape());
    TensorContext context =
        new TensorContext(
            output,
            labels(slot.group(), members),
            base,
            resolver.resolve(slot, members, sources, base),
            recipe.compatibility(),
            recipe.seed());
    try {
      if (method.prepare(context) instanceof CopyOfInput(int input)) {
        return new CopiedTensor(output, sources.get(input), "unchanged, with these parameters");
      }
      for (String remark : method.remarks(context)) {
        problems.note(remark, slot.name());
      }
    } catch (InvalidRecipeException e) {
      problems.invalid(String.valueOf(e.getMessage()));
    }
    return new MergedTensor(context, sources);
  }

  /** Most tensors are in all members, and so share one list. */
  private List<String> labels(SourceGroup group, List<Member> members) {
    return members.size() == group.members().size()
        ? labels.computeIfAbsent(group, SourceGroup::labels)
        : members.stream().map(Member::label).toList();
  }

  private CopiedTensor copy(
      OutputSlot slot, CanonicalIndex from, TensorSpec tensor, DType dtype, String reason) {
    problems.note("copied from " + from.reference() + ", " + reason, slot.name());
    return new CopiedTensor(
        new TensorSpec(slot.name(), dtype, tensor.shape()),
        new TensorSource(from.input(), tensor),
        reason);
  }

  private DType outputDtype(TensorSpec tensor) {
    DType wanted = recipe.outDtype() != null ? recipe.outDtype() : recipe.dtype();
    return wanted != null ? wanted : tensor.dtype();
  }

  /** The tensors of the members that have it and can be merged; others are reported. */
  private List<Found> find(OutputSlot slot) {
    List<Member> members = slot.group().members();
    List<Found> all = new ArrayList<>(members.size());
    for (int place = 0; place < members.size(); place++) {
      Member member = members.get(place);
      CanonicalIndex model = member.index();
      String canonical = slot.canonicalIn(member);
      Optional<TensorSpec> tensor = model.find(canonical);
      if (tensor.isEmpty()) {
        tensor = model.findTied(canonical);
        if (tensor.isPresent()) {
          problems.note(
              model.reference() + " ties it; read from " + tensor.get().name(), slot.name());
        }
      }
      if (tensor.isEmpty()) {
        missing(member, canonical, slot);
      } else if (isMergeable(model, tensor.get())) {
        all.add(new Found(place, member, new TensorSource(model.input(), tensor.get())));
      }
    }
    return all;
  }

  private void missing(Member member, String canonical, OutputSlot slot) {
    String reference = member.label();
    if (slot.offset() != OutputSlot.BY_NAME || LayerGuess.inLayer(slot.owner(), canonical)) {
      problems.incompatible(
          "tensor \""
              + slot.tensor().name()
              + "\" of "
              + slot.owner().reference()
              + " is missing in "
              + reference
              + (canonical.equals(slot.canonical()) ? "" : " (\"" + canonical + "\")"));
    } else {
      problems.note(reference + " does not have it; merged over those that do", slot.name());
    }
  }

  private boolean isMergeable(CanonicalIndex model, TensorSpec tensor) {
    if (isQuantised(model, tensor)) {
      problems.unsupported(quantised(model, tensor));
      return false;
    }
    if (!tensor.dtype().isFloat()) {
      problems.unsupported(
          model.reference()
              + ": tensor \""
              + tensor.name()
              + "\" is "
              + tensor.describe()
              + "; such elements cannot be added");
      return false;
    }
    return true;
  }

  /** Codes that mean nothing without the scales stored beside them. */
  private static boolean isQuantised(CanonicalIndex model, TensorSpec tensor) {
    String name = tensor.name();
    if (tensor.dtype().isIntegral()) {
      return tensor.dtype() != DType.BOOL && (name.endsWith("weight") || name.endsWith("qzeros"));
    }
    return tensor.dtype().bits() == 8
        && (model.input().checkpoint().find(name + "_scale_inv").isPresent()
            || model.input().checkpoint().find(name + "_scale").isPresent());
  }

  private static String quantised(CanonicalIndex model, TensorSpec tensor) {
    return model.reference()
        + ": tensor \""
        + tensor.name()
        + "\" is quantised ("
        + tensor.describe()
        + "); merge the unquantised model";
  }

  /**
   * A member's tensor for a slot.
   *
   * @param place of the member in its group
   */
  record Found(int place, Member member, TensorSource source) {}
}
