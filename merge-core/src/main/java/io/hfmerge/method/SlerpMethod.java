package io.hfmerge.method;

import io.hfmerge.method.ParameterDescription.Scope;
import java.util.List;

/**
 * Interpolates from the base to another model along the great circle between their directions.
 *
 * <pre>
 * r = [sin((1-t) th) b + sin(t th) x] / sin th        cos th = (b, x) / (|b| |x|)
 *     (1-t) b + t x                                   where |cos th| above LINEAR_COSINE
 *
 * Shape:   inputs and result (any), each tensor one vector; F32 tiles, F64 sums.
 * Range:   t finite; 0 gives the base and 1 the other model, byte for byte; outside [0, 1] it goes
 *          on along the circle. Opposite vectors are interpolated straight, through zero. A zero
 *          tensor counts as orthogonal to anything. The report tells of each of these cases.
 * NaN:     NaN or infinity in an input is an error that names tensor and model, but for t = 0 and
 *          t = 1, which look at one model only.
 * Same:    identical models come back bit for bit.
 * Cost:    two passes: three products per element, then two multiplications.
 * Source:  Shoemake 1985, Animating rotation with quaternion curves, SIGGRAPH 19(3), section 3.3, on
 *          tensors; the formula is applied to the vectors themselves, not to unit vectors.
 * Departs: the straight branch. Fine-tunes of one model nearly always take it.
 * mergekit: same up to F32 rounding. There norms up to 1e-8 count as 1, so that such tensors are
 *          taken for orthogonal ({@code compat: mergekit} gives that).
 * </pre>
 */
public final class SlerpMethod implements MergeMethod {

  /** mergekit's; at this angle, 1.8 degrees, both formulas differ by up to 2e-5 of the result. */
  static final double LINEAR_COSINE = 0.9995;

  /** mergekit does not divide by norms up to this one. */
  static final double MERGEKIT_LEAST_NORM = 1e-8;

  /** For the report. */
  static final String STRAIGHT =
      "the angle between the models is below 1.8 degrees; interpolated straight";

  private static final MethodDescription DESCRIPTION =
      new MethodDescription(
              "slerp",
              "spherical interpolation between the base and another model",
              List.of(new Paper("Shoemake 1985, Animating rotation with quaternion curves", "")),
              BaseModelUse.REQUIRED,
              1,
              1,
              List.of(
                  ParameterDescription.number(
                      "t", Scope.GLOBAL, null, "0 gives the base, 1 the other model")))
          .explained(
              """
              r = [sin((1-t) th) b + sin(t th) x] / sin th        cos th = (b, x) / (|b| |x|)
              r = (1-t) b + t x                                   where |cos th| > 0.9995
              Each tensor is one vector. Fine-tunes of one model are nearly always that close.
              """,
              "tensors with a norm up to 1e-8 have an angle too; mergekit takes them for orthogonal"
                  + " (compat: mergekit)");

  @Override
  public MethodDescription description() {
    return DESCRIPTION;
  }

  @Override
  public TensorMerge prepare(TensorContext context) {
    double t = context.parameters().number("t");
    int base = context.base();
    int other = context.nonBase()[0];
    if (t == 0 || t == 1) {
      return new CopyOfInput(t == 0 ? base : other);
    }
    boolean mergekit = context.compatibility() == Compatibility.MERGEKIT;
    int[] models = {base, other};
    return InnerProductPass.gram(
        context,
        models,
        TensorContext.NO_BASE,
        gram -> {
          double cosine = mergekit ? mergekitCosine(gram) : gram.cosine(0, 1);
          Slerp slerp =
              Math.abs(cosine) > LINEAR_COSINE ? Slerp.linear(t) : Slerp.along(t, cosine, 0);
          return slerp
              .kernel(models, TensorContext.NO_BASE, context.output().dtype())
              .withRemarks(remarks(gram, cosine));
        });
  }

  private static List<String> remarks(GramMatrix gram, double cosine) {
    if (gram.hasZeroAndOthers()) {
      return List.of(Slerp.ZERO);
    }
    if (cosine < -LINEAR_COSINE) {
      return List.of(Slerp.OPPOSITE);
    }
    return cosine > LINEAR_COSINE ? List.of(STRAIGHT) : List.of();
  }

  private static double mergekitCosine(GramMatrix gram) {
    double lengths = 1;
    for (int i = 0; i < gram.vectors(); i++) {
      lengths *= gram.norm(i) > MERGEKIT_LEAST_NORM ? gram.norm(i) : 1;
    }
    return gram.product(0, 1) / lengths;
  }
}
