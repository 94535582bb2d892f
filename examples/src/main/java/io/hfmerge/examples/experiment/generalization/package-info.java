/** Experiments of arXiv:2410.02176, weight decay, rank two and generalisation. */
@NullMarked
package io.hfmerge.examples.experiment.generalization;

import org.jspecify.annotations.NullMarked;
