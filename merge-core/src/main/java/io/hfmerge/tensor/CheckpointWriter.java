package io.hfmerge.tensor;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * A checkpoint being written, all of whose tensors are known from the start, so that any byte can
 * be written at its final place in any order by several threads.
 *
 * <p>What was written counts only once {@link #finish()} has returned; closing without it abandons
 * the output.
 */
public interface CheckpointWriter extends AutoCloseable {

  /**
   * Writes part of a tensor's bytes.
   *
   * @param tensor name of a declared tensor
   * @param offsetBytes first byte, counted from the tensor's own start
   * @param source little-endian row-major bytes, preferably native memory; all of it is written
   * @throws IOException if the bytes cannot be written, a full disk included
   * @throws IllegalArgumentException if there is no such tensor or the range leaves it
   */
  void write(String tensor, long offsetBytes, MemorySegment source) throws IOException;

  /**
   * Checks that every byte was written and forces the files to the disk.
   *
   * @throws IOException if they cannot be forced
   * @throws IllegalStateException if bytes of a tensor are missing
   */
  void finish() throws IOException;

  @Override
  void close() throws IOException;
}
