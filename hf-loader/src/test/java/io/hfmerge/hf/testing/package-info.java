/** Model folders for tests: read, changed, written. */
@NullMarked
package io.hfmerge.hf.testing;

import org.jspecify.annotations.NullMarked;
