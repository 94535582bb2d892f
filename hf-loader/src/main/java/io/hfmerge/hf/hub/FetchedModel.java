package io.hfmerge.hf.hub;

import io.hfmerge.hf.ModelLocation;

/**
 * A model of the Hub whose files are on this machine, as far as they were asked for.
 *
 * @param repository its name
 * @param commit of the repository
 * @param location where the files are
 * @param files how many belong to the model
 * @param sizeBytes of these
 * @param receivedBytes of these that came over the network just now
 */
public record FetchedModel(
    String repository,
    String commit,
    ModelLocation location,
    int files,
    long sizeBytes,
    long receivedBytes) {}
