package io.hfmerge.examples.experiment.pretrained;

import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.AnalysisRequest;
import io.hfmerge.analysis.metric.HeadMetrics;
import io.hfmerge.analysis.metric.Product;
import io.hfmerge.analysis.spectral.FactorPair;
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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Figure 5 of arXiv:2410.23819: in pretrained models, norms of the rows of W_Q against those of W_K
 * and of the rows of W_V against the columns of P (first head of each layer), and ½(‖A‖² + ‖B‖²)
 * against ‖ABᵀ‖_* for all heads. The paper's models are LLaMA-2 7B and a vision transformer.
 *
 * <p>Factors A and B of d rows and k columns, d much larger than k, have almost orthogonal columns
 * even if their entries are random, and then ‖ABᵀ‖_* is close to ‖A‖‖B‖. What decay adds to that is
 * seen against a control: independent normal entries with the norms of the head's factors.
 */
public final class PretrainedBalance implements Experiment {

  private static final String TIGHTNESS = "nuclear over Frobenius norm, ";
  private static final String CONTROL = "nuclear over Frobenius norm of random factors, ";
  private static final String DRAWS = "nuclear over the norms of random factors, ";
  private static final String NORMS = "nuclear by Frobenius norm, ";
  private static final String ROWS = "squared norms of paired rows, ";
  private static final String CORRELATION = "correlation of row norms, ";
  private static final String DIFFERENCE = "relative difference of squared row norms, ";

  /** What counts as almost coinciding. */
  private static final double TIGHT = 0.9;

  /** What counts as close for the squared norms of a pair of rows. */
  private static final double CLOSE = 0.2;

  /** Correlation from which norms count as following each other. */
  private static final double RELATED = 0.5;

  @Override
  public String name() {
    return "pretrained-balance";
  }

