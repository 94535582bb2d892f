package io.hfmerge.hf.safetensors;

import io.hfmerge.tensor.TensorSpec;
import java.util.List;
import java.util.Map;

/**
 * The checked header of one safetensors file.
 *
 * @param dataStart byte of the file at which tensor data begins: 8 + header length, of any
 *     alignment
 * @param entries tensors in the order of their data, which they cover without holes or overlaps
 * @param metadata the string map {@code __metadata__}; empty if absent
 */
record SafetensorsHeader(long dataStart, List<Entry> entries, Map<String, String> metadata) {

  SafetensorsHeader {
    entries = List.copyOf(entries);
    metadata = Map.copyOf(metadata);
  }

  /**
   * One tensor.
   *
   * @param spec name, dtype and shape
   * @param begin first byte, counted from {@code dataStart}
   * @param end byte after the last, counted from {@code dataStart}
   */
  record Entry(TensorSpec spec, long begin, long end) {}
}
