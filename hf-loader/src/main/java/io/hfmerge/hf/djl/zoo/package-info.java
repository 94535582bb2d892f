/**
 * hfmerge as a plug-in of DJL: {@code hf://} and {@code hfmerge://} as model URLs, found by DJL's
 * service files.
 */
@NullMarked
package io.hfmerge.hf.djl.zoo;

import org.jspecify.annotations.NullMarked;
