package io.hfmerge.method;

import java.util.List;

/**
 * Drops entries of task vectors at random, scales up the others and adds them.
 *
 * <pre>
 * d_i = x_i - b;  s_i = entries of d_i, each with probability density_i, independently
 * r = b + lambda/q sum_i w_i r_i s_i              q = sum_i w_i with normalize, else 1
 *
 * Shape:   inputs and result (any), F32 tiles, F64 sums.
 * Range:   weight and lambda finite, of any sign; density 0 to 1. r_i = 1/density_i with rescale, else
 *          1. Density 0 drops everything, density 1 nothing. With normalize, |q| below 1e-8 counts
 *          as 1, which the report remarks on.
 * NaN:     NaN in, NaN out. A difference that is infinite gives NaN or an infinity. Neither is
 *          trimmed, dropped or outvoted unseen.
 * Same:    models equal to the base, or lambda 0, give the base back bit for bit (finite values). The
 *          same seed gives the same masks, on any number of threads and for any other tensors: {@link
 *          ElementRandom} says how they are drawn.
 * Cost:    ten rounds of Philox for four entries of each model; one pass.
 * Source:  Yu et al. 2023, arXiv:2311.03099, equation 1: drop with probability p = 1 - density, divide
 *          by 1 - p.
 * Departs: weights per model, lambda and normalize are mergekit's additions.
 * mergekit: rescales so that the sum of magnitudes stays what it was, sum |d_i| / sum |s_i|, 1 where
 *          either sum is below 1e-7 (compat: mergekit does the same, in one more pass). Its masks
 *          come from another generator.
 * </pre>
 */
public final class DareLinearMethod extends SparseTaskVectorMethod {

  /** As every merge method has it, for {@link java.util.ServiceLoader}. */
  public DareLinearMethod() {
    super(
        describe(
                "dare_linear",
                "adds randomly thinned-out task vectors",
                List.of(new Paper("Yu et al. 2023, Language models are super Mario", "2311.03099")),
                TaskVectorParameters.describe(
                    false, false, true, "divide what stays by the probability with which it stays"))
            .explained(
                """
                d_i = x_i - b; s_i = its entries, each with probability density_i
                r_i = 1/density_i with rescale, else 1
                r = b + lambda/q sum_i w_i r_i s_i
                normalize: q = sum_i w_i, or 1 where that vanishes; otherwise q = 1
                """,
                "rescale divides by the density, as the paper does; mergekit keeps sum "
                    + "|d_i|, as does compat: mergekit",
                "masks depend on seed, model, tensor name and element alone; mergekit "
                    + "draws from one stream"),
        RandomThinning.UNIFORM,
        false);
  }
}
