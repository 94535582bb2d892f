package io.hfmerge.cli.command;

import io.hfmerge.analysis.AnalysisRequest.Metrics;
import io.hfmerge.analysis.interference.ActivationConflicts;
import io.hfmerge.analysis.interference.ConflictAnalyzer;
import io.hfmerge.analysis.interference.ConflictReport;
import io.hfmerge.analysis.interference.ConflictRequest;
import io.hfmerge.analysis.report.ConflictCsv;
import io.hfmerge.analysis.report.ConflictJson;
import io.hfmerge.analysis.report.ConflictParquet;
import io.hfmerge.analysis.report.StoredAnalysis;
import io.hfmerge.analysis.report.page.HtmlPage;
import io.hfmerge.analysis.report.section.ConflictPage;
import io.hfmerge.cli.Version;
import io.hfmerge.cli.option.ReportOptions;
import io.hfmerge.cli.option.StreamOption;
import io.hfmerge.cli.option.TextOptions;
import io.hfmerge.cli.option.ThreadsOption;
import io.hfmerge.cli.output.ConflictTable;
import io.hfmerge.cli.output.ProgressLine;
import io.hfmerge.engine.MergeOptions;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.files.Utf8Text;
import io.hfmerge.method.MergeMethods;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** {@code hfmerge conflicts}: how task vectors clash, before they are summed. */
@Command(
    name = "conflicts",
    description =
        "Measures how fine-tuned models of one base clash, before they are merged: angles, signs,"
            + " shared directions and predicted damage, each beside the level of chance. With --text,"
            + " also what the models and their sum do on texts.")
public final class ConflictsCommand implements Callable<Integer> {

  enum Depth {
    norms,
    all
  }

  enum Format {
    table,
    json,
    csv,
    parquet,
    html
  }

  private static final int MOST_RANK = 4096;

  @Spec @Nullable CommandSpec spec;

  @Option(
      names = "--base",
      required = true,
      paramLabel = "MODEL",
      description = "The model that all others were fine-tuned from.")
  private String base = "";

  @Parameters(
      arity = "1..*",
      paramLabel = "MODEL[=WEIGHT]",
      description = "Fine-tuned models with their weights in the sum (default: 1).")
  private List<String> models = new ArrayList<>();

  @Option(
      names = "--lambda",
      paramLabel = "L",
      description = "Scale of the sum (default: ${DEFAULT-VALUE}).")
  private double lambda = 1;

  @Option(
      names = "--metrics",
      paramLabel = "METRICS",
      description =
          "norms: angles, energies, signs, sizes, spectral norms; all: spectra and subspaces too"
              + " (default: ${DEFAULT-VALUE}).")
  private Depth metrics = Depth.all;

  @Option(
      names = "--rank",
      paramLabel = "K",
      description =
          "Leading singular vectors to compare, at most a quarter of the shorter side"
              + " (default: ${DEFAULT-VALUE}).")
  private int rank = ConflictRequest.DEFAULT_RANK;

  @Option(
      names = "--density",
      paramLabel = "D",
      description =
          "Share of each tensor's elements, the largest changes, within which signs are compared"
              + " too (default: ${DEFAULT-VALUE}).")
  private double density = ConflictRequest.DEFAULT_DENSITY;

