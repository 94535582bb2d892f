package io.hfmerge.analysis.report.section;

import io.hfmerge.analysis.metric.HeadMetrics;
import io.hfmerge.analysis.metric.Product;
import io.hfmerge.analysis.report.page.DataTable;
import io.hfmerge.analysis.report.page.DataTable.Column;
import io.hfmerge.analysis.report.page.Exhibit;
import io.hfmerge.analysis.report.page.Section;
import io.hfmerge.analysis.report.svg.DepthPanel;
import io.hfmerge.analysis.report.svg.Figure;
import io.hfmerge.analysis.report.svg.HeatPanel;
import io.hfmerge.analysis.report.svg.NumberText;
import io.hfmerge.analysis.report.svg.Panel;
import io.hfmerge.analysis.report.svg.Scale;
import io.hfmerge.analysis.report.svg.ScatterPanel;
import io.hfmerge.analysis.report.svg.ScatterPanel.Dot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** Products of attention heads: heat maps of layers and heads, and their bounds and row norms. */
final class HeadSection {

  private static final List<Product> PRODUCTS = List.of(Product.QK, Product.VP);

  /** Dots of a scatter plot; of more, evenly chosen ones are drawn. */
  private static final int MOST_DOTS = 3000;

  private record HeadMetric(
      String id, String title, String meaning, ToDoubleFunction<HeadMetrics> value) {}

  private static final List<HeadMetric> METRICS =
      List.of(
          new HeadMetric(
              "tightness",
              "Tightness",
              "‖ABᵀ‖_* over ½(‖A‖_F² + ‖B‖_F²): 1 exactly where the two factors of a head are balanced,"
                  + " AᵀA = BᵀB, as weight decay makes them (arXiv:2410.23819, Lemma 3.1).",
              HeadMetrics::tightness),
          new HeadMetric(
              "discrepancy",
              "Relative discrepancy",
              "‖AᵀA − BᵀB‖_F over the mean of ‖AᵀA‖_F and ‖BᵀB‖_F: 0 where balanced, at most 2.",
              HeadMetrics::relativeDiscrepancy),
          new HeadMetric(
              "pseudo-rank",
              "Pseudo-rank of the product",
              "The share of the head's width that makes up 95 % of ‖ABᵀ‖_* (arXiv:2410.23819, section 4):"
                  + " small where weight decay has lowered the rank of the product.",
              HeadMetrics::pseudoRank));

  private final Models models;
  private final List<Exhibit> exhibits = new ArrayList<>();

  private HeadSection(Models models) {
    this.models = models;
  }

