package io.hfmerge.examples.experiment.pretrained;

import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.AnalysisRequest;
import io.hfmerge.analysis.metric.MatrixMetrics;
import io.hfmerge.examples.experiment.Cell;
import io.hfmerge.examples.experiment.Claim;
import io.hfmerge.examples.experiment.Experiment;
import io.hfmerge.examples.experiment.Figure;
import io.hfmerge.examples.experiment.Finding;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.Measurements;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.Outcome;
import io.hfmerge.examples.experiment.Statistics;
import io.hfmerge.examples.experiment.pretrained.PretrainedModels.Model;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Figures 1 and 4 and Table 1 of arXiv:2502.17340: stable ranks and Frobenius norms of Q, K, V, O,
 * QKV, M1 and M2 by layer. The paper's models are BERT, RoBERTa, GPT2-Large, GPT2-XL, Phi-2 and
 * GPT-J.
 *
 * <p>The stable rank ‖W‖_F/‖W‖₂ of an m x n matrix is at most √min(m, n), so that it is far below
 * the dimension whatever the matrix is. Ranks are therefore held against √(mn)/(√m + √n), which a
 * large matrix of independent normal entries has.
 */
public final class TransformerNorms implements Experiment {

  private static final String STABLE_RANK = "stable rank of ";
  private static final String RELATIVE = "stable rank over that of a random matrix, ";
  private static final String FROBENIUS = "Frobenius norm of ";
  private static final String DIMENSION = "dimension of ";
  private static final String HIDDEN = "model";
  private static final String FEED_FORWARD = "feed-forward";
  private static final String LAYERS = "layers";

  /** What of a random matrix's stable rank counts as small. */
  private static final double SMALL = 0.5;

  /** Half a power of ten: what counts as one order of magnitude. */
  private static final double ONE_ORDER = Math.sqrt(10);

  /** Deviation over mean of norms that counts as unchanged across layers. */
  private static final double UNCHANGED = 0.25;

  private static final List<String> PRODUCTS = List.of("QKV", "M1", "M2");

  @Override
  public String name() {
    return "transformers";
  }