  @Option(
      names = "--all",
      description = "Take spectra of matrices outside the layers too: embeddings, heads, ...")
  private boolean includeOther;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "table, json, csv, parquet or html (default: ${DEFAULT-VALUE}).")
  private Format format = Format.table;

  @Mixin private final ReportOptions output = new ReportOptions();

  @Mixin private final ThreadsOption threads = new ThreadsOption();

  @Mixin private final TextOptions text = new TextOptions();

  @Mixin private final StreamOption stream = new StreamOption();

  @Override
  public Integer call() throws Exception {
    check();
    Map<String, Double> weights = WeightedReferences.parse(models, base, this::usage);
    if (weights.size() < 2) {
      throw usage("expected two models or more, whose task vectors can clash; found one");
    }
    checkWeights(List.of(base));
    checkWeights(weights.keySet());
    int texts = text.texts().size();
    if (texts > 1 && texts != weights.size()) {
      throw usage(
          "--text: expected one text for all, or one for each of %d models, found %d"
              .formatted(weights.size(), texts));
    }
    List<String> notes = new ArrayList<>();
    ConflictReport report = onTexts(analyze(weights, notes));
    switch (format) {
      case table -> output.writeTable(ConflictTable.render(report, output.colors()), notes);
      case json -> output.write(ConflictJson.write(report, Version.number()), notes);
      case csv -> output.write(ConflictCsv.write(report), notes);
      case parquet -> output.write(ConflictParquet.write(report), notes);
      case html -> output.write(HtmlPage.write(ConflictPage.of(report), Version.number()), notes);
    }
    output.writePlots(() -> ConflictPage.of(report));
    return 0;
  }

  private void check() throws IOException {
    if (!Double.isFinite(lambda)) {
      throw usage("--lambda: expected a finite number, found " + lambda);
    }
    if (rank < 1 || rank > MOST_RANK) {
      throw usage("--rank: expected 1 to " + MOST_RANK + ", found " + rank);
    }
    if (!(density > 0 && density <= 1)) {
      throw usage("--density: expected a number above 0, at most 1, found " + density);
    }
    threads.threads();
    if (format == Format.parquet) {
      output.requireFile(format.name());
    }
    if (text.texts().isEmpty()) {
      ParseResult given = Objects.requireNonNull(spec).commandLine().getParseResult();
      for (String name : TextOptions.WITH_TEXT) {
        if (given.hasMatchedOption(name)) {
          throw usage(name + ": expected --text FILE with it, as it is about running the models");
        }
      }
    }
    output.check();
  }

  private void checkWeights(Iterable<String> references) {
    for (String reference : references) {
      if (StoredAnalysis.isNamedBy(reference)) {
        throw usage(reference + " is a JSON file, expected a model: conflicts are of weights");
      }
    }
  }

  private ConflictReport analyze(Map<String, Double> weights, List<String> notes)
      throws IOException, InterruptedException {
    List<HfModel> opened = new ArrayList<>();
    PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
    try (ProgressLine progress = ProgressLine.create(err);
        HfModel origin = stream.models(progress).openModel(base)) {
      notes.addAll(origin.notes());
      List<ConflictAnalyzer.Term> terms = new ArrayList<>();
      for (Map.Entry<String, Double> entry : weights.entrySet()) {
        HfModel model = stream.models(progress).openModel(entry.getKey());
        opened.add(model);
        notes.addAll(model.notes());
        terms.add(new ConflictAnalyzer.Term(AnalysisRun.subject(model), lambda * entry.getValue()));
      }
      return ConflictAnalyzer.analyze(
          AnalysisRun.subject(origin),
          terms,
          new ConflictRequest(
              Metrics.valueOf(metrics.name().toUpperCase(Locale.ROOT)),
              rank,
              density,
              includeOther,
              threads.threads()),
          progress);
    } finally {
      for (HfModel model : opened) {
        model.close();
      }
    }
  }

  private ConflictReport onTexts(ConflictReport report) throws IOException {
    if (text.texts().isEmpty()) {
      return report;
    }
    CommandSpec command = Objects.requireNonNull(spec);
    List<ActivationConflicts.Text> texts = new ArrayList<>();
    for (Path file : text.texts()) {
      texts.add(new ActivationConflicts.Text(file.toString(), Utf8Text.read(file)));
    }
    try (ProgressLine progress = ProgressLine.create(command.commandLine().getErr())) {
      return text.device()
          .checked(
              command,
              () ->
                  ActivationConflicts.add(
                      report,
                      texts,
                      new ActivationConflicts.Setup(
                          stream.models(progress),
                          MergeMethods.installed(),
                          MergeOptions.ofThreads(threads.threads()),
                          text.device().loadOptions(),
                          text.settings(),
                          progress)));
    }
  }

  private ParameterException usage(String message) {
    return new ParameterException(Objects.requireNonNull(spec).commandLine(), message);
  }
}