  static Optional<Section> of(Models models) {
    HeadSection section = new HeadSection(models);
    List<String> stacks =
        models.reports().stream()
            .flatMap(report -> report.heads().stream())
            .map(HeadMetrics::stack)
            .distinct()
            .toList();
    for (String stack : stacks) {
      for (HeadMetric metric : METRICS) {
        section.heatMap(metric, stack);
      }
      section.norms(stack);
      section.rowNorms(stack);
    }
    return section.exhibits.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Section(
                "heads",
                "Attention heads",
                List.of(
                    "Two products of each head: QK, with A = W_Kᵀ and B = W_Qᵀ, whose product"
                        + " decides what the head attends to; and VP, with A the head's columns of"
                        + " the output projection and B = W_Vᵀ, which decides what it writes."
                        + " Query heads that share keys and values are each paired with the shared"
                        + " ones.",
                    "These are the numbers of arXiv:2410.23819 as the paper has them. Where rotary"
                        + " positions or shared keys stand between the factors, theory predicts"
                        + " something else, which the section on balance tests."),
                section.exhibits));
  }

  private List<HeadMetrics> heads(int model, String stack, Product product) {
    return models.get(model).heads().stream()
        .filter(head -> head.stack().equals(stack) && head.product() == product)
        .toList();
  }

  private List<HeadMetrics> heads(String stack, Product product) {
    return IntStream.range(0, models.count())
        .boxed()
        .flatMap(model -> heads(model, stack, product).stream())
        .toList();
  }

  private void heatMap(HeadMetric metric, String stack) {
    List<HeadMetrics> every = new ArrayList<>();
    PRODUCTS.forEach(product -> every.addAll(heads(stack, product)));
    int layers = every.stream().mapToInt(HeadMetrics::layer).max().orElse(-1) + 1;
    int heads = every.stream().mapToInt(HeadMetrics::head).max().orElse(-1) + 1;
    HeatPanel.Range range =
        HeatPanel.Range.of(every.stream().map(metric.value()::applyAsDouble).toList());
    List<String> columns = IntStream.range(0, layers).mapToObj(Integer::toString).toList();
    List<String> rows = IntStream.range(0, heads).mapToObj(Integer::toString).toList();
    List<Panel> panels = new ArrayList<>();
    List<List<String>> cells = new ArrayList<>();
    for (int model = 0; model < models.count(); model++) {
      for (Product product : PRODUCTS) {
        String title = models.prefix(model) + product;
        List<List<Double>> table =
            table(heads(model, stack, product), metric.value(), heads, layers);
        for (int head = 0; head < heads; head++) {
          List<String> texts = new ArrayList<>(List.of(title, "" + head));
          table.get(head).forEach(value -> texts.add(NumberText.of(value)));
          cells.add(texts);
        }
        panels.add(new HeatPanel(title, "layer", columns, "head", rows, table, range));
      }
    }
    List<Column> header = new ArrayList<>(List.of(Column.text("product"), Column.number("head")));
    columns.forEach(layer -> header.add(Column.number("layer " + layer)));
    String title = Models.title(metric.title() + ", layers and heads", stack);
    exhibits.add(
        Exhibit.of(
            new Figure(
                Models.id("heads-" + metric.id(), stack),
                title,
                "Heat maps of %d layers and %d heads, one for QK and one for VP."
                    .formatted(layers, heads),
                models.legend(),
                panels),
            metric.meaning(),
            new DataTable(title, header, cells)));
  }

  /** Values by head and layer; NaN where there is none. */
  private static List<List<Double>> table(
      List<HeadMetrics> metrics, ToDoubleFunction<HeadMetrics> value, int heads, int layers) {
    double[][] values = new double[heads][layers];
    for (double[] row : values) {
      Arrays.fill(row, Double.NaN);
    }
    for (HeadMetrics head : metrics) {
      values[head.head()][head.layer()] = value.applyAsDouble(head);
    }
    return Arrays.stream(values).map(row -> Arrays.stream(row).boxed().toList()).toList();
  }

  private void norms(String stack) {
    List<Panel> panels = new ArrayList<>();
    for (Product product : PRODUCTS) {
      List<Dot> dots = new ArrayList<>();
      for (int model = 0; model < models.count(); model++) {
        for (HeadMetrics head : heads(model, stack, product)) {
          dots.add(dot(head.halfFrobeniusSquared(), head.nuclear(), "", model, head));
        }
      }
      panels.add(scatter(product.name(), "½(‖A‖² + ‖B‖²)", "nuclear norm of A Bᵀ", dots));
    }
    exhibits.add(
        Exhibit.of(
            new Figure(
                Models.id("heads-norms", stack),
                Models.title("Norm of the product against half the squared norms", stack),
                "A dot for each head, on or below the line of equality.",
                legend(stack),
                panels),
            "Decaying both factors by their squared norms, ½(‖A‖_F² + ‖B‖_F²), is decaying their"
                + " product by its nuclear norm ‖ABᵀ‖_* once they are balanced: dots then lie on"
                + " the line. None can lie above it (arXiv:2410.23819, Lemma 3.1 and Proposition"
                + " A.4)."));
  }

  private Optional<Panel> legend(String stack) {
    return models.several()
        ? models.legend()
        : Optional.of(new DepthPanel("layer 0", "layer " + (models.layers(stack) - 1)));
  }

  private Dot dot(double x, double y, String more, int model, HeadMetrics head) {
    return new Dot(
        x,
        y,
        "%slayer %d, head %d%s: %s, %s"
            .formatted(
                models.prefix(model),
                head.layer(),
                head.head(),
                more,
                NumberText.of(x),
                NumberText.of(y)),
        models.several() ? model : -1,
        Models.depth(head.layer(), models.layers(head.stack())));
  }

  private static ScatterPanel scatter(String title, String x, String y, List<Dot> dots) {
    List<Double> all = new ArrayList<>();
    dots.forEach(dot -> {
      all.add(dot.x());
      all.add(dot.y());
    });
    return new ScatterPanel(title, Scale.logarithmic(all), x, y, dots);
  }

  private void rowNorms(String stack) {
    List<Panel> panels = new ArrayList<>();
    List<List<String>> rows = new ArrayList<>();
    boolean thinned = false;
    for (Product product : PRODUCTS) {
      int total = heads(stack, product).stream().mapToInt(h -> h.rowNorms().a().size()).sum();
      // every n-th dot, counted through all models and heads
      int every = Math.max(1, (total + MOST_DOTS - 1) / MOST_DOTS);
      thinned |= every > 1;
      int count = 0;
      List<Dot> dots = new ArrayList<>();
      for (int model = 0; model < models.count(); model++) {
        for (HeadMetrics head : heads(model, stack, product)) {
          for (int i = 0; i < head.rowNorms().a().size(); i++) {
            if (count++ % every == 0) {
              double a = head.rowNorms().a().get(i);
              dots.add(dot(a, head.rowNorms().b().get(i), ", component " + i, model, head));
            }
          }
          rows.add(
              List.of(
                  models.prefix(model) + product,
                  "" + head.layer(),
                  "" + head.head(),
                  NumberText.of(head.rowNorms().correlation().orElse(Double.NaN))));
        }
      }
      boolean query = product == Product.QK;
      panels.add(
          scatter(
              query ? "QK · keys and queries" : "VP · outputs and values",
              query ? "norm of a row of the keys" : "norm of a column of the output",
              query ? "the same row of the queries" : "the same row of the values",
              dots));
    }
    String title = Models.title("Row norms of the two factors", stack);
    exhibits.add(
        Exhibit.of(
            new Figure(
                Models.id("heads-row-norms", stack),
                title,
                "A dot for each component of a head: its norm in one factor against the other.",
                legend(stack),
                panels),
            "The norms of a head's i-th component in both factors, which balance makes equal"
                + " (arXiv:2410.23819, Figure 5). Rotary positions free those of queries and keys"
                + " from each other within each rotated pair."
                + (thinned ? " Of all dots, evenly chosen ones are drawn." : ""),
            new DataTable(
                "Correlation of row norms",
                List.of(
                    Column.text("product"),
                    Column.number("layer"),
                    Column.number("head"),
                    Column.number("correlation")),
                rows)));
  }
}
