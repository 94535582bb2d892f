package io.hfmerge.plan;

import io.hfmerge.tensor.TensorSpec;

/**
 * A tensor to read.
 *
 * @param input checkpoint that holds it
 * @param tensor name, dtype and shape there
 */
public record TensorSource(MergeInput input, TensorSpec tensor) {}
