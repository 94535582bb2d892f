/** What the papers' theory says of published checkpoints. */
@NullMarked
package io.hfmerge.examples.experiment.pretrained;

import org.jspecify.annotations.NullMarked;
