package io.hfmerge.cli.command;

import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.AnalysisSubject;
import io.hfmerge.analysis.Counterparts;
import io.hfmerge.analysis.ModelAnalyzer;
import io.hfmerge.analysis.report.CsvReport;
import io.hfmerge.analysis.report.JsonReport;
import io.hfmerge.cli.Version;
import io.hfmerge.cli.option.AnalysisOptions;
import io.hfmerge.cli.output.AnalysisTable;
import io.hfmerge.cli.output.ComparisonTable;
import io.hfmerge.cli.output.ProgressLine;
import io.hfmerge.hf.HfModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Analyses models one after another, or their differences to a base, and writes the report. */
final class AnalysisRun {

  private AnalysisRun() {}

  static int execute(List<String> references, Optional<String> base, AnalysisOptions options)
      throws IOException, InterruptedException {
    options.request(); // refused before anything is opened
    List<AnalysisReport> reports = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    if (base.isEmpty()) {
      for (String reference : references) {
        reports.add(analyze(reference, Optional.empty(), options, notes));
      }
    } else {
      try (ProgressLine progress = options.progress();
          HfModel model = options.models(progress).openModel(base.get())) {
        notes.addAll(model.notes());
        Counterparts counterparts = new Counterparts(subject(model));
        for (String reference : references) {
          reports.add(analyze(reference, Optional.of(counterparts), options, notes));
        }
      }
    }
    options.write(text(reports, options), notes);
    return 0;
  }

  private static AnalysisReport analyze(
      String reference, Optional<Counterparts> base, AnalysisOptions options, List<String> notes)
      throws IOException, InterruptedException {
    try (ProgressLine progress = options.progress();
        HfModel model = options.models(progress).openModel(reference)) {
      notes.addAll(model.notes());
      AnalysisSubject subject = subject(model);
      return ModelAnalyzer.analyze(
          base.map(subject::minus).orElse(subject), options.request(), progress);
    }
  }

  static AnalysisSubject subject(HfModel model) {
    return new AnalysisSubject(
        model.reference(), model.location().revision(), model.checkpoint(), model.structure());
  }

  private static String text(List<AnalysisReport> reports, AnalysisOptions options) {
    return switch (options.format()) {
      case table ->
          reports.size() == 1
              ? AnalysisTable.render(reports.getFirst(), options.colors())
              : ComparisonTable.render(reports, options.colors());
      case json ->
          reports.size() == 1
              ? JsonReport.write(reports.getFirst(), Version.number())
              : JsonReport.write(reports, Version.number());
      case csv -> CsvReport.write(reports);
    };
  }
}
