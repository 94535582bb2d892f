package io.hfmerge.method;

/** Arrays of magnitudes as bits of non-negative floats. */
final class Magnitudes {

  private Magnitudes() {}

  /** How many are above a limit; a loop without branches. */
  static int countAbove(int[] magnitudes, int length, int limit) {
    int count = 0;
    for (int i = 0; i < length; i++) {
      count += (limit - magnitudes[i]) >>> 31;
    }
    return count;
  }

  /** Index of the first magnitude of an ascending array that is not below a limit. */
  static int firstFrom(int[] ascending, int limit) {
    int low = 0;
    int high = ascending.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (ascending[middle] < limit) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Index of the first magnitude of an ascending array that is above a limit. */
  static int firstAbove(int[] ascending, int limit) {
    return limit == Integer.MAX_VALUE ? ascending.length : firstFrom(ascending, limit + 1);
  }
}
