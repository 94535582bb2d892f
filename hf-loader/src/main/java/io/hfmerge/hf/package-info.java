/**
 * Opens models: {@link io.hfmerge.hf.HfModels} resolves a reference through the {@link
 * io.hfmerge.hf.ModelResolver}s at hand to an {@link io.hfmerge.hf.HfModel}.
 */
@NullMarked
package io.hfmerge.hf;

import org.jspecify.annotations.NullMarked;
