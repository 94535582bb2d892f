package io.hfmerge.hf.output;

import io.hfmerge.engine.MergeOptions;

/**
 * How a merged model is written.
 *
 * @param engine threads and tiles; none of it changes a byte
 * @param replace whether an existing model folder at the target is replaced
 * @param maxShardBytes size of tensor data above which a new file is begun
 * @param version version of hfmerge, for the model card and the manifest
 * @param resume whether an unfinished merge of the same target is continued, if there is one
 * @param allowNonFinite whether NaN and infinities that the inputs did not have are kept
 * @param sha256 whether the manifest gets the SHA-256 of all inputs and outputs
 */
public record MergeSettings(
    MergeOptions engine,
    boolean replace,
    long maxShardBytes,
    String version,
    boolean resume,
    boolean allowNonFinite,
    boolean sha256) {

  /** From the beginning, finite numbers only, without SHA-256. */
  public MergeSettings(MergeOptions engine, boolean replace, long maxShardBytes, String version) {
    this(engine, replace, maxShardBytes, version, false, false, false);
  }

  /** The same, continuing an unfinished merge or not. */
  public MergeSettings withResume(boolean value) {
    return new MergeSettings(
        engine, replace, maxShardBytes, version, value, allowNonFinite, sha256);
  }

  /** The same, keeping NaN and infinities or not. */
  public MergeSettings withAllowNonFinite(boolean value) {
    return new MergeSettings(engine, replace, maxShardBytes, version, resume, value, sha256);
  }

  /** The same, with or without SHA-256. */
  public MergeSettings withSha256(boolean value) {
    return new MergeSettings(
        engine, replace, maxShardBytes, version, resume, allowNonFinite, value);
  }
}
