/** Fakes of the two ports, for the tests of this module and of those that depend on it. */
@NullMarked
package io.hfmerge.testing;

import org.jspecify.annotations.NullMarked;
