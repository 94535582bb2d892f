/**
 * Weight matrices as panels of numbers: rows or columns of a {@link
 * io.hfmerge.hf.arch.WeightMatrix} decoded from a checkpoint, whatever their dtype, alignment and
 * stored orientation.
 */
@NullMarked
package io.hfmerge.analysis.matrix;

import org.jspecify.annotations.NullMarked;
