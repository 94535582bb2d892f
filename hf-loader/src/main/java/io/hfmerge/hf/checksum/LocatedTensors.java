package io.hfmerge.hf.checksum;

import java.util.Optional;

/** Tensors that are stored in files. */
public interface LocatedTensors {

  /**
   * Where in which file the bytes of a tensor are; the file stays its owner's.
   *
   * @param tensor name of an existing tensor
   * @return empty where they do not lie one after another
   */
  Optional<FileRange> range(String tensor);
}
