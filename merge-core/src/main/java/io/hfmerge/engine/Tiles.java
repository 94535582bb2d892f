package io.hfmerge.engine;

import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.method.TensorMerge;
import java.util.Collection;

/** Tile sizes that respect the granules of methods. */
final class Tiles {

  private Tiles() {}

  /** The granule of a step, checked. */
  static int granule(TensorMerge step) {
    int granule = step.granuleElements();
    if (granule < 1 || granule > TensorMerge.MAX_GRANULE_ELEMENTS) {
      throw refused(granule);
    }
    return granule;
  }

  /** The least number of elements that is whole granules of every step. */
  static int granule(Collection<? extends TensorMerge> steps) {
    long common = 1;
    for (TensorMerge step : steps) {
      common = leastCommonMultiple(common, granule(step));
      if (common > TensorMerge.MAX_GRANULE_ELEMENTS) {
        throw refused(common);
      }
    }
    return (int) common;
  }

  private static UnsupportedFeatureException refused(long granule) {
    return new UnsupportedFeatureException(
        "the merge method needs "
            + granule
            + " elements at once; at most "
            + TensorMerge.MAX_GRANULE_ELEMENTS
            + " are supported");
  }

  static int roundUp(int value, int multiple) {
    return Math.multiplyExact(Math.ceilDiv(value, multiple), multiple);
  }

  /** Of positive numbers. */
  static long leastCommonMultiple(long a, long b) {
    long divisor = a;
    for (long rest = b; rest != 0; ) {
      long next = divisor % rest;
      divisor = rest;
      rest = next;
    }
    return Math.multiplyExact(a / divisor, b);
  }
}
