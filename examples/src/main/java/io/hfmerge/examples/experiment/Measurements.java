package io.hfmerge.examples.experiment;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;

/** All numbers of a run, in the order in which they were measured. */
public final class Measurements {

  private final List<Measurement> all = new ArrayList<>();

  void addAll(List<Measurement> some) {
    all.addAll(some);
  }

  /** Everything. */
  public List<Measurement> all() {
    return Collections.unmodifiableList(all);
  }

  /** Metrics, in the order in which they first appear. */
  public List<String> metrics() {
    return all.stream().map(Measurement::metric).distinct().toList();
  }

  /** Groups of a metric, in the order in which they first appear. */
  public List<String> groups(String metric) {
    return all.stream()
        .filter(m -> m.metric().equals(metric))
        .map(Measurement::group)
        .distinct()
        .toList();
  }

  /** Places of a group, ascending. */
  public List<Double> places(String metric, String group) {
    return List.copyOf(
        new TreeSet<>(
            all.stream()
                .filter(m -> m.metric().equals(metric) && m.group().equals(group))
                .map(Measurement::x)
                .toList()));
  }

  /** Values of all repeats at a place. */
  public List<Double> values(String metric, String group, double x) {
    return all.stream()
        .filter(m -> m.metric().equals(metric) && m.group().equals(group) && m.x() == x)
        .map(Measurement::value)
        .toList();
  }

  /** All values of a metric. */
  public List<Double> values(String metric) {
    return all.stream().filter(m -> m.metric().equals(metric)).map(Measurement::value).toList();
  }

  /** All values of a group. */
  public List<Double> values(String metric, String group) {
    return all.stream()
        .filter(m -> m.metric().equals(metric) && m.group().equals(group))
        .map(Measurement::value)
        .toList();
  }

  /** Mean and deviation over the repeats at a place. */
  public Statistics at(String metric, String group, double x) {
    return Statistics.of(values(metric, group, x));
  }

  /** Mean and deviation at the last place of a group. */
  public Statistics last(String metric, String group) {
    List<Double> places = places(metric, group);
    return places.isEmpty() ? Statistics.of(List.of()) : at(metric, group, places.getLast());
  }

  /** One repeat of a group, in the order in which it was measured. */
  public List<Measurement> path(String metric, String group, int repeat) {
    return all.stream()
        .filter(m -> m.metric().equals(metric) && m.group().equals(group) && m.repeat() == repeat)
        .toList();
  }

  /** Means along a group, by ascending place. */
  public List<Double> means(String metric, String group) {
    return places(metric, group).stream().map(x -> at(metric, group, x).mean()).toList();
  }

  /** The largest value of a metric; NaN if there is none or one is NaN. */
  public double largest(String metric) {
    return values(metric).stream().reduce(Math::max).orElse(Double.NaN);
  }
}
