/** Making LoRA adapters: out of two models by truncated SVD, and out of other adapters. */
@NullMarked
package io.hfmerge.analysis.lora;

import org.jspecify.annotations.NullMarked;
