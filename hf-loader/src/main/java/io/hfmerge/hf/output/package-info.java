/**
 * Writing a model folder that opens in transformers unchanged: staged beside its target, complete
 * with config, companion files and model card, and renamed when whole.
 */
@NullMarked
package io.hfmerge.hf.output;

import org.jspecify.annotations.NullMarked;
