/** A model run once, to see that it runs. */
@NullMarked
package io.hfmerge.hf.djl.trial;

import org.jspecify.annotations.NullMarked;
