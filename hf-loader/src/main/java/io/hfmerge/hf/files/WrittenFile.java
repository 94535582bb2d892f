package io.hfmerge.hf.files;

/**
 * A file of a checkpoint that was written.
 *
 * @param name within its folder
 * @param sizeBytes headers included
 * @param checksum CRC-32C of all its bytes
 */
public record WrittenFile(String name, long sizeBytes, int checksum) {}
