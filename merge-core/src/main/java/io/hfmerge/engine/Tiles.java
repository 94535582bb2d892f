package io.hfmerge.engine;

import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.method.TensorMerge;

/** Tile sizes that respect a method's granule. */
final class Tiles {

  private Tiles() {}

  static int elements(TensorMerge step, int wanted) {
    int granule = step.granuleElements();
    if (granule < 1 || granule > TensorMerge.MAX_GRANULE_ELEMENTS) {
      throw new UnsupportedFeatureException(
          "the merge method needs "
              + granule
              + " elements at once; at most "
              + TensorMerge.MAX_GRANULE_ELEMENTS
              + " are supported");
    }
    return roundUp(wanted, granule);
  }

  static int roundUp(int value, int multiple) {
    return Math.multiplyExact(Math.ceilDiv(value, multiple), multiple);
  }
}
