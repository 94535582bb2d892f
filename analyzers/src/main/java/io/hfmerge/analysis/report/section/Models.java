package io.hfmerge.analysis.report.section;

import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.metric.HeadMetrics;
import io.hfmerge.analysis.metric.MatrixMetrics;
import io.hfmerge.analysis.report.svg.LegendPanel;
import io.hfmerge.analysis.report.svg.Panel;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.arch.Role;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * The models of a report, one or several, each with a letter.
 *
 * @param reports what was measured of each
 */
record Models(List<AnalysisReport> reports) {

  private static final int LETTERS = 26;

  /** Layers, and heads, up to which plots are drawn: numbers in a file can be anything. */
  private static final int MOST = 4096;

  Models {
    reports = List.copyOf(reports);
    if (reports.isEmpty()) {
      throw new IllegalArgumentException("a report of no model");
    }
    for (AnalysisReport report : reports) {
      int layer = report.matrices().stream().mapToInt(MatrixMetrics::layer).max().orElse(0);
      int head = report.heads().stream().mapToInt(HeadMetrics::head).max().orElse(0);
      if (layer >= MOST || head >= MOST) {
        throw new UnsupportedFeatureException(
            "%s has a layer %d and a head %d; plots are drawn of up to %d of each, --format json"
                    .formatted(report.model().id(), layer, head, MOST)
                + " has no such limit");
      }
    }
  }

  boolean several() {
    return reports.size() > 1;
  }

  int count() {
    return reports.size();
  }

  AnalysisReport get(int model) {
    return reports.get(model);
  }

  /** A, B, ..., Z, A1, ... */
  String letter(int model) {
    String letter = "" + (char) ('A' + model % LETTERS);
    return model < LETTERS ? letter : letter + model / LETTERS;
  }

  /** The letter as the beginning of a title; nothing where there is one model. */
  String prefix(int model) {
    return several() ? letter(model) + " · " : "";
  }

  /** How the user named it, and what was subtracted. */
  String name(int model) {
    AnalysisReport.Model named = get(model).model();
    return named.base().map(base -> named.id() + " − " + base).orElse(named.id());
  }

  List<String> letters() {
    return IntStream.range(0, count()).mapToObj(this::letter).toList();
  }

  /** What letters and colours stand for; nothing where there is one model. */
  Optional<Panel> legend() {
    return several()
        ? Optional.of(
            new LegendPanel(letters(), IntStream.range(0, count()).mapToObj(this::name).toList()))
        : Optional.empty();
  }

  /** Stacks of layers, in order; the empty name where a model has one. */
  List<String> stacks() {
    SequencedSet<String> stacks = new LinkedHashSet<>();
    for (AnalysisReport report : reports) {
      report.matrices().stream()
          .filter(matrix -> matrix.layer() >= 0)
          .forEach(matrix -> stacks.add(matrix.stack()));
    }
    return List.copyOf(stacks);
  }

  /** The number of layers of a stack in the deepest model. */
  int layers(String stack) {
    return 1
        + reports.stream()
            .flatMap(report -> report.matrices().stream())
            .filter(matrix -> matrix.stack().equals(stack))
            .mapToInt(MatrixMetrics::layer)
            .max()
            .orElse(-1);
  }

  /** Layer numbers as labels. */
  List<String> layerLabels(String stack) {
    return IntStream.range(0, layers(stack)).mapToObj(Integer::toString).toList();
  }

  /** Roles that a stack has in any model, in report order. */
  List<Role> roles(String stack) {
    return Arrays.stream(Role.values())
        .filter(role ->
            reports.stream()
                .flatMap(report -> report.matrices().stream())
                .anyMatch(matrix -> in(matrix, stack, role)))
        .toList();
  }

  /** Matrices of a role, layer by layer, that are not constant. */
  List<MatrixMetrics> matrices(int model, String stack, Role role) {
    return get(model).matrices().stream()
        .filter(matrix -> in(matrix, stack, role) && !matrix.constant())
        .toList();
  }

  private static boolean in(MatrixMetrics matrix, String stack, Role role) {
    return matrix.layer() >= 0 && matrix.role() == role && matrix.stack().equals(stack);
  }

  /** A number by layer, the mean over the experts of a mixture; NaN where there is none. */
  List<Double> byLayer(int model, String stack, Role role, ToDoubleFunction<MatrixMetrics> metric) {
    int layers = layers(stack);
    double[] sums = new double[layers];
    int[] counts = new int[layers];
    for (MatrixMetrics matrix : matrices(model, stack, role)) {
      sums[matrix.layer()] += metric.applyAsDouble(matrix);
      counts[matrix.layer()]++;
    }
    List<Double> means = new ArrayList<>();
    for (int i = 0; i < layers; i++) {
      means.add(counts[i] == 0 ? Double.NaN : sums[i] / counts[i]);
    }
    return means;
  }

  /** A number in all layers, roles and models: what a common scale must hold. */
  List<Double> everywhere(String stack, ToDoubleFunction<MatrixMetrics> metric) {
    List<Double> all = new ArrayList<>();
    for (int model = 0; model < count(); model++) {
      for (Role role : roles(stack)) {
        all.addAll(byLayer(model, stack, role, metric));
      }
    }
    return all;
  }

  boolean hasSpectra() {
    return reports.stream()
        .flatMap(report -> report.matrices().stream())
        .anyMatch(matrix -> matrix.spectrum().isPresent());
  }

  boolean hasExperts() {
    return reports.stream()
        .flatMap(report -> report.matrices().stream())
        .anyMatch(matrix -> matrix.expert().isPresent());
  }

  /** An id for what belongs to a stack. */
  static String id(String id, String stack) {
    String suffix = stack.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
    return stack.isEmpty() ? id : id + "-" + suffix;
  }

  /** A title with the stack it is about. */
  static String title(String title, String stack) {
    return stack.isEmpty() ? title : title + ", " + stack;
  }

  /** The share of the depth of a layer, from 0 to 1. */
  static double depth(int layer, int layers) {
    return layers > 1 ? (double) layer / (layers - 1) : 0.5;
  }
}
