package io.hfmerge.analysis.spectral;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Arrays of one length for one matrix after another: new ones would have to be zeroed, and the old
 * ones collected. Thread-safe.
 */
final class LineBuffers {

  /** Floats in a buffer: 2 MiB, of the order of an L2 cache. */
  static final int LENGTH = 1 << 19;

  private final Queue<float[]> unused = new ConcurrentLinkedQueue<>();

  /** An array of {@link #LENGTH}, or of a longer one that is needed, with anything in it. */
  float[] take(int length) {
    if (length > LENGTH) {
      return new float[length];
    }
    float[] buffer = unused.poll();
    return buffer != null ? buffer : new float[LENGTH];
  }

  /** Takes back what is not used any more. */
  void give(float[] buffer) {
    if (buffer.length == LENGTH) {
      unused.add(buffer);
    }
  }
}
