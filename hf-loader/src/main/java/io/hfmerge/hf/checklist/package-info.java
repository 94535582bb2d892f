/**
 * Whether a model folder is complete and sound by itself: what transformers would only warn of, or
 * not notice.
 */
@NullMarked
package io.hfmerge.hf.checklist;

import org.jspecify.annotations.NullMarked;
