/** How long work tells its caller how far it is. */
@NullMarked
package io.hfmerge.progress;

import org.jspecify.annotations.NullMarked;
