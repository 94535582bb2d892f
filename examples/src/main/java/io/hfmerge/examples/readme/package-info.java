/** The samples of the README, compiled and run by tests. */
@NullMarked
package io.hfmerge.examples.readme;

import org.jspecify.annotations.NullMarked;
