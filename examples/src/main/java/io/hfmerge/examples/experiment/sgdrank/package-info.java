/** Experiments of arXiv:2206.05794, SGD with weight decay minimises ranks. */
@NullMarked
package io.hfmerge.examples.experiment.sgdrank;

import org.jspecify.annotations.NullMarked;
