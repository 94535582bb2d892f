/** Experiments of arXiv:2502.17340, low-rank bias, weight decay and model merging. */
@NullMarked
package io.hfmerge.examples.experiment.lowrank;

import org.jspecify.annotations.NullMarked;
