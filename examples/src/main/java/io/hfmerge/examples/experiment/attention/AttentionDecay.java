package io.hfmerge.examples.experiment.attention;

import io.hfmerge.examples.experiment.Figure;
import io.hfmerge.examples.experiment.Finding;
import io.hfmerge.examples.experiment.Measurements;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.Statistics;
import java.util.List;

/**
 * What a sweep of the decay of attention layers says: the numbers of {@link
 * AttentionNetwork#record} by step, a group for each λ.
 *
 * @param measured the numbers
 * @param decays λ, ascending from 0
 */
record AttentionDecay(Measurements measured, List<Double> decays) {

  AttentionDecay {
    decays = List.copyOf(decays);
  }

  /** What a rank correlation of three to five points rarely is by chance. */
  private static final double FOLLOWS = 0.8;

  /** What has vanished, as a share of its beginning. */
  private static final double VANISHED = 0.1;

  static String group(double decay) {
    return "λ = " + Numbers.exact(decay);
  }

  /** The network's numbers and its loss, by step. */
  static List<Figure> figures(String loss) {
    return List.of(
        figure(AttentionNetwork.PRODUCT_RANK, false),
        figure(AttentionNetwork.KEY_QUERY_RANK, false),
        figure(AttentionNetwork.IMBALANCE, true),
        figure(AttentionNetwork.GAP, true),
        figure(loss, false));
  }

  private static Figure figure(String metric, boolean logarithmic) {
    return new Figure(metric, metric, "step", metric, false, logarithmic);
  }

  private List<Double> ends(String metric) {
    return decays.stream().map(decay -> measured.last(metric, group(decay)).mean()).toList();
  }

  private double correlation(String metric) {
    return Statistics.rankCorrelation(decays, ends(metric));
  }

  private String evidence(String metric) {
    double largest = decays.getLast();
    return "%s without decay, %s at %s, rank correlation %s"
        .formatted(
            measured.last(metric, group(decays.getFirst())).text(),
            measured.last(metric, group(largest)).text(),
            group(largest),
            Numbers.brief(correlation(metric)));
  }

  Finding falls(String metric) {
    return new Finding(metric + " falls with λ", correlation(metric) <= -FOLLOWS, evidence(metric));
  }

  Finding grows(String metric) {
    return new Finding(metric + " grows with λ", correlation(metric) >= FOLLOWS, evidence(metric));
  }

  Finding vanishes(String metric) {
    double with = share(metric, decays.getLast());
    double without = share(metric, decays.getFirst());
    return new Finding(
        metric + " vanishes",
        with < VANISHED && without > VANISHED,
        "ends at %s of its beginning with the largest λ, %s without decay"
            .formatted(Numbers.brief(with), Numbers.brief(without)));
  }

  private double share(String metric, double decay) {
    return measured.last(metric, group(decay)).mean() / measured.at(metric, group(decay), 0).mean();
  }
}
