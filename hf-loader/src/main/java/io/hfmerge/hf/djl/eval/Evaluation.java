package io.hfmerge.hf.djl.eval;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one model did on one task.
 *
 * @param task such as {@code causal-lm}
 * @param metrics the numbers, the most important one first
 * @param unitsId the same for models whose units are the same and can be compared one by one
 * @param facts what was evaluated and how: counts and settings, by name
 * @param notes what a user should know, a line each
 */
public record Evaluation(
    String task,
    List<Metric> metrics,
    String unitsId,
    Map<String, Object> facts,
    List<String> notes) {

  /** Consecutive tokens that are drawn together. */
  private static final int BLOCK = 64;

  public Evaluation {
    metrics = List.copyOf(metrics);
    facts = Collections.unmodifiableMap(new LinkedHashMap<>(facts));
    notes = List.copyOf(notes);
  }

  /** Whether the differences between two models' numbers mean something. */
  public boolean comparableWith(Evaluation other) {
    return task.equals(other.task) && unitsId.equals(other.unitsId);
  }

  /**
   * Of losses of tokens in the order of the text. Neighbours depend on each other, so blocks of
   * them are drawn, not tokens.
   */
  static Metric blockMean(
      String name, boolean lowerIsBetter, double[] values, boolean exponential) {
    int blocks = Math.ceilDiv(values.length, BLOCK);
    double[] sums = new double[blocks];
    int[] counts = new int[blocks];
    for (int i = 0; i < values.length; i++) {
      sums[i / BLOCK] += values[i];
      counts[i / BLOCK]++;
    }
    return new Metric(
        name,
        lowerIsBetter,
        blocks,
        sample -> {
          double sum = 0;
          long count = 0;
          for (int unit : sample) {
            sum += sums[unit];
            count += counts[unit];
          }
          return exponential ? Math.exp(sum / count) : sum / count;
        });
  }
}
