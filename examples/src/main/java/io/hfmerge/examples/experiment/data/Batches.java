package io.hfmerge.examples.experiment.data;

import java.util.function.LongFunction;
import java.util.random.RandomGenerator;

/**
 * Rows of mini-batches: every epoch a new order, what does not fill a batch left out. The rows of a
 * step depend on nothing but the step, so that a resumed run takes the same ones.
 */
public final class Batches {

  private final int count;
  private final int size;
  private final LongFunction<RandomGenerator> byEpoch;
  private long epoch = -1;
  private int[] order = {};

  /**
   * Batches of an epoch in an order of its own.
   *
   * @param count of rows
   * @param size of a batch, at most count
   * @param byEpoch random numbers of an epoch
   */
  public Batches(int count, int size, LongFunction<RandomGenerator> byEpoch) {
    if (size < 1 || size > count) {
      throw new IllegalArgumentException("batch of " + size + " out of " + count + " rows");
    }
    this.count = count;
    this.size = size;
    this.byEpoch = byEpoch;
  }

  /** Whole batches in an epoch. */
  public int perEpoch() {
    return count / size;
  }

  /** Rows of a step. */
  public long[] at(long step) {
    long wanted = step / perEpoch();
    if (wanted != epoch) {
      order = permutation(count, byEpoch.apply(wanted));
      epoch = wanted;
    }
    int first = Math.toIntExact(step % perEpoch()) * size;
    long[] rows = new long[size];
    for (int i = 0; i < size; i++) {
      rows[i] = order[first + i];
    }
    return rows;
  }

  /** Fisher and Yates. */
  private static int[] permutation(int count, RandomGenerator random) {
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }
}