  @Override
  public String summary() {
    return "Balance of attention factors in pretrained models, against random factors (P3, Figure"
        + " 5).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2410.23819, section 4.4, Figure 5",
        "In pretrained models norms of rows of W_Q and W_K, and of rows of W_V and columns of P, are"
            + " mostly equal, and the nuclear norm of a head's product almost coincides with"
            + " ½(‖A‖² + ‖B‖²): training with weight decay regularises ranks.",
        "For every model and either product: over the first heads of all layers, the median of"
            + " |a² − b²|/½(a² + b²) is at most 0.2, and the correlation of the norms within a"
            + " layer is 0.5 or more in the mean; over all heads, ‖ABᵀ‖_* is 0.9 of ½(‖A‖² + ‖B‖²)"
            + " or more in the mean, and exceeds what independent normal factors of the same norms"
            + " have by two standard errors (over heads, and of the random factors). The thresholds"
            + " are ours.",
        "Norms that differ or are unrelated, a nuclear norm well below the Frobenius norms, or one no"
            + " closer to them than that of random factors, which says nothing of training.");
  }

  @Override
  public Optional<String> data() {
    return Optional.of(PretrainedModels.EXPECTED);
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    List<Model> models = PretrainedModels.find(lab);
    int draws = lab.repeats(20, 50);
    Lab.Cells cells = new Lab.Cells();
    for (Model model : models) {
      cells.add(model.name(), cell -> measure(lab, cell, model, draws));
    }
    lab.note(
        "Random factors: %d draws for each width, scaled to the norms of each head."
            .formatted(draws));
    Measurements measured = lab.run(cells);
    List<Finding> findings = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    for (Model model : models) {
      for (Product product : List.of(Product.QK, Product.VP)) {
        if (!measured.values(TIGHTNESS + model.name(), product.name()).isEmpty()) {
          findings.add(rows(measured, model.name(), product));
          findings.add(tight(measured, model.name(), product));
          findings.add(byTraining(measured, model.name(), product));
        }
      }
      if (findings.isEmpty()) {
        throw new IOException(model.reference() + ": expected attention heads, found none");
      }
      figures.add(
          Figure.scatter(
              NORMS + model.name(),
              "Norms of all heads of " + model.name(),
              "½(‖A‖² + ‖B‖²)",
              "‖ABᵀ‖_*"));
      figures.add(
          Figure.scatter(
              ROWS + model.name(),
              "Rows of the first heads of " + model.name(),
              "row of W_K, column of P",
              "row of W_Q, of W_V"));
    }
    return new Outcome(findings, figures);
  }

  private static void measure(Lab lab, Cell cell, Model model, int draws) throws IOException {
    AnalysisReport report = model.analyze(AnalysisRequest.norms().withHeads(true));
    int width = report.model().dimensions().map(size -> size.hidden()).orElse(0);
    String name = model.name();
    Map<Integer, List<Double>> drawn = new HashMap<>();
    for (HeadMetrics head : report.heads()) {
      String group = head.product().name();
      int k = head.rowNorms().a().size();
      List<Double> random = drawn.get(k);
      if (random == null) {
        random = random(lab, width, k, draws);
        drawn.put(k, random);
        for (int draw = 0; draw < draws; draw++) {
          cell.record(DRAWS + name, "width " + k, (double) k, draw, random.get(draw));
        }
      }
      double a = squares(head.rowNorms().a());
      double b = squares(head.rowNorms().b());
      double unbalanced = 2 * Math.sqrt(a * b) / (a + b);
      cell.record(TIGHTNESS + name, group, head.layer(), 0, head.tightness());
      cell.record(
          CONTROL + name, group, head.layer(), 0, unbalanced * Statistics.of(random).mean());
      cell.record(NORMS + name, group, head.halfFrobeniusSquared(), 0, head.nuclear());
      if (head.head() == 0) {
        head.rowNorms()
            .correlation()
            .ifPresent(value -> cell.record(CORRELATION + name, group, head.layer(), 0, value));
        for (int i = 0; i < k; i++) {
          double x = Math.pow(head.rowNorms().a().get(i), 2);
          double y = Math.pow(head.rowNorms().b().get(i), 2);
          cell.record(ROWS + name, group, x, 0, y);
          cell.record(
              DIFFERENCE + name,
              group,
              head.layer(),
              0,
              x + y > 0 ? Math.abs(x - y) / ((x + y) / 2) : 0);
        }
      }
    }
  }

  private static double squares(List<Double> norms) {
    return norms.stream().mapToDouble(norm -> norm * norm).sum();
  }

  /** ‖ABᵀ‖_* over ‖A‖‖B‖ of independent normal factors. */
  private static List<Double> random(Lab lab, int rows, int columns, int draws) {
    List<Double> values = new ArrayList<>();
    for (int draw = 0; draw < draws; draw++) {
      RandomGenerator random = lab.random("random factors %d %d".formatted(columns, draw));
      FactorPair pair =
          new FactorPair(columns, gram(random, rows, columns), gram(random, rows, columns));
      double nuclear = pair.productSingularValues().stream().mapToDouble(value -> value).sum();
      values.add(nuclear / Math.sqrt(pair.traceA() * pair.traceB()));
    }
    return values;
  }

  /** AᵀA of a matrix of normal entries. */
  private static double[] gram(RandomGenerator random, int rows, int columns) {
    double[] gram = new double[columns * columns];
    double[] row = new double[columns];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        row[j] = random.nextGaussian();
      }
      for (int j = 0; j < columns; j++) {
        for (int l = 0; l < columns; l++) {
          gram[j * columns + l] += row[j] * row[l];
        }
      }
    }
    return gram;
  }

  private static Finding rows(Measurements measured, String model, Product product) {
    List<Double> differences =
        measured.values(DIFFERENCE + model, product.name()).stream().sorted().toList();
    double median = differences.get(differences.size() / 2);
    Statistics correlation = Statistics.of(measured.values(CORRELATION + model, product.name()));
    return new Finding(
        "row norms are mostly equal: %s of %s".formatted(product, model),
        median <= CLOSE && correlation.mean() >= RELATED,
        "median difference %s, correlation within a layer %s"
            .formatted(Numbers.brief(median), correlation.text()));
  }

  private static Finding tight(Measurements measured, String model, Product product) {
    Statistics tightness = Statistics.of(measured.values(TIGHTNESS + model, product.name()));
    return new Finding(
        "nuclear and Frobenius norms almost coincide: %s of %s".formatted(product, model),
        tightness.mean() >= TIGHT,
        "%s of it over %d heads".formatted(tightness.text(), tightness.count()));
  }

  private static Finding byTraining(Measurements measured, String model, Product product) {
    List<Double> values = measured.values(TIGHTNESS + model, product.name());
    List<Double> control = measured.values(CONTROL + model, product.name());
    List<Double> differences = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      differences.add(values.get(i) - control.get(i));
    }
    Statistics difference = Statistics.of(differences);
    double error = error(difference);
    for (String width : measured.groups(DRAWS + model)) {
      error = Math.hypot(error, error(Statistics.of(measured.values(DRAWS + model, width))));
    }
    return new Finding(
        "more than random factors do: %s of %s".formatted(product, model),
        difference.mean() > 2 * error,
        "%s, random factors of the same norms %s, standard error of the difference %s"
            .formatted(
                Statistics.of(values).text(), Statistics.of(control).text(), Numbers.brief(error)));
  }

  private static double error(Statistics of) {
    return of.deviation() / Math.sqrt(of.count());
  }
}
