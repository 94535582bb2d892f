package io.hfmerge.hf.djl.model;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;

/**
 * How the next token is chosen from its logits: the largest, or drawn at random after, in this
 * order, division by the temperature, keeping the k largest, and keeping the smallest set of the
 * largest whose probabilities reach p.
 *
 * @param temperature 0 for the largest logit, the first of equal ones
 * @param topK tokens kept at most; 0 for all
 * @param topP probability that the tokens kept reach (nucleus sampling, Holtzman et al. 2019,
 *     arXiv:1904.09751, section 3.1); 1 for all
 * @param seed of the random numbers: the same logits and seed give the same tokens
 */
public record Sampling(double temperature, int topK, double topP, long seed) {

  private static final String RANDOM = "L64X128MixRandom";

  /** The largest logit. */
  public static final Sampling GREEDY = new Sampling(0, 0, 1, 0);

  public Sampling {
    if (!(temperature >= 0) || !Double.isFinite(temperature)) {
      throw new IllegalArgumentException(
          "temperature: expected a number from 0 on, found " + temperature);
    }
    if (topK < 0) {
      throw new IllegalArgumentException("top-k: expected a number from 0 on, found " + topK);
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new IllegalArgumentException(
          "top-p: expected a number above 0, at most 1, found " + topP);
    }
  }

  /** The random numbers of one text. */
  RandomGenerator random() {
    return RandomGeneratorFactory.of(RANDOM).create(seed);
  }

  /** The next token. */
  int choose(float[] logits, RandomGenerator random) {
    if (temperature == 0) {
      return largest(logits);
    }
    int[] order = kept(logits);
    double[] weights = new double[order.length];
    double most = logits[largest(logits)];
    double sum = 0;
    for (int i = 0; i < order.length; i++) {
      weights[i] = Math.exp((logits[order[i]] - most) / temperature);
      sum += weights[i];
    }
    int count = topP < 1 ? nucleus(weights, sum) : order.length;
    double within = Arrays.stream(weights, 0, count).sum();
    double place = random.nextDouble() * within;
    for (int i = 0; i < count - 1; i++) {
      place -= weights[i];
      if (place < 0) {
        return order[i];
      }
    }
    return order[count - 1];
  }

  /** Tokens by descending logit, as many as top-k leaves; unsorted if order does not matter. */
  private int[] kept(float[] logits) {
    if (topK == 0 && topP == 1) {
      return IntStream.range(0, logits.length).toArray();
    }
    long[] order = new long[logits.length];
    for (int i = 0; i < order.length; i++) {
      int bits = Float.floatToIntBits(logits[i]);
      // descending as a whole number; equal logits by ascending token
      int rank = bits < 0 ? bits & Integer.MAX_VALUE : ~bits;
      order[i] = (long) rank << Integer.SIZE | i;
    }
    Arrays.sort(order);
    int count = topK == 0 ? order.length : Math.min(topK, order.length);
    return Arrays.stream(order, 0, count).mapToInt(key -> (int) key).toArray();
  }

  private int nucleus(double[] weights, double sum) {
    double reached = 0;
    for (int i = 0; i < weights.length; i++) {
      reached += weights[i];
      if (reached >= topP * sum) {
        return i + 1;
      }
    }
    return weights.length;
  }

  private static int largest(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }
}
