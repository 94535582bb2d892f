package io.hfmerge.method;

import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.method.InnerProducts.Sum;
import java.util.function.Function;

/**
 * One pass over a tensor that sums products of vectors, from which a method works out coefficients.
 *
 * <p>An input that holds NaN or infinity makes a sum NaN or infinite. There is no angle and no
 * length then, and a single such element would turn the whole tensor into NaN: the pass refuses,
 * naming tensor and model.
 */
final class InnerProductPass implements StatisticsPass<InnerProducts> {

  /** As a block of the engine: a partial result of some kilobytes is then nothing. */
  private static final long SEGMENT_ELEMENTS = 1 << 18;

  private final TensorContext context;
  private final int[] models;
  private final int origin;
  private final Sum[] sums;
  private final Function<double[], TensorMerge> then;

  /**
   * @param context of the tensor
   * @param models indices of the inputs that the vectors are made of
   * @param origin index of the input that is subtracted from each, or {@link TensorContext#NO_BASE}
   * @param sums the first {@code models.length} products of a vector by itself must be among them
   * @param then takes the totals and answers with the next step
   */
  InnerProductPass(
      TensorContext context,
      int[] models,
      int origin,
      Sum[] sums,
      Function<double[], TensorMerge> then) {
    this.context = context;
    this.models = models.clone();
    this.origin = origin;
    this.sums = sums.clone();
    this.then = then;
  }

  /** A pass for the Gram matrix of the models or, with a base, of their differences to it. */
  static InnerProductPass gram(
      TensorContext context, int[] models, int origin, Function<GramMatrix, TensorMerge> then) {
    int n = models.length;
    return new InnerProductPass(
        context,
        models,
        origin,
        GramMatrix.sums(n),
        totals -> then.apply(GramMatrix.of(n, totals)));
  }

  @Override
  public InnerProducts newPartial() {
    return new InnerProducts(models, origin, sums);
  }

  @Override
  public void accept(InnerProducts partial, float[][] inputs, int length, long firstElement) {
    partial.add(inputs, 0, length);
  }

  @Override
  public InnerProducts fold(InnerProducts before, InnerProducts next) {
    before.add(next);
    return before;
  }

  @Override
  public TensorMerge next(InnerProducts all) {
    double[] totals = all.takeTotals();
    for (int s = 0; s < sums.length; s++) {
      if (sums[s] instanceof Sum.Product(int first, int second)
          && first == second
          && !Double.isFinite(totals[s])) {
        throw notFinite(context, models[first], origin);
      }
    }
    return then.apply(totals);
  }

  /** Why there is no statistic of a model. */
  static IncompatibleCheckpointsException notFinite(TensorContext context, int model, int origin) {
    return new IncompatibleCheckpointsException(
        "tensor \""
            + context.output().name()
            + "\": "
            + context.models().get(model)
            + (origin == TensorContext.NO_BASE
                ? " holds"
                : " or the base, " + context.models().get(origin) + ", holds")
            + " NaN or infinite values, of which no length or angle can be taken; repair the model"
            + " or merge with a method that works element by element, such as linear");
  }

  @Override
  public long segmentElements() {
    return SEGMENT_ELEMENTS;
  }

  @Override
  public long partialBytes() {
    return InnerProducts.bytes(models.length, sums.length);
  }
}
