package io.hfmerge.hf.arch;

/**
 * Sizes of a transformer.
 *
 * @param layers number of layers (of all stacks together)
 * @param hidden residual width d
 * @param heads attention (query) heads H of a layer
 * @param kvHeads key/value heads G of a layer, a divisor of H
 * @param headWidth width of a head; H times it need not be d
 */
public record ModelDimensions(int layers, int hidden, int heads, int kvHeads, int headWidth) {}
