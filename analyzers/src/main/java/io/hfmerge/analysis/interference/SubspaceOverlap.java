package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.interference.Measure.Scope;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Overlap of the spaces of leading singular vectors, {@code ‖Q_iᵀQ_j‖_F²/k}, and the smallest
 * principal angle between them (Björck and Golub 1973). Where singular values tie at the k-th, the
 * space is one of many.
 */
final class SubspaceOverlap implements SpectralMeasure {

  static final Measure INPUTS =
      new Measure(
          "inputOverlap",
          "input overlap",
          Scope.PAIR,
          true,
          "|Qi'Qj|^2/k of the k leading right singular vectors (directions that are read); chance"
              + " k/inputs");

  static final Measure OUTPUTS =
      new Measure(
          "outputOverlap",
          "output overlap",
          Scope.PAIR,
          true,
          "|Qi'Qj|^2/k of the k leading left singular vectors (directions that are written); chance"
              + " k/outputs");

  static final Measure INPUT_ANGLE =
      new Measure(
          "inputAngle",
          "smallest input angle",
          Scope.PAIR,
          "smallest principal angle between those input spaces, in degrees");

  static final Measure OUTPUT_ANGLE =
      new Measure(
          "outputAngle",
          "smallest output angle",
          Scope.PAIR,
          "smallest principal angle between those output spaces, in degrees");

  @Override
  public List<Measure> measures() {
    return List.of(INPUTS, OUTPUTS, INPUT_ANGLE, OUTPUT_ANGLE);
  }

  @Override
  public void measure(MatrixFacts facts, Findings findings) {
    for (int i = 0; i < facts.tasks(); i++) {
      for (int j = i + 1; j < facts.tasks(); j++) {
        compare(facts.inputs(), INPUTS, INPUT_ANGLE, i, j, findings);
        compare(facts.outputs(), OUTPUTS, OUTPUT_ANGLE, i, j, findings);
      }
    }
  }

  private static void compare(
      Directions directions, Measure overlap, Measure angle, int i, int j, Findings findings) {
    double[] squares = directions.squaredCosines(i, j);
    int k = squares.length;
    if (k > 0) {
      OptionalDouble chance = OptionalDouble.of((double) k / directions.dimension());
      findings.ofPair(overlap, i, j, Arrays.stream(squares).sum() / k, chance);
      double degrees = Math.toDegrees(Math.acos(Math.sqrt(squares[k - 1])));
      findings.ofPair(angle, i, j, degrees, OptionalDouble.empty());
    }
  }
}
