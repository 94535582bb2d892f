/**
 * The closed set of things that hfmerge refuses, each with its own exit code in the command line.
 */
@NullMarked
package io.hfmerge.error;

import org.jspecify.annotations.NullMarked;
