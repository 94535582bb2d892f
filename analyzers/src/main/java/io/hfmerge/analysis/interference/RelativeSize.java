package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.interference.Measure.Scope;
import java.util.List;
import java.util.OptionalDouble;

/** How far models moved from the base, and how much of that may be rounding of stored weights. */
final class RelativeSize implements ElementMeasure {

  static final Measure RELATIVE_SIZE =
      new Measure(
          "relativeSize",
          "relative size",
          Scope.TASK,
          "|Dt|/|W0|; models that moved far merge worse");

  static final Measure STORAGE_NOISE =
      new Measure(
          "storageNoise",
          "storage noise",
          Scope.TASK,
          "what rounding to the stored dtypes may have added to |Dt|, over |Dt|; near 1 the task"
              + " vector is rounding, and its ranks count it");

  static final Measure NORM_DRIFT =
      new Measure(
          "normDrift",
          "norm drift",
          Scope.TASK,
          "|Wt|/|W0| - 1: how much fine-tuning lengthened the weights");

  static final Measure NORM_DRIFT_OF_SUM =
      new Measure(
          "normDriftOfSum",
          "norm drift of the sum",
          Scope.SUM,
          "|W0 + M|/|W0| - 1: how much the sum lengthens the weights");

  @Override
  public List<Measure> measures() {
    return List.of(RELATIVE_SIZE, STORAGE_NOISE, NORM_DRIFT, NORM_DRIFT_OF_SUM);
  }

  @Override
  public void measure(TensorSums sums, double[] weights, Findings findings) {
    for (int t = 0; t < sums.tasks(); t++) {
      double size = Math.sqrt(sums.squares(t));
      findings.ofTask(
          RELATIVE_SIZE, t, size / Math.sqrt(sums.baseSquares()), OptionalDouble.empty());
      findings.ofTask(
          STORAGE_NOISE, t, Math.sqrt(sums.noiseSquares(t)) / size, OptionalDouble.empty());
      findings.ofTask(
          NORM_DRIFT,
          t,
          Math.sqrt(sums.squaresOfTuned(t) / sums.baseSquares()) - 1,
          OptionalDouble.empty());
    }
    findings.ofSum(
        NORM_DRIFT_OF_SUM,
        Math.sqrt(sums.squaresOfTuned(weights) / sums.baseSquares()) - 1,
        OptionalDouble.empty());
  }
}
