package io.hfmerge.method;

import io.hfmerge.method.SelectionPass.Wanted;
import io.hfmerge.method.TaskVectorParameters.OfModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/** Keeps entries by their rank in magnitude within the tensor. */
final class MagnitudeTrim implements Sparsification {

  /** How many of the largest entries of one tensor are dropped, and how many after them stay. */
  @FunctionalInterface
  interface Window {

    /**
     * The window of one model.
     *
     * @throws io.hfmerge.error.InvalidRecipeException if there is none
     */
    Ranks of(TensorContext context, OfModel model, long elements);
  }

  /**
   * Ranks that stay.
   *
   * @param dropped number of the largest entries, which go
   * @param kept number of entries after them, which stay
   */
  record Ranks(long dropped, long kept) {}

  /** The largest {@code floor(density n)} entries, at least one but for density 0. */
  static final MagnitudeTrim LARGEST =
      new MagnitudeTrim((context, model, elements) -> {
        long kept = (long) (model.density() * elements);
        if (kept == 0 && elements > 0 && context.compatibility() == Compatibility.MERGEKIT) {
          throw TaskVectorParameters.invalid(
              context,
              model,
              "density "
                  + model.density()
                  + " keeps none of its "
                  + elements
                  + " entries, where mergekit stops; raise the density or leave out compat:"
                  + " mergekit, which keeps at least one");
        }
        return new Ranks(0, atLeastOne(model, kept));
      });

  /**
   * Without the largest {@code floor(gamma n)}, the {@code floor(density n)} entries that follow,
   * at least one but for density 0; fewer are dropped where that would leave too few.
   */
  static final MagnitudeTrim WITHOUT_OUTLIERS =
      new MagnitudeTrim((context, model, elements) -> {
        boolean mergekit = context.compatibility() == Compatibility.MERGEKIT;
        long kept = (long) (model.density() * elements);
        if (!mergekit) {
          kept = Math.min(elements, atLeastOne(model, kept));
        }
        long dropped = Math.min((long) (model.gamma() * elements), elements - kept);
        // a slice that ends at "minus nothing" is empty there
        return new Ranks(dropped, mergekit && dropped == 0 ? 0 : kept);
      });

  /** For the report. */
  static final String ONE_STAYS =
      "floor(density n) is 0 for some model, of whose task vector one entry stays";

  /** For the report. */
  static final String NONE_STAYS =
      "floor(gamma n) or floor(density n) is 0 for some model, whose task vector is dropped (compat:"
          + " mergekit)";

  /** Density 0 switches a model off, as it does for random masks; any other keeps something. */
  private static long atLeastOne(OfModel model, long kept) {
    return model.density() == 0 ? 0 : Math.max(1, kept);
  }

  private final Window window;

  private MagnitudeTrim(Window window) {
    this.window = window;
  }

  @Override
  public TensorMerge choose(
      TensorContext context,
      TaskVectorParameters parameters,
      Function<List<Sparsifier>, TensorMerge> then) {
    long elements = context.output().elements();
    List<Wanted> wanted = new ArrayList<>();
    for (OfModel model : parameters.models()) {
      if (model.density() < 1) {
        Ranks ranks = window.of(context, model, elements);
        wanted.add(new Wanted(model.input(), ranks.dropped()));
        wanted.add(
            new Wanted(model.input(), ranks.kept() == 0 ? 0 : ranks.dropped() + ranks.kept()));
      }
    }
    return SelectionPass.find(
        context.base(), wanted, elements, cuts -> then.apply(sparsifiers(parameters, cuts)));
  }

  private static List<Sparsifier> sparsifiers(TaskVectorParameters parameters, List<Cut> cuts) {
    List<Sparsifier> sparsifiers = new ArrayList<>();
    int next = 0;
    for (OfModel model : parameters.models()) {
      if (model.density() < 1) {
        Cut outer = cuts.get(next++);
        sparsifiers.add(new RankWindow(cuts.get(next++), outer));
      } else {
        sparsifiers.add(Sparsifier.ALL);
      }
    }
    return sparsifiers;
  }

  @Override
  public List<String> remarks(TensorContext context, TaskVectorParameters parameters) {
    long elements = context.output().elements();
    Set<String> remarks = new TreeSet<>();
    for (OfModel model : parameters.models()) {
      if (elements > 0 && model.density() > 0 && model.density() < 1) {
        if (window.of(context, model, elements).kept() == 0) {
          remarks.add(NONE_STAYS);
        } else if ((long) (model.density() * elements) == 0) {
          remarks.add(ONE_STAYS);
        }
      }
    }
    return List.copyOf(remarks);
  }

  @Override
  public boolean matchesNorms(TensorContext context, TaskVectorParameters parameters) {
    return parameters.rescale();
  }
}
