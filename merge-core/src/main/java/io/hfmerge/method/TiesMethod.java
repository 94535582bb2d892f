package io.hfmerge.method;

import java.util.List;

/**
 * Trims task vectors to their largest entries, elects a sign for each, and averages those that
 * agree.
 *
 * <pre>
 * d_i = x_i - b;  s_i = the floor(density_i n) entries of d_i of largest magnitude, at least one;
 *     of equal magnitudes those first in row-major order; density 1: all, density 0: none
 * e = sign(sum_i w_i r_i s_i), + if zero         election: unweighted: of sum_i r_i s_i
 * r = b + lambda D, with normalize b + lambda D / q
 *     D = sum of w_i r_i s_i, q = sum of w_i, both over i with sign(w_i s_i) = e; q = 1 if zero
 *
 * Shape:   inputs and result (any), F32 tiles, F64 sums (of two models into 16 bits F32);
 *          trimmed over the n elements of the tensor or, with trim: global, over the N
 *          elements of all tensors that have it: every entry that reaches the magnitude of the
 *          floor(density_i N)-th largest, equal ones included. A model's density is then the same
 *          for all tensors; rescale stays per tensor.
 * Range:   weight and lambda finite, of any sign; density 0 to 1. r_i = 1, with rescale
 *          sum |d_i| / sum |s_i|, 1 where either sum is below 1e-7. Signs of opposite weights can
 *          leave a small q, which divides as it is.
 * NaN:     NaN in, NaN out. A difference that is infinite gives NaN or an infinity. Neither is
 *          trimmed, dropped or outvoted unseen.
 *          In ranks NaN is above infinity. With rescale, one of them makes the whole tensor NaN.
 * Same:    models equal to the base, or lambda 0, give the base back bit for bit (finite values); with
 *          normalize, models equal to each other give that model up to one rounding at density 1.
 * Cost:    a sample and one more pass over the inputs to trim, both less than the merge itself; trim: global:
 *          two passes over all tensors before the first is merged.
 * Source:  Yadav et al. 2023, arXiv:2306.01708, section 3 and algorithm 1.
 * Departs: the paper trims over the whole model and elects by unweighted sums: trim: global and
 *          election: unweighted.
 *          It knows no weights per model. At exact balance it leaves the sign open; it is + here.
 * mergekit: same up to F32 rounding. Where floor(density n) is 0 it stops the run (with compat:
 *          mergekit an error that names the tensor). Which of equal magnitudes stay is not specified
 *          there. int8_mask is accepted and changes nothing there either.
 * </pre>
 */
public final class TiesMethod extends SparseTaskVectorMethod {

  /** As every merge method has it, for {@link java.util.ServiceLoader}. */
  public TiesMethod() {
    super(
        describe(
                "ties",
                "adds the largest entries of task vectors that agree with an elected sign",
                List.of(new Paper("Yadav et al. 2023, TIES-Merging", "2306.01708")),
                withTrim(
                    TaskVectorParameters.describe(
                        true,
                        true,
                        false,
                        "multiply what stays of each task vector so that its sum of magnitudes is as before")))
            .explained(
                """
                d_i = x_i - b; s_i = of its n entries the floor(density_i n) largest, at least one;
                  density 0: none. trim: global: d_i of all tensors together, as many as
                  reach the floor(density_i N)-th largest magnitude
                r_i = 1; rescale: sum |d_i| / sum |s_i|
                e = sign(sum_i w_i r_i s_i), + if zero
                r = b + lambda sum_i w_i r_i s_i, over the i whose w_i s_i has the sign e
                normalize: divided by the sum of the w_i of these
                election: unweighted: e = sign(sum_i r_i s_i)
                """,
                "where floor(density n) is 0 one entry is kept, where mergekit stops; "
                    + "compat: mergekit makes it an error",
                "of equal magnitudes the first ones are kept; mergekit leaves open which",
                "election: unweighted and trim: global, vote and scope of the paper, are hfmerge's own"),
        MagnitudeTrim.LARGEST,
        true);
  }
}
