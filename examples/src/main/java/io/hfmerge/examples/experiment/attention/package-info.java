/** Experiments of arXiv:2410.23819, weight decay induces low-rank attention layers. */
@NullMarked
package io.hfmerge.examples.experiment.attention;

import org.jspecify.annotations.NullMarked;
