package io.hfmerge.plan;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.method.CopyOfInput;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.TensorContext;
import io.hfmerge.method.TensorParameters;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Finds, for each tensor of the output, the tensors it is made of; one instance per plan. */
final class TensorMatcher {

  /** A number as a part of its own is a layer where no definition says what is one. */
  private static final Pattern NUMBERED = Pattern.compile("(^|\\.)\\d+\\.");

  private final Recipe recipe;
  private final MergeMethod method;
  private final CanonicalIndex layout;
  private final List<CanonicalIndex> models;
  private final boolean withBase;
  private final PlanProblems problems;
  private final ParameterResolver resolver;
  private boolean layersKnown;

  /**
   * @param layout whose names, order and shapes the output has
   * @param models that take part, in order
   * @param withBase whether the first of them is the base
   */
  TensorMatcher(
      Recipe recipe,
      MergeMethod method,
      CanonicalIndex layout,
      List<CanonicalIndex> models,
      boolean withBase,
      PlanProblems problems) {
    this.recipe = recipe;
    this.method = method;
    this.layout = layout;
    this.models = List.copyOf(models);
    this.withBase = withBase;
    this.problems = problems;
    this.resolver = new ParameterResolver(method.description(), recipe, problems);
  }

  List<PlannedTensor> match() {
    List<PlannedTensor> planned = new ArrayList<>();
    layout
        .tensors()
        .forEach((canonical, tensor) -> plan(canonical, tensor).ifPresent(planned::add));
    for (CanonicalIndex model : models) {
      if (model != layout) {
        checkExtras(model);
      }
    }
    if (!layersKnown && ParameterResolver.usesLayers(recipe)) {
      problems.unsupported(
          "a list of values is spread over the layers, and no definition says which tensors of "
              + layout.input().reference()
              + " belong to which layer; use filters instead");
    }
    for (String filter : resolver.idleFilters()) {
      problems.note("filter \"" + filter + "\" is part of no merged tensor's name");
    }
    return planned;
  }

  private Optional<PlannedTensor> plan(String canonical, TensorSpec tensor) {
    TensorNaming naming = layout.input().naming();
    layersKnown |= naming.layer(canonical).isPresent();
    if (naming.isBuffer(tensor) || tensor.dtype().isIntegral()) {
      if (isQuantised(layout, tensor)) {
        problems.unsupported(quantised(layout, tensor));
        return Optional.empty();
      }
      return Optional.of(copy(tensor, tensor, "a buffer, copied and never added"));
    }
    if (!isMergeable(layout, tensor)) {
      return Optional.empty();
    }
    List<TensorSource> sources = sources(canonical, tensor);
    TensorSpec output = new TensorSpec(tensor.name(), outputDtype(tensor), tensor.shape());
    int merged = sources.size() - (withBase ? 1 : 0);
    if (merged < method.description().minimumModels()) {
      return Optional.of(copy(output, tensor, "too few models have it to merge"));
    }
    int base = withBase ? 0 : TensorContext.NO_BASE;
    TensorParameters parameters =
        resolver.resolve(tensor.name(), position(canonical), sources, base);
    TensorContext context =
        new TensorContext(
            output,
            sources.stream().map(source -> source.input().reference()).toList(),
            base,
            parameters,
            recipe.compatibility(),
            recipe.seed());
    try {
      if (method.prepare(context) instanceof CopyOfInput(int input)) {
        TensorSource source = sources.get(input);
        return Optional.of(new CopiedTensor(output, source, "unchanged, with these parameters"));
      }
      method.remarks(context).forEach(remark -> problems.note(remark, tensor.name()));
    } catch (InvalidRecipeException e) {
      problems.invalid(String.valueOf(e.getMessage()));
    }
    return Optional.of(new MergedTensor(context, sources));
  }

  private CopiedTensor copy(TensorSpec output, TensorSpec tensor, String reason) {
    problems.note("copied from " + layout.input().reference() + ", " + reason, tensor.name());
    return new CopiedTensor(output, new TensorSource(layout.input(), tensor), reason);
  }

  private DType outputDtype(TensorSpec tensor) {
    DType wanted = recipe.outDtype() != null ? recipe.outDtype() : recipe.dtype();
    return wanted != null ? wanted : tensor.dtype();
  }

