/**
 * Whole models on DJL: families as compositions of blocks, weights taken from any checkpoint, runs,
 * losses and generation.
 */
@NullMarked
package io.hfmerge.hf.djl.model;

import org.jspecify.annotations.NullMarked;
