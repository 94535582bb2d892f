/**
 * Carries a plan out: streams tiles of every tensor from the inputs through the merge method to the
 * writer, on several threads, in bounded memory.
 */
@NullMarked
package io.hfmerge.engine;

import org.jspecify.annotations.NullMarked;
