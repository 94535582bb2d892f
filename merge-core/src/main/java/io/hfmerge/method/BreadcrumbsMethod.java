package io.hfmerge.method;

import java.util.List;

/**
 * Drops the largest and the smallest entries of task vectors and adds what is left.
 *
 * <pre>
 * d_i = x_i - b;  s_i = of d_i in order of magnitude, equal ones in row-major order, the
 *     t = floor(density_i n) entries, at least one, that follow the top = floor(gamma_i n) largest;
 *     top is n - t where that is less; density 1: all entries, whatever gamma
 * r = b + lambda/q sum_i w_i r_i s_i              q = sum_i w_i with normalize, else 1
 *
 * Shape:   inputs and result (any), F32 tiles, F64 sums; ranked over the n elements of the tensor.
 * Range:   weight and lambda finite, of any sign; density and gamma 0 to 1. r_i = 1, with rescale
 *          sum |d_i| / sum |s_i|, 1 where either sum is below 1e-7. With normalize, |q| below 1e-8
 *          counts as 1, which the report remarks on.
 * NaN:     NaN in, NaN out. A difference that is infinite gives NaN or an infinity. Neither is
 *          trimmed, dropped or outvoted unseen.
 *          In ranks NaN is above infinity. With rescale, one of them makes the whole tensor NaN.
 * Same:    models equal to the base, or lambda 0, give the base back bit for bit (finite values).
 * Cost:    a sample and one more pass over the inputs to rank, both less than the merge itself.
 * Source:  Davari and Belilovsky 2023, arXiv:2312.06795, section 3: masks per layer at both ends;
 *          gamma is the share of the paper's upper end, density what is left between both.
 * Departs: at least one entry stays, but for density 0, which drops all.
 * mergekit: same up to F32 rounding but for short tensors: where top is 0 it drops the whole task
 *          vector, and where t is 0 too (compat: mergekit does the same).
 * </pre>
 */
public final class BreadcrumbsMethod extends SparseTaskVectorMethod {

  /** As every merge method has it, for {@link java.util.ServiceLoader}. */
  public BreadcrumbsMethod() {
    super(
        describe(
                "breadcrumbs",
                "adds task vectors without their smallest and their very largest entries",
                List.of(new Paper("Davari and Belilovsky 2023, Model Breadcrumbs", "2312.06795")),
                withGamma(
                    TaskVectorParameters.describe(
                        false,
                        false,
                        false,
                        "multiply what stays of each task vector so that its sum of magnitudes is as before")))
            .explained(
                """
                d_i = x_i - b; s_i = of its n entries, without the top = floor(gamma_i n) largest,
                  the floor(density_i n) largest of the rest, at least one; density 0: none
                r_i = 1; rescale: sum |d_i| / sum |s_i|
                r = b + lambda/q sum_i w_i r_i s_i
                normalize: q = sum_i w_i, or 1 where that vanishes; otherwise q = 1
                """,
                "where top is 0 the largest entries are kept; mergekit drops all entries "
                    + "there, as does compat: mergekit",
                "where floor(density n) is 0 one entry is kept; mergekit drops all there,"
                    + " as does compat: mergekit",
                "of equal magnitudes the first ones count as larger; mergekit leaves open which"),
        MagnitudeTrim.WITHOUT_OUTLIERS,
        false);
  }
}
