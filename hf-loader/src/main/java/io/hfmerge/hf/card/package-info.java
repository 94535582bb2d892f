/** The README of a merged model: what its front matter says, and what those of its parents say. */
@NullMarked
package io.hfmerge.hf.card;

import org.jspecify.annotations.NullMarked;
