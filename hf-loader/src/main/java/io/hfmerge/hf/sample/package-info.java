/**
 * Real pretrained models that come as Maven artifacts, so that everything can be tried without a
 * download from the Hub.
 */
@NullMarked
package io.hfmerge.hf.sample;

import org.jspecify.annotations.NullMarked;
