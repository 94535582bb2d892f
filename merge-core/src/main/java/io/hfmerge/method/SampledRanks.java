package io.hfmerge.method;

import java.util.Arrays;
import java.util.List;

/**
 * A sample of magnitudes in ascending order, of which only the part that is asked for is sorted.
 */
final class SampledRanks {

  /** What tells magnitudes apart at first: exponent and seven bits of the mantissa. */
  private static final int SHIFT = 16;

  private static final int BUCKETS = 1 << (Integer.SIZE - 1 - SHIFT);

  private final List<int[]> pieces;

  /** How many come before each bucket, and of all. */
  private final int[] before = new int[BUCKETS + 1];

  /** The magnitudes of some neighbouring buckets, sorted. */
  private int[] sorted = new int[0];

  private int firstSorted;

  /**
   * @param pieces the sample, not empty
   * @param from first place that will be asked for
   * @param to last place that will be asked for; others cost more
   */
  SampledRanks(List<int[]> pieces, int from, int to) {
    this.pieces = pieces;
    for (int[] piece : pieces) {
      count(piece, before);
    }
    for (int i = 0; i < BUCKETS; i++) {
      before[i + 1] += before[i];
    }
    sort(Math.clamp(from, 0, size() - 1), Math.clamp(to, 0, size() - 1));
  }

  private static void count(int[] piece, int[] before) {
    for (int magnitude : piece) {
      before[(magnitude >>> SHIFT) + 1]++;
    }
  }

  int size() {
    return before[BUCKETS];
  }

  /** The magnitude that so many come before. */
  int at(int index) {
    int end = firstSorted + sorted.length;
    if (index < firstSorted || index >= end) {
      sort(Math.min(index, firstSorted), Math.max(index, end - 1));
    }
    return sorted[index - firstSorted];
  }

  /**
   * Those between two magnitudes, both included, in ascending order.
   *
   * @param low not below the smallest one that {@link #at} was asked for, unless that is the first
   * @param high not above the largest one, unless that is the last
   */
  int[] within(int low, int high) {
    return Arrays.copyOfRange(
        sorted, Magnitudes.firstFrom(sorted, low), Magnitudes.firstAbove(sorted, high));
  }

  private void sort(int from, int to) {
    int first = bucketOf(from);
    int last = bucketOf(to);
    int[] some = new int[before[last + 1] - before[first]];
    int next = 0;
    for (int[] piece : pieces) {
      next = add(piece, first, last, some, next);
    }
    Arrays.sort(some);
    sorted = some;
    firstSorted = before[first];
  }

  private static int add(int[] piece, int first, int last, int[] some, int count) {
    int next = count;
    for (int magnitude : piece) {
      int bucket = magnitude >>> SHIFT;
      if (bucket >= first && bucket <= last) {
        some[next++] = magnitude;
      }
    }
    return next;
  }

  /** The last bucket that begins at or before a place. */
  private int bucketOf(int index) {
    int bucket = 0;
    for (int step = BUCKETS / 2; step > 0; step /= 2) {
      bucket += before[bucket + step] <= index ? step : 0;
    }
    return bucket;
  }
}
