/**
 * What families of models call their tensors: one declarative {@link
 * io.hfmerge.hf.arch.Architecture} each, and {@link io.hfmerge.hf.arch.ModelStructure}, a
 * definition applied to the names of one checkpoint.
 */
@NullMarked
package io.hfmerge.hf.arch;

import org.jspecify.annotations.NullMarked;
