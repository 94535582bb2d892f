/**
 * How task vectors of one base stand to each other before they are summed: {@link
 * io.hfmerge.analysis.interference.ConflictAnalyzer} takes a base and models and gives a {@link
 * io.hfmerge.analysis.interference.ConflictReport}. Each family of measures is one class, listed by
 * {@link io.hfmerge.analysis.interference.Measures}.
 *
 * <p>Throughout, D_t = W_t − W_0 is the task vector of model t, {@code [out, in]}, and M = λ Σ w_t
 * D_t the merged update.
 */
@NullMarked
package io.hfmerge.analysis.interference;

import org.jspecify.annotations.NullMarked;
