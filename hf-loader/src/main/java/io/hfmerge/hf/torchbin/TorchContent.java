package io.hfmerge.hf.torchbin;

import io.hfmerge.hf.torchbin.PickleValue.Storage;
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

  /**
   * Bytes of the file.
   *
   * @param position first byte
   * @param size number of bytes
   */
  record Range(long position, long size) {}
}
