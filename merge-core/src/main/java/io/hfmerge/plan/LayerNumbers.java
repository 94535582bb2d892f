package io.hfmerge.plan;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** Layer numbers for people. */
final class LayerNumbers {

  private LayerNumbers() {}

  /** As in {@code 0-3, 7}. */
  static String text(BitSet layers) {
    List<String> runs = new ArrayList<>();
    for (int start = layers.nextSetBit(0); start >= 0; ) {
      int end = layers.nextClearBit(start);
      runs.add(end - start == 1 ? String.valueOf(start) : start + "-" + (end - 1));
      start = layers.nextSetBit(end);
    }
    return String.join(", ", runs);
  }
}
