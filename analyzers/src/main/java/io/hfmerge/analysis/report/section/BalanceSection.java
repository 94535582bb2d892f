package io.hfmerge.analysis.report.section;

import io.hfmerge.analysis.metric.BalanceMetrics;
import io.hfmerge.analysis.metric.BalanceMetrics.Identity;
import io.hfmerge.analysis.metric.Product;
import io.hfmerge.analysis.report.page.DataTable;
import io.hfmerge.analysis.report.page.DataTable.Column;
import io.hfmerge.analysis.report.page.Exhibit;
import io.hfmerge.analysis.report.page.Section;
import io.hfmerge.analysis.report.svg.Figure;
import io.hfmerge.analysis.report.svg.LinePanel;
import io.hfmerge.analysis.report.svg.LinePanel.Kind;
import io.hfmerge.analysis.report.svg.LinePanel.Line;
import io.hfmerge.analysis.report.svg.LinePanel.XY;
import io.hfmerge.analysis.report.svg.NumberText;
import io.hfmerge.analysis.report.svg.Panel;
import io.hfmerge.analysis.report.svg.Scale;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.SortedMap;
import java.util.TreeMap;

/** How far the models are from the balance that theory predicts for their architecture. */
final class BalanceSection {

  private record Test(String stack, Product product, Identity identity) {}

  private final Models models;
  private final List<Exhibit> exhibits = new ArrayList<>();

  private BalanceSection(Models models) {
    this.models = models;
  }

  static Optional<Section> of(Models models) {
    BalanceSection section = new BalanceSection(models);
    section.gaps();
    section.table();
    return section.exhibits.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Section(
                "balance",
                "Balance",
                List.of(
                    "With weight decay on two factors whose product alone matters, a stationary"
                        + " point has AᵀA = BᵀB (arXiv:2410.23819). Shared keys, rotary positions"
                        + " and normalisation change what is left of that, so each architecture is"
                        + " tested against its own identity. The gap is relative: 0 is balanced, 2"
                        + " the most. AdamW's decoupled decay satisfies none of these exactly."),
                section.exhibits));
  }

  private void gaps() {
    SequencedSet<Test> tests = new LinkedHashSet<>();
    models
        .reports()
        .forEach(report ->
            report.balance().stream()
                .filter(entry -> entry.value().isPresent())
                .forEach(entry ->
                    tests.add(new Test(entry.stack(), entry.product(), entry.identity()))));
    if (tests.isEmpty()) {
      return;
    }
    List<Double> all = new ArrayList<>();
    List<List<Line>> lines = new ArrayList<>();
    for (Test test : tests) {
      List<Line> ofTest = new ArrayList<>();
      for (int model = 0; model < models.count(); model++) {
        SortedMap<Integer, List<Double>> byLayer = byLayer(model, test);
        List<XY> points = new ArrayList<>();
        byLayer.forEach((layer, gaps) -> {
          double mean = gaps.stream().mapToDouble(Double::doubleValue).average().orElse(0);
          points.add(new XY(layer, mean));
          all.add(mean);
        });
        String letter = models.several() ? models.letter(model) : "";
        ofTest.add(new Line(letter, models.prefix(model) + "mean gap", Kind.SERIES, model, points));
      }
      lines.add(ofTest);
    }
    Scale upwards = Scale.fromZero(all);
    List<Panel> panels = new ArrayList<>();
    int i = 0;
    for (Test test : tests) {
      int layers = models.layers(test.stack());
      panels.add(
          new LinePanel(
              Models.title(test.product() + " · " + test.identity().label(), test.stack()),
              Scale.ofCounts(Math.max(0, layers - 1)),
              upwards,
              "layer",
              "",
              lines.get(i++),
              List.of()));
    }
    exhibits.add(
        Exhibit.of(
            new Figure(
                "balance-by-layer",
                "Relative gap by layer",
                "A panel for each identity that was tested; each point is the mean over the heads"
                    + " of a layer.",
                models.legend(),
                panels),
            "Means over the heads of a layer. full: equal Gram matrices. gqa-sum: the shared keys'"
                + " (values') Gram matrix against the sum over the query heads that share them."
                + " rotary-pairs: squared row norms, summed over each rotated pair. unrotated: the"
                + " components that do not rotate. neuron: squared row norms of M1 against squared"
                + " column norms of M2."));
  }

  private SortedMap<Integer, List<Double>> byLayer(int model, Test test) {
    SortedMap<Integer, List<Double>> gaps = new TreeMap<>();
    for (BalanceMetrics entry : models.get(model).balance()) {
      if (test.equals(new Test(entry.stack(), entry.product(), entry.identity()))) {
        entry
            .value()
            .ifPresent(
                gap -> gaps.computeIfAbsent(entry.layer(), layer -> new ArrayList<>()).add(gap));
      }
    }
    return gaps;
  }

  private void table() {
    SequencedSet<List<String>> rows = new LinkedHashSet<>();
    for (int model = 0; model < models.count(); model++) {
      SequencedSet<Test> tests = new LinkedHashSet<>();
      for (BalanceMetrics entry : models.get(model).balance()) {
        if (entry.value().isEmpty()) {
          rows.add(
              List.of(
                  models.prefix(model) + entry.product(),
                  "none",
                  "",
                  "",
                  "",
                  "no identity holds: " + entry.reason()));
        } else {
          tests.add(new Test(entry.stack(), entry.product(), entry.identity()));
        }
      }
      for (Test test : tests) {
        List<BalanceMetrics> entries =
            models.get(model).balance().stream()
                .filter(entry ->
                    test.equals(new Test(entry.stack(), entry.product(), entry.identity())))
                .toList();
        double[] gaps =
            entries.stream().flatMap(entry -> entry.value().stream()).mapToDouble(g -> g).toArray();
        rows.add(
            List.of(
                models.prefix(model) + Models.title(test.product().name(), test.stack()),
                test.identity().label(),
                NumberText.of(Arrays.stream(gaps).average().orElse(Double.NaN)),
                NumberText.of(Arrays.stream(gaps).min().orElse(Double.NaN)),
                NumberText.of(Arrays.stream(gaps).max().orElse(Double.NaN)),
                "mean correlation of norms "
                    + NumberText.of(
                        entries.stream()
                            .filter(entry -> entry.correlation().isPresent())
                            .mapToDouble(entry -> entry.correlation().getAsDouble())
                            .average()
                            .orElse(Double.NaN))));
      }
    }
    if (!rows.isEmpty()) {
      exhibits.add(
          Exhibit.of(
              "",
              new DataTable(
                  "Identities tested",
                  List.of(
                      Column.text("factors"),
                      Column.text("identity"),
                      Column.number("mean gap"),
                      Column.number("least"),
                      Column.number("greatest"),
                      Column.text("remark")),
                  List.copyOf(rows))));
    }
  }
}
