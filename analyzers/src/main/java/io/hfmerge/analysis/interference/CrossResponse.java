package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.interference.Measure.Scope;
import java.util.List;
import java.util.OptionalDouble;

/**
 * How strongly one update answers to the input directions that another one used: the weights-only
 * stand-in for tasks with orthogonal inputs (arXiv:2502.17340, section 4), whose updates would
 * answer not at all, as rows of an update lie in the span of its inputs.
 */
final class CrossResponse implements SpectralMeasure {

  static final Measure CROSS_RESPONSE =
      new Measure(
          "crossResponse",
          "cross response",
          Scope.DIRECTED,
          true,
          "|Di Dj'|^2/(|Di|_2^2 |Dj|^2), 0 to 1: how strongly the second update i answers to the"
              + " inputs of the first, j; chance |Di|^2/(|Di|_2^2 inputs)");

  static final Measure INPUT_ALIGNMENT =
      new Measure(
          "inputAlignment",
          "input alignment",
          Scope.PAIR,
          true,
          "<Gi,Gj>/(|Gi||Gj|), G = D'D (uncentred linear CKA): 0 where input spaces are orthogonal,"
              + " 1 where they are the same; chance tr Gi tr Gj/(|Gi||Gj| inputs)");

  @Override
  public List<Measure> measures() {
    return List.of(CROSS_RESPONSE, INPUT_ALIGNMENT);
  }

  @Override
  public void measure(MatrixFacts facts, Findings findings) {
    int inputs = facts.columns();
    for (int first = 0; first < facts.tasks(); first++) {
      for (int second = 0; second < facts.tasks(); second++) {
        if (first == second) {
          continue;
        }
        double norm = facts.spectral(second) * facts.spectral(second);
        double squares = facts.sums().squares(second);
        double response = facts.response(first, second);
        findings.ofPair(
            CROSS_RESPONSE,
            first,
            second,
            response / (norm * facts.sums().squares(first)),
            OptionalDouble.of(squares / norm / inputs));
        if (first < second) {
          double scale = Math.sqrt(facts.response(first, first) * facts.response(second, second));
          findings.ofPair(
              INPUT_ALIGNMENT,
              first,
              second,
              response / scale,
              OptionalDouble.of(squares * facts.sums().squares(first) / scale / inputs));
        }
      }
    }
  }
}
