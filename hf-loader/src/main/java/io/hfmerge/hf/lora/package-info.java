/**
 * PEFT adapters: LoRA and DoRA files, what they do to a base model's tensors, and the base with an
 * adapter applied as a checkpoint that computes its tensors as they are read.
 */
@NullMarked
package io.hfmerge.hf.lora;

import org.jspecify.annotations.NullMarked;
