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

  /** Orthogonal inputs, and networks whose first layer begins several times larger. */
  static final String LARGE = "large start";

  /** A tenth of ln 2, the loss of a network that knows nothing. */
  static final double CLOSE = 0.1 * Math.log(2);

  static final String RULE =
      "The sum's mean loss exceeds the single networks' by less than 0.069 (a tenth of ln 2, the"
          + " loss of an output of 0) for orthogonal inputs; by more than that, and three times"
          + " the orthogonal excess, for the same inputs, and for orthogonal inputs without decay;"
          + " the sum's mean held-out error exceeds the single networks' by less than 0.05 for"
          + " orthogonal inputs, and by more for the same inputs; stable ranks of the hidden layers"
          + " end below where they began.";

  static final String COUNTER =
      "A sum whose loss is far from the single networks' with orthogonal inputs and decay, or as"
          + " close without one of the two, or stable ranks that do not fall.";

  /** What counts as the same held-out error. */
  static final double SAME_ERROR = 0.05;

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
            withoutDecay(measured)));
    findings.add(
        new Finding(
            "the sum's held-out error is that of the single networks for orthogonal inputs, not for"
                + " the same",
            errorExcess(measured, ORTHOGONAL, decay) < SAME_ERROR
                && errorExcess(measured, SAME, decay) > SAME_ERROR,
            "orthogonal: %s; same inputs: %s"
                .formatted(errors(measured, ORTHOGONAL, decay), errors(measured, SAME, decay))));
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

  /** Whether decay is what makes the sum close where the beginning is large. */
  static Finding largeStart(Measurements measured, double decay) {
    return new Finding(
        "our control: from a large first layer the sum is close with decay and far without",
        excess(measured, LARGE, decay) < CLOSE && excess(measured, LARGE, 0) > CLOSE,
        "%s; %s; the other network's first layer is %s and %s of the own"
            .formatted(
                text(measured, LARGE, decay),
                text(measured, LARGE, 0),
                measured.at(MergedTasks.OTHER, LARGE, decay).text(),
                measured.at(MergedTasks.OTHER, LARGE, 0).text()));
  }

  private static double excess(Measurements measured, String group, double decay) {
    return measured.at(MergedTasks.FINAL_LOSS, group + ", sum", decay).mean()
        - measured.at(MergedTasks.FINAL_LOSS, group + ", single", decay).mean();
  }

  private static double errorExcess(Measurements measured, String group, double decay) {
    return measured.at(MergedTasks.FINAL_ERROR, group + ", sum", decay).mean()
        - measured.at(MergedTasks.FINAL_ERROR, group + ", single", decay).mean();
  }

  private static String errors(Measurements measured, String group, double decay) {
    return "sum %s, single %s"
        .formatted(
            measured.at(MergedTasks.FINAL_ERROR, group + ", sum", decay).text(),
            measured.at(MergedTasks.FINAL_ERROR, group + ", single", decay).text());
  }

  /** Beside the losses how large a share of the first layer is left over from the start. */
  private static String withoutDecay(Measurements measured) {
    double ratio =
        measured.at(MergedTasks.FINAL_LOSS, ORTHOGONAL + ", sum", 0).mean()
            / measured.at(MergedTasks.FINAL_LOSS, ORTHOGONAL + ", single", 0).mean();
    return "%s (%s times); the other network's first layer is %s of the own on a task's inputs"
        .formatted(
            text(measured, ORTHOGONAL, 0),
            Numbers.brief(ratio),
            measured.at(MergedTasks.OTHER, ORTHOGONAL, 0).text());
  }

  private static String text(Measurements measured, String group, double decay) {
    return "loss of the sum %s, single %s, at λ = %s"
        .formatted(
            measured.at(MergedTasks.FINAL_LOSS, group + ", sum", decay).text(),
            measured.at(MergedTasks.FINAL_LOSS, group + ", single", decay).text(),
            Numbers.exact(decay));
  }
}
