/**
 * How well a model does: losses on text, classification of labelled texts, linear probes, and the
 * uncertainty of the difference between two models.
 */
@NullMarked
package io.hfmerge.hf.djl.eval;

import org.jspecify.annotations.NullMarked;
