package io.hfmerge.hf.safetensors;

/**
 * A file of a checkpoint that was written.
 *
 * @param name within its folder
 * @param sizeBytes header included
 * @param checksum CRC-32C of all its bytes
 */
public record WrittenFile(String name, long sizeBytes, int checksum) {}
