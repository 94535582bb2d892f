package io.hfmerge.plan;

import io.hfmerge.tensor.Checkpoint;

/**
 * An open checkpoint that a recipe names.
 *
 * @param reference exactly as the recipe has it
 * @param checkpoint stays open, and stays its opener's to close, until the merge is done
 * @param naming how its tensors are called
 */
public record MergeInput(String reference, Checkpoint checkpoint, TensorNaming naming) {}
