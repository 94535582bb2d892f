package io.hfmerge.method;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.method.TaskVectorParameters.OfModel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Keeps entries by their rank in magnitude among the entries of all tensors: one threshold for each
 * model, and all entries that reach it.
 */
final class GlobalTrim implements Sparsification {

  /** Before the survey: good for planning, not for merging. */
  static final GlobalTrim UNKNOWN = new GlobalTrim(Map.of());

  private final Map<String, Cut> cuts;

  /**
   * @param cuts by model, of those with a density above 0 and below 1
   */
  GlobalTrim(Map<String, Cut> cuts) {
    this.cuts = Map.copyOf(cuts);
  }

  @Override
  public TensorMerge choose(
      TensorContext context,
      TaskVectorParameters parameters,
      Function<List<Sparsifier>, TensorMerge> then) {
    List<Sparsifier> sparsifiers = new ArrayList<>();
    for (OfModel model : parameters.models()) {
      if (model.density() >= 1) {
        sparsifiers.add(Sparsifier.ALL);
      } else if (model.density() == 0) {
        sparsifiers.add(new RankWindow(Cut.NONE, Cut.NONE));
      } else {
        String reference = context.models().get(model.input());
        sparsifiers.add(byThreshold(reference, cuts.get(reference)));
      }
    }
    return then.apply(sparsifiers);
  }

  private static Sparsifier byThreshold(String model, @Nullable Cut cut) {
    if (cut != null) {
      return new RankWindow(cut, Cut.NONE);
    }
    return (bits, length, firstElement, kept, factors) -> {
      throw new IllegalStateException("merged before the survey: no threshold of " + model);
    };
  }

  @Override
  public boolean matchesNorms(TensorContext context, TaskVectorParameters parameters) {
    return parameters.rescale();
  }

  private static final class Total {
    private final String tensor;
    private final double density;
    private long elements;

    Total(String tensor, double density) {
      this.tensor = tensor;
      this.density = density;
    }
  }

  /**
   * The survey for the tensors that are trimmed together; empty where nothing has to be looked for.
   *
   * @param tensors all of the merge
   * @param parameters of a tensor
   * @param then makes the method that knows the cuts
   * @throws InvalidRecipeException if a model's density is not the same for all of them
   */
  static Optional<Survey<?>> survey(
      List<TensorContext> tensors,
      Function<TensorContext, TaskVectorParameters> parameters,
      Function<Map<String, Cut>, MergeMethod> then) {
    Map<String, Total> totals = new LinkedHashMap<>();
    for (TensorContext context : tensors) {
      TaskVectorParameters values = parameters.apply(context);
      if (values.globalTrim()) {
        for (OfModel model : values.models()) {
          add(context, model, totals);
        }
      }
    }
    List<MagnitudeSurvey.Wanted> wanted = new ArrayList<>();
    totals.forEach((model, total) -> {
      if (total.density > 0 && total.density < 1 && total.elements > 0) {
        long rank = Math.max(1, (long) (total.density * total.elements));
        wanted.add(new MagnitudeSurvey.Wanted(model, rank));
      }
    });
    return wanted.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new MagnitudeSurvey(wanted, context -> parameters.apply(context).globalTrim(), then));
  }

  private static void add(TensorContext context, OfModel model, Map<String, Total> totals) {
    String name = context.output().name();
    Total total =
        totals.computeIfAbsent(
            context.models().get(model.input()), key -> new Total(name, model.density()));
    if (total.density != model.density()) {
      throw TaskVectorParameters.invalid(
          context,
          model,
          "trim: global needs one density for all tensors of a model, found "
              + model.density()
              + " here and "
              + total.density
              + " for \""
              + total.tensor
              + '"');
    }
    total.elements += context.output().elements();
  }
}