  @Override
  public String summary() {
    return "Stable ranks and norms of a transformer's matrices by layer (P1, Figures 1 and 4, Table"
        + " 1).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2502.17340, section 5, Figures 1 and 4, Table 1",
        "Weight matrices of pretrained transformers have small stable ranks ‖W‖_F/‖W‖₂; Frobenius"
            + " norms of QKV, M1 and M2 are of the same order, and those of one kind of matrix"
            + " remain largely unchanged across layers.",
        "For every model: the mean stable rank of each kind of matrix is at most half of"
            + " √(mn)/(√m + √n), that of a random matrix of its shape; in every layer the largest"
            + " of ‖QKV‖, ‖M1‖, ‖M2‖ is at most √10 times the smallest; for every kind of matrix"
            + " the deviation of norms across layers is at most a quarter of their mean. The paper"
            + " has no numbers for these words; the thresholds are ours.",
        "Stable ranks as large as those of random matrices, norms of one layer that differ by more"
            + " than half a power of ten, or norms that change along the depth.");
  }

  @Override
  public Optional<String> data() {
    return Optional.of(PretrainedModels.EXPECTED);
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    List<Model> models = PretrainedModels.find(lab);
    Lab.Cells cells = new Lab.Cells();
    for (Model model : models) {
      cells.add(model.name(), cell -> measure(cell, model));
    }
    lab.note("Nothing is random: one measurement is all there is to repeat.");
    Measurements measured = lab.run(cells);
    List<Finding> findings = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    lab.row(List.of("model", "layers", "model dimension", "FF dimension", "mean stable ranks"));
    for (Model model : models) {
      String name = model.name();
      findings.add(small(measured, name));
      findings.add(oneOrder(measured, name));
      findings.add(unchanged(measured, name));
      figures.add(figure(STABLE_RANK + name, "Stable ranks of " + name, "‖W‖_F/‖W‖₂"));
      figures.add(figure(FROBENIUS + name, "Frobenius norms of " + name, "‖W‖_F"));
      lab.row(
          List.of(
              name,
              dimension(measured, name, LAYERS),
              dimension(measured, name, HIDDEN),
              dimension(measured, name, FEED_FORWARD),
              String.join(
                  ", ",
                  measured.groups(STABLE_RANK + name).stream()
                      .map(role -> role + " " + of(measured, STABLE_RANK + name, role).text())
                      .toList())));
    }
    return new Outcome(findings, figures);
  }

  private static Figure figure(String metric, String title, String yLabel) {
    return new Figure(metric, title, "layer", yLabel, false, false);
  }

  private static void measure(Cell cell, Model model) throws IOException {
    AnalysisReport report = model.analyze(AnalysisRequest.norms());
    String name = model.name();
    report
        .model()
        .dimensions()
        .ifPresent(size -> {
          cell.record(DIMENSION + name, LAYERS, 0L, 0, size.layers());
          cell.record(DIMENSION + name, HIDDEN, 0L, 0, size.hidden());
        });
    int feedForward = 0;
    for (MatrixMetrics matrix : report.matrices()) {
      if (matrix.constant() || matrix.layer() < 0) {
        continue;
      }
      String role = (matrix.stack().isEmpty() ? "" : matrix.stack() + " ") + matrix.role().name();
      double rows = matrix.rows();
      double columns = matrix.columns();
      double random = Math.sqrt(rows * columns) / (Math.sqrt(rows) + Math.sqrt(columns));
      cell.record(STABLE_RANK + name, role, matrix.layer(), 0, matrix.stableRank());
      cell.record(RELATIVE + name, role, matrix.layer(), 0, matrix.stableRank() / random);
      cell.record(FROBENIUS + name, role, matrix.layer(), 0, matrix.frobenius());
      if (role.endsWith("M1")) {
        feedForward = matrix.rows();
      }
    }
    cell.record(DIMENSION + name, FEED_FORWARD, 0L, 0, feedForward);
  }

  private static String dimension(Measurements measured, String model, String what) {
    List<Double> values = measured.values(DIMENSION + model, what);
    return values.isEmpty() ? "unknown" : Numbers.exact(values.getFirst());
  }

  private static Statistics of(Measurements measured, String metric, String role) {
    return Statistics.of(measured.values(metric, role));
  }

  private static Finding small(Measurements measured, String model) {
    String metric = RELATIVE + model;
    List<String> roles = measured.groups(metric);
    List<Double> means = roles.stream().map(role -> of(measured, metric, role).mean()).toList();
    double largest = means.stream().reduce(Math::max).orElse(Double.NaN);
    return new Finding(
        "stable ranks are small: " + model,
        largest <= SMALL,
        "over those of random matrices: "
            + String.join(
                ", ",
                roles.stream()
                    .map(role -> role + " " + of(measured, metric, role).text())
                    .toList()));
  }

  private static Finding oneOrder(Measurements measured, String model) {
    String metric = FROBENIUS + model;
    double largest = Double.NaN;
    String where = "no layer has QKV, M1 and M2";
    for (String qkv : measured.groups(metric)) {
      if (!qkv.endsWith(PRODUCTS.getFirst())) {
        continue;
      }
      String stack = qkv.substring(0, qkv.length() - PRODUCTS.getFirst().length());
      for (double layer : measured.places(metric, qkv)) {
        List<Double> norms =
            PRODUCTS.stream()
                .map(role -> measured.at(metric, stack + role, layer).mean())
                .filter(Double::isFinite)
                .toList();
        double ratio =
            norms.stream().reduce(Math::max).orElse(Double.NaN)
                / norms.stream().reduce(Math::min).orElse(Double.NaN);
        if (norms.size() == PRODUCTS.size() && !(ratio <= largest)) {
          largest = ratio;
          where =
              "largest over smallest is %s at most, in layer %s%s"
                  .formatted(Numbers.brief(ratio), stack, Numbers.exact(layer));
        }
      }
    }
    return new Finding(
        "norms of QKV, M1 and M2 are of one order: " + model, largest <= ONE_ORDER, where);
  }

  private static Finding unchanged(Measurements measured, String model) {
    String metric = FROBENIUS + model;
    double largest = 0;
    List<String> evidence = new ArrayList<>();
    for (String role : measured.groups(metric)) {
      Statistics norms = of(measured, metric, role);
      double variation = norms.deviation() / norms.mean();
      largest = Math.max(largest, variation);
      evidence.add(role + " " + Numbers.brief(variation));
    }
    return new Finding(
        "norms are unchanged across layers: " + model,
        !evidence.isEmpty() && largest <= UNCHANGED,
        "deviation over mean: " + String.join(", ", evidence));
  }
}
