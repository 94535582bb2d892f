/** Training of small networks on DJL arrays, with checkpoints. */
@NullMarked
package io.hfmerge.examples.experiment.train;

import org.jspecify.annotations.NullMarked;
