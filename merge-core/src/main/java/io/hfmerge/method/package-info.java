/**
 * Merge methods: what one output tensor is, given the models' tensors, as kernels over tiles of
 * {@code float}. Methods are found by {@link java.util.ServiceLoader}, so that a jar on the class
 * path adds one.
 */
@NullMarked
package io.hfmerge.method;

import org.jspecify.annotations.NullMarked;
