package io.hfmerge.method;

import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.method.ParameterDescription.Scope;
import io.hfmerge.tensor.Shape;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * Interpolates between two models, or between their task vectors, along the great circle: whole
 * tensors, rows or columns.
 *
 * <pre>
 * r = [sin((1-t) th) x + sin(t th) y] / sin th        t = w_y / (w_x + w_y)
 *     (1-t) x + t y                                   where sin th below LEAST_SINE
 *     with a base, of x - b and y - b, and b + r
 *
 * Shape:   inputs and result (any). nuslerp_flatten: each tensor one vector. Otherwise vectors along
 *          the last dimension or, with nuslerp_row_wise, along the first. F32 tiles, F64 sums.
 * Range:   weights finite, of any sign; a sum below VANISHING_SUM counts as t = 1/2, which the
 *          report remarks on. t = 0 and t = 1 give a model byte for byte. Vectors along the last
 *          dimension of at most 2^23 elements, at most 2^23 vectors along the first. Zero vectors
 *          count as orthogonal; opposite ones are interpolated straight.
 * NaN:     whole tensors: an error that names tensor and model. Rows and columns: NaN or infinity
 *          makes its row or column NaN.
 * Same:    identical models come back bit for bit.
 * Cost:    whole tensors and columns: two passes; rows: one. Three products per element, then two
 *          multiplications.
 * Source:  Shoemake 1985, section 3.3; weights, base and rows are mergekit's.
 * Departs: see above.
 * mergekit: same up to F32 rounding. There norms below 1e-7 count as 1e-7, which takes short vectors
 *          for orthogonal ({@code compat: mergekit} gives that).
 * </pre>
 */
public final class NuslerpMethod implements MergeMethod {

  /** Sum of weights below which mergekit takes the middle; kept, for equal numbers. */
  static final double VANISHING_SUM = 1e-6;

  /** mergekit's: below it the formula divides rounding noise by rounding noise. */
  static final double LEAST_SINE = 1e-8;

  /** mergekit raises norms to this one. */
  static final double MERGEKIT_LEAST_NORM = 1e-7;

  private static final MethodDescription DESCRIPTION =
      new MethodDescription(
              "nuslerp",
              "spherical interpolation of two models or task vectors, also by row",
              List.of(new Paper("Shoemake 1985, Animating rotation with quaternion curves", "")),
              BaseModelUse.OPTIONAL,
              2,
              2,
              List.of(
                  ParameterDescription.number(
                      "weight",
                      Scope.PER_MODEL,
                      null,
                      "t is the second's share in the sum of both"),
                  ParameterDescription.flag("nuslerp_flatten", true, "each tensor is one vector"),
                  ParameterDescription.flag(
                      "nuslerp_row_wise",
                      false,
                      "without flatten: vectors along the first dimension, not the last")))
          .explained(
              """
              r = [sin((1-t) th) x + sin(t th) y] / sin th        cos th = (x, y) / (|x| |y|)
              r = (1-t) x + t y                                   where sin th < 1e-8
              t = w_y / (w_x + w_y). With a base, of x - b and y - b, and b is added.
              """,
              "vectors with a norm below 1e-7 have an angle too; mergekit takes them for orthogonal"
                  + " (compat: mergekit)",
              "opposite vectors are interpolated straight; in F32 mergekit multiplies their"
                  + " rounding noise");

  private record Parameters(double t, boolean flatten, boolean rowWise) {

    static Parameters of(TensorContext context) {
      return new Parameters(
          vanishes(context) ? 0.5 : weight(context, 1) / weightSum(context),
          context.parameters().flag("nuslerp_flatten"),
          context.parameters().flag("nuslerp_row_wise"));
    }
  }

  /** One interpolation, for a whole tensor, a row or a column. */
  record Interpolation(double t, double leastNorm) {

    /**
     * Coefficients for two vectors.
     *
     * @param remarks gets what is out of the ordinary
     */
    Slerp of(GramMatrix gram, Collection<String> remarks) {
      double cosine = leastNorm == 0 ? gram.cosine(0, 1) : gram.cosine(0, 1, leastNorm);
      if (gram.hasZeroAndOthers()) {
        remarks.add(Slerp.ZERO);
      } else if (cosine < 0 && Math.sin(Math.acos(cosine)) < LEAST_SINE) {
        remarks.add(Slerp.OPPOSITE);
      }
      return Slerp.along(t, cosine, LEAST_SINE);
    }
  }

  @Override
  public MethodDescription description() {
    return DESCRIPTION;
  }

  @Override
  public TensorMerge prepare(TensorContext context) {
    Parameters parameters = Parameters.of(context);
    int[] models = context.nonBase();
    if (parameters.t == 0 || parameters.t == 1) {
      return new CopyOfInput(models[(int) parameters.t]);
    }
    boolean mergekit = context.compatibility() == Compatibility.MERGEKIT;
    Interpolation interpolation =
        new Interpolation(parameters.t, mergekit ? MERGEKIT_LEAST_NORM : 0);
    Shape shape = context.output().shape();
    long vectors = parameters.flatten || shape.rank() < 2 ? 1 : vectors(shape, parameters.rowWise);
    if (vectors <= 1) {
      return InnerProductPass.gram(
          context,
          models,
          context.base(),
          gram -> {
            List<String> remarks = new ArrayList<>();
            Slerp slerp = interpolation.of(gram, remarks);
            return slerp
                .kernel(models, context.base(), context.output().dtype())
                .withRemarks(remarks);
          });
    }
    long length = parameters.rowWise ? vectors : shape.dimension(shape.rank() - 1);
    if (length > TensorMerge.MAX_GRANULE_ELEMENTS) {
      throw new UnsupportedFeatureException(
          "tensor \""
              + context.output().name()
              + "\": nuslerp takes rows of up to "
              + TensorMerge.MAX_GRANULE_ELEMENTS
              + " elements, found "
              + length
              + "; set nuslerp_flatten: true");
    }
    return parameters.rowWise
        ? new ColumnSlerpPass(models, context.base(), (int) length, interpolation)
        : new RowSlerpKernel(models, context.base(), (int) length, interpolation);
  }

  /** Number of vectors that a tensor of two or more dimensions consists of. */
  private static long vectors(Shape shape, boolean alongFirst) {
    long along = shape.dimension(alongFirst ? 0 : shape.rank() - 1);
    return along == 0 ? 0 : shape.elements() / along;
  }

  @Override
  public List<String> remarks(TensorContext context) {
    return vanishes(context)
        ? List.of("the weights add up to zero: interpolated half way")
        : List.of();
  }

  private static boolean vanishes(TensorContext context) {
    return Math.abs(weightSum(context)) < VANISHING_SUM;
  }

  private static double weightSum(TensorContext context) {
    return weight(context, 0) + weight(context, 1);
  }

  private static double weight(TensorContext context, int index) {
    return context.parameters().number("weight", context.nonBase()[index]);
  }
}
