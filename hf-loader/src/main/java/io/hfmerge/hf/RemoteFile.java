package io.hfmerge.hf;

import java.util.Optional;

/**
 * A file on another machine, which its commit pins down.
 *
 * @param address where it is read
 * @param sizeBytes its size
 * @param commit of the repository that it belongs to
 * @param sha256 its SHA-256 as the server has it
 */
public record RemoteFile(String address, long sizeBytes, String commit, Optional<String> sha256) {}
