package io.hfmerge.hf.files;

import io.hfmerge.tensor.CheckpointWriter;
import java.util.List;

/** A writer that knows the checksums of what it has written. */
public interface ChecksummedWriter extends CheckpointWriter {

  /**
   * The CRC-32C of a tensor, all of whose bytes were written.
   *
   * @throws IllegalStateException if bytes are missing
   */
  int checksum(String tensor);

  /**
   * The files of weights, complete.
   *
   * @throws IllegalStateException if bytes are missing
   */
  List<WrittenFile> files();
}
