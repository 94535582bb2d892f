package io.hfmerge.method;

import java.util.List;

/**
 * Drops entries of task vectors at random, small ones more often, scales up the others and adds
 * them.
 *
 * <pre>
 * d_i = x_i - b;  s_i = entries of d_i, each independently with the probability of its rank j among
 *     the c entries of its row, 1 for the smallest magnitude, equal ones in index order:
 * p_j = density_i - epsilon_i + 2 epsilon_i (j - 1)/(c - 1)       density_i where c = 1
 * r_i = 1/p_j for each entry with rescale, else 1
 * r = b + lambda/q sum_i w_i r_i s_i              q = sum_i w_i with normalize, else 1
 *
 * Shape:   inputs and result (any), F32 tiles, F64 sums. Rows run along dimension 1, also of tensors
 *          with more than two; a vector is one row, a scalar a row of one.
 * Range:   weight and lambda finite, of any sign; density 0 to 1. Between these, density - epsilon must
 *          be above 0 and density + epsilon below 1; density 0 drops everything, density 1 nothing.
 *          With normalize, |q| below 1e-8 counts as 1, which the report remarks on.
 * NaN:     NaN in, NaN out. A difference that is infinite gives NaN or an infinity. Neither is
 *          trimmed, dropped or outvoted unseen.
 *          In ranks NaN is above infinity.
 * Same:    models equal to the base, or lambda 0, give the base back bit for bit (finite values). The
 *          same seed gives the same masks, on any number of threads and for any other tensors: {@link
 *          ElementRandom} says how they are drawn.
 * Cost:    a sort of each row of each model; one pass, in tiles of whole rows.
 * Source:  Deep et al. 2024, arXiv:2406.11617, section 3.1, MAGPRUNE: drop probabilities by rank,
 *          survivors divided by one minus theirs.
 * Departs: epsilon is half the width of the window of probabilities, as in mergekit.
 * mergekit: rescales so that the sum of magnitudes stays what it was, sum |d_i| / sum |s_i|, 1 where
 *          either sum is below 1e-7 (compat: mergekit does the same, in one more pass). Its masks
 *          come from another generator, and it stops at rows of one element.
 * </pre>
 */
public final class DellaLinearMethod extends SparseTaskVectorMethod {

  /** As every merge method has it, for {@link java.util.ServiceLoader}. */
  public DellaLinearMethod() {
    super(
        describe(
                "della_linear",
                "adds task vectors thinned out at random, small entries more often",
                List.of(new Paper("Deep et al. 2024, DELLA-Merging", "2406.11617")),
                withEpsilon(
                    TaskVectorParameters.describe(
                        false,
                        false,
                        true,
                        "divide what stays by the probability with which it stays")))
            .explained(
                """
                d_i = x_i - b; s_i = its entries, each with the probability of its rank j by magnitude among
                  the c of its row: p_j = density_i - epsilon_i + 2 epsilon_i (j - 1)/(c - 1)
                r_i = 1/p_j with rescale, else 1
                r = b + lambda/q sum_i w_i r_i s_i
                normalize: q = sum_i w_i, or 1 where that vanishes; otherwise q = 1
                """,
                "rescale divides each entry by its p_j, as the paper does; mergekit keeps"
                    + " sum |d_i|, as does compat: mergekit",
                "masks depend on seed, model, tensor name and element alone; mergekit "
                    + "draws from one stream",
                "in rows of one entry p = density_i, where mergekit stops; compat: "
                    + "mergekit makes it an error"),
        RandomThinning.BY_RANK,
        false);
  }
}
