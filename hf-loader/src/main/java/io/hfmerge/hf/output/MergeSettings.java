package io.hfmerge.hf.output;

import io.hfmerge.engine.MergeOptions;

/**
 * How a merged model is written.
 *
 * @param engine threads and tiles; none of it changes a byte
 * @param replace whether an existing model folder at the target is replaced
 * @param maxShardBytes size of tensor data above which a new file is begun
 * @param version version of hfmerge, for the model card
 */
public record MergeSettings(
    MergeOptions engine, boolean replace, long maxShardBytes, String version) {}
