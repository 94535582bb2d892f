/** What models compute on the way: samples of texts, activations of layers, predictions. */
@NullMarked
package io.hfmerge.hf.djl.activation;

import org.jspecify.annotations.NullMarked;