  private double position(String canonical) {
    return layout
        .input()
        .naming()
        .layer(canonical)
        .map(layer -> layer.count() == 1 ? 1.0 : layer.index() / (layer.count() - 1.0))
        .orElse(0.0);
  }

  private List<TensorSource> sources(String canonical, TensorSpec tensor) {
    List<TensorSource> sources = new ArrayList<>(models.size());
    for (CanonicalIndex model : models) {
      Optional<TensorSpec> found = model.find(canonical);
      if (found.isEmpty()) {
        found = model.findTied(canonical);
        found.ifPresent(twin ->
            problems.note(
                model.input().reference() + " ties it; read from " + twin.name(), tensor.name()));
      }
      if (found.isEmpty()) {
        missing(model, canonical, tensor);
      } else if (fits(model, found.get(), tensor)) {
        sources.add(new TensorSource(model.input(), found.get()));
      }
    }
    return sources;
  }

  private void missing(CanonicalIndex model, String canonical, TensorSpec tensor) {
    String reference = model.input().reference();
    if (inLayer(layout, canonical)) {
      problems.incompatible(
          "tensor \""
              + tensor.name()
              + "\" of "
              + layout.input().reference()
              + " is missing in "
              + reference);
    } else {
      problems.note(reference + " does not have it; merged over those that do", tensor.name());
    }
  }

  private boolean fits(CanonicalIndex model, TensorSpec found, TensorSpec tensor) {
    if (!isMergeable(model, found)) {
      return false;
    }
    if (!found.shape().equals(tensor.shape())) {
      problems.incompatible(
          "tensor \""
              + tensor.name()
              + "\": "
              + tensor.describe()
              + " in "
              + layout.input().reference()
              + ", "
              + found.describe()
              + " in "
              + model.input().reference()
              + vocabularyHint(tensor, found));
      return false;
    }
    return true;
  }

  /** Rows that differ in number outside the layers are mostly tokens. */
  private String vocabularyHint(TensorSpec tensor, TensorSpec found) {
    List<Long> wanted = tensor.shape().dimensions();
    List<Long> other = found.shape().dimensions();
    boolean rows =
        recipe.tokenizer() == null
            && wanted.size() == other.size()
            && !wanted.isEmpty()
            && wanted.subList(1, wanted.size()).equals(other.subList(1, other.size()))
            && !inLayer(layout, layout.input().naming().canonical(tensor.name()));
    return rows ? "; if its rows are tokens, add \"tokenizer_source: union\" to the recipe" : "";
  }

  private boolean isMergeable(CanonicalIndex model, TensorSpec tensor) {
    if (isQuantised(model, tensor)) {
      problems.unsupported(quantised(model, tensor));
      return false;
    }
    if (!tensor.dtype().isFloat()) {
      problems.unsupported(
          model.input().reference()
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
    return model.input().reference()
        + ": tensor \""
        + tensor.name()
        + "\" is quantised ("
        + tensor.describe()
        + "); merge the unquantised model";
  }

  private static boolean inLayer(CanonicalIndex model, String canonical) {
    TensorNaming naming = model.input().naming();
    return naming.layer(canonical).isPresent()
        || (naming.equals(TensorNaming.PLAIN) && NUMBERED.matcher(canonical).find());
  }

  private void checkExtras(CanonicalIndex model) {
    String reference = model.input().reference();
    for (Map.Entry<String, TensorSpec> entry : model.tensors().entrySet()) {
      String canonical = entry.getKey();
      TensorSpec tensor = entry.getValue();
      if (layout.find(canonical).isPresent()) {
        continue;
      }
      boolean buffer = model.input().naming().isBuffer(tensor) || tensor.dtype().isIntegral();
      if (!buffer && inLayer(model, canonical)) {
        problems.incompatible(
            "tensor \""
                + tensor.name()
                + "\" of "
                + reference
                + " is missing in "
                + layout.input().reference());
      } else {
        problems.note(
            "left out: only "
                + reference
                + " has it, the output has the tensors of "
                + layout.input().reference(),
            tensor.name());
      }
    }
  }
}
