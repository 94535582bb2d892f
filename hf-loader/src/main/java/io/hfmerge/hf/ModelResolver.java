package io.hfmerge.hf;

import java.io.IOException;
import java.util.Optional;

/**
 * Turns one kind of reference into files on this machine. Resolvers are found by {@link
 * java.util.ServiceLoader} and asked in ascending {@link #order()}; the first that knows the
 * reference wins.
 */
public interface ModelResolver {

  /**
   * Place among the resolvers; those that come with hfmerge have 0 (local files), 100 (samples) and
   * 200 (the Hub).
   */
  int order();

  /**
   * Finds the files of a model.
   *
   * @param reference what the user wrote
   * @param attempts hears what was tried in vain, for the error message
   * @return empty if this resolver does not know the reference
   * @throws IOException if the model is known but cannot be fetched or read
   * @throws io.hfmerge.error.HfMergeException if the reference is this resolver's own and wrong
   */
  Optional<ModelLocation> resolve(String reference, ResolutionAttempts attempts) throws IOException;

  /**
   * Finds the files of a model, fetching them if need be.
   *
   * @param options for what takes long; a resolver that has its files at hand need not look at them
   * @return as {@link #resolve(String, ResolutionAttempts)}
   */
  default Optional<ModelLocation> resolve(
      String reference, OpenOptions options, ResolutionAttempts attempts) throws IOException {
    return resolve(reference, attempts);
  }
}
