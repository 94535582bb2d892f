package io.hfmerge.method;

import io.hfmerge.error.UnsupportedFeatureException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * Moves from the base towards the mean of fine-tuned models, the further the more their task
 * vectors agree.
 *
 * <pre>
 * r = t mean_i x_i + (1 - t) b        t = N c / (1 + (N - 1) c)
 * c = mean over pairs of cos(x_i - b, x_j - b)
 *
 * Shape:   inputs and result (any). Each tensor one vector or, with filter_wise, each row of the
 *          last dimension; a tensor of one dimension is one row. F32 tiles, F64 sums.
 * Range:   two or more models beside the base. c below 0 makes t negative: r then moves away from
 *          the mean, without bound as 1 + (N - 1) c = |sum_i u_i|^2 / N, the square of what the
 *          directions leave together, goes to 0. Below CANCELLED nothing is left: t = 0, the base. The
 *          report tells of both.
 *          Rows of at most 2^23 elements.
 * NaN:     whole tensors: an error that names tensor and model. Rows: NaN or infinity makes its row
 *          NaN.
 * Same:    models equal to the base give it back bit for bit; identical models come back up to F32
 *          rounding.
 * Cost:    whole tensors: two passes, rows: one. n (n + 1) / 2 products per element, then one
 *          multiply-add per model.
 * Source:  Jang et al. 2024, arXiv:2403.19522, equations 3 and 5 (two and N models).
 * Departs: the paper takes one angle; for more than two models c is the mean over pairs, as in
 *          mergekit. The paper assumes angles up to 90 degrees, t in [0, 1].
 * mergekit: same up to F32 rounding. There products of norms below 1e-6 count as 1e-6, which draws
 *          tensors with small task vectors, norms and biases, to the base ({@code compat: mergekit}
 *          gives that), and t is infinite where directions cancel.
 * </pre>
 */
public final class ModelStockMethod implements MergeMethod {

  /** What task vectors of length 1 leave together is F64 rounding noise below it. */
  static final double CANCELLED = 1e-12;

  /** For the report. */
  static final String CANCEL = "the task vectors cancel; the base was taken";

  /** For the report. */
  static final String APART =
      "the task vectors point apart (mean cosine below 0); moved away from their mean";

  /** For the report. */
  static final String ZERO =
      "some model equals the base; its task vector counts as orthogonal to the others";

  /** mergekit raises products of two norms to this. */
  static final double MERGEKIT_LEAST_PRODUCT = 1e-6;

  private static final MethodDescription DESCRIPTION =
      new MethodDescription(
              "model_stock",
              "from the base towards the mean of the models, as far as they agree",
              List.of(
                  new Paper(
                      "Jang et al. 2024, Model Stock: all we need is just a few fine-tuned models",
                      "2403.19522")),
              BaseModelUse.REQUIRED,
              2,
              Integer.MAX_VALUE,
              List.of(
                  ParameterDescription.flag(
                      "filter_wise", false, "an angle for each row, not one for the tensor")))
          .explained(
              """
              r = t mean_i x_i + (1 - t) b        t = N c / (1 + (N - 1) c)
              c = mean over pairs of cos(x_i - b, x_j - b); t is negative where c is
              """,
              "tensors with small task vectors have an angle too; mergekit raises products of norms"
                  + " to 1e-6, which draws them to the base (compat: mergekit)",
              "task vectors that cancel give the base; mergekit divides by zero");

  @Override
  public MethodDescription description() {
    return DESCRIPTION;
  }

  @Override
  public TensorMerge prepare(TensorContext context) {
    int[] models = context.nonBase();
    double leastProduct =
        context.compatibility() == Compatibility.MERGEKIT ? MERGEKIT_LEAST_PRODUCT : 0;
    List<Long> dimensions = context.output().shape().dimensions();
    boolean rows =
        context.parameters().flag("filter_wise")
            && dimensions.size() > 1
            && dimensions.getLast() < context.output().elements();
    if (!rows) {
      return InnerProductPass.gram(
          context,
          models,
          context.base(),
          gram -> {
            List<String> remarks = new ArrayList<>();
            double[] shares = shares(gram, leastProduct, remarks);
            return LinearCombination.of(models, context.base(), shares, context.output().dtype())
                .withRemarks(remarks);
          });
    }
    if (dimensions.getLast() > TensorMerge.MAX_GRANULE_ELEMENTS) {
      throw new UnsupportedFeatureException(
          "tensor \""
              + context.output().name()
              + "\": model_stock takes rows of up to "
              + TensorMerge.MAX_GRANULE_ELEMENTS
              + " elements, found "
              + dimensions.getLast()
              + "; set filter_wise: false");
    }
    return new RowStockKernel(
        models, context.base(), Math.toIntExact(dimensions.getLast()), leastProduct);
  }

  /**
   * The coefficient t/N of each task vector.
   *
   * @param remarks gets what is out of the ordinary
   */
  static double[] shares(GramMatrix gram, double leastProduct, Collection<String> remarks) {
    int n = gram.vectors();
    double sum = 0;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < i; j++) {
        sum += cosine(gram, i, j, leastProduct);
      }
    }
    double mean = sum / (n * (n - 1) / 2.0);
    double left = 1 + (n - 1) * mean;
    double ratio = left < CANCELLED ? 0 : n * mean / left;
    if (left < CANCELLED) {
      remarks.add(CANCEL);
    } else if (mean < 0) {
      remarks.add(APART);
    }
    if (gram.hasZeroAndOthers()) {
      remarks.add(ZERO);
    }
    double[] shares = new double[n];
    Arrays.fill(shares, ratio / n);
    return shares;
  }

  private static double cosine(GramMatrix gram, int i, int j, double leastProduct) {
    double product = gram.norm(i) * gram.norm(j);
    return product >= leastProduct
        ? gram.cosine(i, j)
        : Math.max(-1, Math.min(1, gram.product(i, j) / leastProduct));
  }
}
