package io.hfmerge.examples.experiment.lowrank;

import io.hfmerge.examples.experiment.Finding;
import io.hfmerge.examples.experiment.Measurements;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.Statistics;
import java.util.ArrayList;
import java.util.List;

/** The rule by which sums of networks are judged, the same for all data. */
final class MergeVerdict {

  static final String ORTHOGONAL = "orthogonal";
  static final String SAME = "same inputs";

  /** A tenth of ln 2, the loss of a network that knows nothing. */
  static final double CLOSE = 0.1 * Math.log(2);

  static final String RULE =
      "The sum's mean loss exceeds the single networks' by less than 0.069 (a tenth of ln 2, the"
          + " loss of an output of 0) for orthogonal inputs; by more than that, and three times"
          + " the orthogonal excess, for the same inputs, and for orthogonal inputs without decay;"
          + " stable ranks of the hidden layers end below where they began.";

  static final String COUNTER =
      "A sum whose loss is far from the single networks' with orthogonal inputs and decay, or as"
          + " close without one of the two, or stable ranks that do not fall.";

  private MergeVerdict() {}

  static List<Finding> findings(Measurements measured, double decay) {
    List<Finding> findings = new ArrayList<>();
    double orthogonal = excess(measured, ORTHOGONAL, decay);
    findings.add(
        new Finding(
            "the sum is close for orthogonal inputs with decay",
            orthogonal < CLOSE,
            text(measured, ORTHOGONAL, decay)));
    double same = excess(measured, SAME, decay);
    findings.add(
        new Finding(
            "the sum is far for the same inputs",
            same > CLOSE && same > 3 * orthogonal,
            text(measured, SAME, decay)));
    double without = excess(measured, ORTHOGONAL, 0);
    findings.add(
        new Finding(
            "the sum is far without decay",
            without > CLOSE && without > 3 * orthogonal,
            text(measured, ORTHOGONAL, 0)));
    for (String group : measured.groups(MergedTasks.STABLE_RANK)) {
      if (group.startsWith(ORTHOGONAL) && group.endsWith("single")) {
        Statistics before = measured.at(MergedTasks.STABLE_RANK, group, 0);
        Statistics after = measured.last(MergedTasks.STABLE_RANK, group);
        findings.add(
            new Finding(
                "the stable rank falls: " + group,
                after.mean() < before.mean(),
                "%s before, %s after".formatted(before.text(), after.text())));
      }
    }
    return findings;
  }

  private static double excess(Measurements measured, String group, double decay) {
    return measured.at(MergedTasks.FINAL_LOSS, group + ", sum", decay).mean()
        - measured.at(MergedTasks.FINAL_LOSS, group + ", single", decay).mean();
  }

  private static String text(Measurements measured, String group, double decay) {
    return "loss of the sum %s, single %s, at λ = %s"
        .formatted(
            measured.at(MergedTasks.FINAL_LOSS, group + ", sum", decay).text(),
            measured.at(MergedTasks.FINAL_LOSS, group + ", single", decay).text(),
            Numbers.exact(decay));
  }
}
