/**
 * Tensors as checkpoints store them: data types, shapes, the two ports {@link
 * io.hfmerge.tensor.Checkpoint} (bytes in) and {@link io.hfmerge.tensor.CheckpointWriter} (bytes
 * out), and the codecs between stored bytes and {@code double} tiles.
 */
@NullMarked
package io.hfmerge.tensor;

import org.jspecify.annotations.NullMarked;
