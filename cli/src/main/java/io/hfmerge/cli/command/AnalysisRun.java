package io.hfmerge.cli.command;

import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.AnalysisSubject;
import io.hfmerge.analysis.Counterparts;
import io.hfmerge.analysis.ModelAnalyzer;
import io.hfmerge.analysis.report.CsvReport;
import io.hfmerge.analysis.report.JsonReport;
import io.hfmerge.analysis.report.ParquetReport;
import io.hfmerge.analysis.report.StoredAnalysis;
import io.hfmerge.analysis.report.page.HtmlPage;
import io.hfmerge.analysis.report.section.AnalysisPage;
import io.hfmerge.cli.Version;
import io.hfmerge.cli.option.AnalysisOptions;
import io.hfmerge.cli.option.ReportOptions;
import io.hfmerge.cli.output.AnalysisTable;
import io.hfmerge.cli.output.ComparisonTable;
import io.hfmerge.cli.output.ProgressLine;
import io.hfmerge.hf.HfModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Analyses models one after another, or their differences to a base, and writes the report. */
final class AnalysisRun {

  private AnalysisRun() {}

  static int execute(List<String> references, Optional<String> base, AnalysisOptions options)
      throws IOException, InterruptedException {
    options.request(); // refused before anything is opened
    options.output().check();
    List<AnalysisReport> reports = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    if (base.isEmpty()) {
      for (String reference : references) {
        if (StoredAnalysis.isNamedBy(reference)) {
          reports.addAll(stored(reference, options));
        } else {
          reports.add(analyze(reference, Optional.empty(), options, notes));
        }
      }
    } else {
      for (String reference : references) {
        if (StoredAnalysis.isNamedBy(reference)) {
          throw options.usage(
              reference + " is a stored analysis, which has no weights to subtract a base from");
        }
      }
      if (StoredAnalysis.isNamedBy(base.get())) {
        throw options.usage(base.get() + " is a stored analysis, which has no weights to subtract");
      }
      try (ProgressLine progress = options.progress();
          HfModel model = options.models(progress).openModel(base.get())) {
        notes.addAll(model.notes());
        Counterparts counterparts = new Counterparts(subject(model));
        for (String reference : references) {
          reports.add(analyze(reference, Optional.of(counterparts), options, notes));
        }
      }
    }
    write(reports, options, notes);
    return 0;
  }

  private static List<AnalysisReport> stored(String reference, AnalysisOptions options)
      throws IOException {
    List<AnalysisReport> reports = StoredAnalysis.read(Path.of(reference));
    for (AnalysisReport report : reports) {
      options.check(reference, report.settings().request());
    }
    return reports;
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

  private static void write(
      List<AnalysisReport> reports, AnalysisOptions options, List<String> notes)
      throws IOException {
    ReportOptions output = options.output();
    boolean one = reports.size() == 1;
    switch (options.format()) {
      case table ->
          output.writeTable(
              one
                  ? AnalysisTable.render(reports.getFirst(), output.colors())
                  : ComparisonTable.render(reports, output.colors()),
              notes);
      case json ->
          output.write(
              one
                  ? JsonReport.write(reports.getFirst(), Version.number())
                  : JsonReport.write(reports, Version.number()),
              notes);
      case csv -> output.write(CsvReport.write(reports), notes);
      case parquet -> output.write(ParquetReport.write(reports), notes);
      case html -> output.write(HtmlPage.write(AnalysisPage.of(reports), Version.number()), notes);
    }
    output.writePlots(() -> AnalysisPage.of(reports));
  }
}
