/** Synthetic checkpoints in published geometries, for benchmarks and trials without a download. */
@NullMarked
package io.hfmerge.examples.synth;

import org.jspecify.annotations.NullMarked;
