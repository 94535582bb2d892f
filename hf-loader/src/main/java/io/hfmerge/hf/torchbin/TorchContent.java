package io.hfmerge.hf.torchbin;

import io.hfmerge.hf.torchbin.PickleValue.Storage;
import java.io.IOException;
import java.util.Optional;

/**
 * What a file of PyTorch holds, whatever its format.
 *
 * @param root the object that was saved
 * @param data finds the bytes of storages
 */
record TorchContent(PickleValue root, StorageData data) {

  /** Finds bytes in the file. */
  interface StorageData {

    /** All bytes of the storage's key; empty if the file has none. */
    Optional<Range> find(Storage storage);
  }

  /** Bytes of the file. */
  interface Range {

    /** Number of bytes. */
    long size();

    /**
     * The first byte, which may take a look into the file.
     *
     * @throws io.hfmerge.error.MalformedCheckpointException if the file has something else there
     */
    long position() throws IOException;
  }

  /**
   * Bytes whose place is known.
   *
   * @param position first byte
   * @param size number of bytes
   */
  record Place(long position, long size) implements Range {}
}
