/** References to files on this machine. */
@NullMarked
package io.hfmerge.hf.local;

import org.jspecify.annotations.NullMarked;
