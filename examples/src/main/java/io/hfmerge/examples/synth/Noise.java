package io.hfmerge.examples.synth;

/**
 * Random weights by position: the value of an element depends on seed, tensor and index only, so
 * any thread can make any part. Nearly normal: a sum of four uniform 16-bit numbers, whose matrices
 * have the spectrum of Gaussian ones (only the variance matters for the bulk).
 *
 * <p>Source of the generator: Steele, Lea and Flood, "Fast splittable pseudorandom number
 * generators", OOPSLA 2014, figure 14 (the mixing function).
 */
final class Noise {

  private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;
  private static final double MEAN = 2 * 65535.0;

  /** Standard deviation of the sum of four uniform whole numbers from 0 to 65535. */
  private static final double DEVIATION = Math.sqrt(4 * (65536.0 * 65536.0 - 1) / 12);

  private final long key;

  Noise(long seed, String tensor) {
    long hash = seed;
    for (int i = 0; i < tensor.length(); i++) {
      hash = mix(hash + GOLDEN_GAMMA * (tensor.charAt(i) + 1L));
    }
    key = hash;
  }

  /** The value of an element: mean 0, standard deviation 1. */
  double at(long index) {
    long bits = mix(key + GOLDEN_GAMMA * (index + 1));
    long sum =
        (bits & 0xffff) + ((bits >>> 16) & 0xffff) + ((bits >>> 32) & 0xffff) + (bits >>> 48);
    return (sum - MEAN) / DEVIATION;
  }

  private static long mix(long value) {
    long z = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
