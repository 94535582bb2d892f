package io.hfmerge.method;

import io.hfmerge.method.ParameterDescription.Scope;
import java.util.List;

/**
 * Takes another model's values where they are near the base's, and less of them the farther they
 * are.
 *
 * <pre>
 * r = (1 - w) b + w x        w = clamp(t / max(|x - b|, LEAST_DISTANCE), 0, 1)
 *
 * Shape:   inputs and result (any), F32 tiles, F64 arithmetic.
 * Range:   t finite; values within t of the base are taken whole, others move by t towards the
 *          model. t up to 0 gives the base byte for byte.
 * NaN:     NaN in, NaN out. An infinity in either gives NaN.
 * Same:    identical models come back bit for bit.
 * Cost:    a division per element.
 * Source:  alchemonaut 2024 (see the description).
 * Departs: none.
 * mergekit: same up to F32 rounding.
 * </pre>
 */
public final class NearswapMethod implements MergeMethod {

  /** mergekit's; t below it moves equal values by their share of it, that is not at all. */
  static final double LEAST_DISTANCE = 1e-6;

  private static final MethodDescription DESCRIPTION =
      new MethodDescription(
              "nearswap",
              "the base, moved towards another model by at most t in each value",
              List.of(
                  Paper.page(
                      "alchemonaut 2024, NearSwap, in QuartetAnemoi-70B",
                      "https://huggingface.co/alchemonaut/QuartetAnemoi-70B-t0.0001")),
              BaseModelUse.REQUIRED,
              1,
              1,
              List.of(
                  ParameterDescription.number(
                      "t", Scope.GLOBAL, null, "distance up to which the model's value is taken")))
          .explained(
              """
              r = (1 - w) b + w x        w = clamp(t / max(|x - b|, 1e-6), 0, 1)
              """);

  @Override
  public MethodDescription description() {
    return DESCRIPTION;
  }

  @Override
  public TensorMerge prepare(TensorContext context) {
    double t = context.parameters().number("t");
    int base = context.base();
    int other = context.nonBase()[0];
    if (t <= 0) {
      return new CopyOfInput(base);
    }
    TileKernel kernel =
        (inputs, out, length, firstElement) -> merge(t, inputs[other], inputs[base], out, length);
    return kernel;
  }

  private static void merge(double t, float[] input, float[] base, float[] out, int length) {
    for (int i = 0; i < length; i++) {
      double b = base[i];
      double x = input[i];
      double share = Math.min(1, t / Math.max(Math.abs(x - b), LEAST_DISTANCE));
      out[i] = (float) ((1 - share) * b + share * x);
    }
  }
}
