/**
 * Checkpoints for users of DJL: tensors as arrays on a device. The only package of this module that
 * knows DJL; nothing here is loaded before it is called.
 */
@NullMarked
package io.hfmerge.hf.djl;

import org.jspecify.annotations.NullMarked;
