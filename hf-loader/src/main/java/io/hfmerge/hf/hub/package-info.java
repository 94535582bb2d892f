/**
 * The Hugging Face Hub: its local cache, which is shared with the Python tools; downloads into it;
 * and weights that are read over the network, range by range.
 */
@NullMarked
package io.hfmerge.hf.hub;

import org.jspecify.annotations.NullMarked;
