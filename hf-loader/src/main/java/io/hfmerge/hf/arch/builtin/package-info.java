/** The families that come with hfmerge, one definition each. */
@NullMarked
package io.hfmerge.hf.arch.builtin;

import org.jspecify.annotations.NullMarked;
