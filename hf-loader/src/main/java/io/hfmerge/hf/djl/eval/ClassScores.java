package io.hfmerge.hf.djl.eval;

import java.util.List;

/** Accuracy, macro F1 and loss of predicted classes. */
final class ClassScores {

  private final int classes;
  private final int[] labels;
  private final int[] predictions;
  private final double[] losses;

  /**
   * @param labels class of each example
   * @param logits of each example, one a class
   */
  ClassScores(int[] labels, double[][] logits) {
    this.classes = logits[0].length;
    this.labels = labels.clone();
    this.predictions = new int[labels.length];
    this.losses = new double[labels.length];
    for (int i = 0; i < labels.length; i++) {
      int best = 0;
      for (int c = 1; c < classes; c++) {
        if (logits[i][c] > logits[i][best]) {
          best = c;
        }
      }
      predictions[i] = best;
      losses[i] = logSumExp(logits[i]) - logits[i][labels[i]];
    }
  }

  List<Metric> metrics() {
    int n = labels.length;
    return List.of(
        new Metric(
            "accuracy",
            false,
            n,
            sample -> {
              int hits = 0;
              for (int i : sample) {
                hits += labels[i] == predictions[i] ? 1 : 0;
              }
              return (double) hits / sample.length;
            }),
        new Metric("macro-f1", false, n, this::macroF1),
        new Metric(
            "loss",
            true,
            n,
            sample -> {
              double sum = 0;
              for (int i : sample) {
                sum += losses[i];
              }
              return sum / sample.length;
            }));
  }

  /** Mean of the F1 of every class that occurs as label or prediction, as in scikit-learn. */
  private double macroF1(int[] sample) {
    int[] right = new int[classes];
    int[] labelled = new int[classes];
    int[] predicted = new int[classes];
    for (int i : sample) {
      labelled[labels[i]]++;
      predicted[predictions[i]]++;
      if (labels[i] == predictions[i]) {
        right[labels[i]]++;
      }
    }
    double sum = 0;
    int present = 0;
    for (int c = 0; c < classes; c++) {
      if (labelled[c] + predicted[c] > 0) {
        sum += 2.0 * right[c] / (labelled[c] + predicted[c]);
        present++;
      }
    }
    return sum / present;
  }

  static double logSumExp(double[] values) {
    double largest = Double.NEGATIVE_INFINITY;
    for (double value : values) {
      largest = Math.max(largest, value);
    }
    double sum = 0;
    for (double value : values) {
      sum += Math.exp(value - largest);
    }
    return largest + Math.log(sum);
  }
}
