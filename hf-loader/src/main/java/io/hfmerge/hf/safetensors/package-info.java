/**
 * The safetensors format: a strict reader over mapped files, single or sharded, and a writer that
 * knows its header in advance.
 *
 * <p>Source: the format text and the reference reader of huggingface/safetensors.
 */
@NullMarked
package io.hfmerge.hf.safetensors;

import org.jspecify.annotations.NullMarked;
