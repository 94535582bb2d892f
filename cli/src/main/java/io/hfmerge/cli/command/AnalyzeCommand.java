package io.hfmerge.cli.command;

import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.AnalysisRequest;
import io.hfmerge.analysis.AnalysisSubject;
import io.hfmerge.analysis.ModelAnalyzer;
import io.hfmerge.analysis.report.CsvReport;
import io.hfmerge.analysis.report.JsonReport;
import io.hfmerge.cli.Version;
import io.hfmerge.cli.option.StreamOption;
import io.hfmerge.cli.output.AnalysisTable;
import io.hfmerge.cli.output.ProgressLine;
import io.hfmerge.cli.output.Terminal;
import io.hfmerge.hf.HfModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code hfmerge analyze}: spectra, heads and balance of a model's weights. */
@Command(
    name = "analyze",
    description = "Measures weight matrices: norms, stable ranks, spectra, attention heads.")
public final class AnalyzeCommand implements Callable<Integer> {

  enum Metrics {
    norms,
    all
  }

  enum Format {
    table,
    json,
    csv
  }

  enum Device {
    auto,
    cpu,
    cuda
  }

  private static final int MOST_THREADS = 1024;

  @Spec @Nullable CommandSpec spec;

  @Parameters(
      paramLabel = "MODEL",
      description =
          "A folder, a .safetensors or .bin file, sample:NAME, OWNER/NAME[@REVISION][:FOLDER] on the"
              + " Hugging Face Hub, or BASE+ADAPTER.")
  private String reference = "";

  @Option(
      names = "--metrics",
      paramLabel = "METRICS",
      description =
          "norms: Frobenius and spectral norm, stable rank; all: full spectra too"
              + " (default: ${DEFAULT-VALUE}).")
  private Metrics metrics = Metrics.norms;

  @Option(names = "--heads", description = "Measure attention heads and balance too.")
  private boolean heads;

  @Option(
      names = "--epsilon",
      paramLabel = "E",
      description =
          "Singular values above E times the largest count for the rank"
              + " (default: ${DEFAULT-VALUE}).")
  private double epsilon = AnalysisRequest.DEFAULT_EPSILON;

  @Option(
      names = "--all",
      description = "Measure matrices outside the layers too: embeddings, heads, ...")
  private boolean includeOther;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "table, json or csv (default: ${DEFAULT-VALUE}).")
  private Format format = Format.table;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Write the report to a file, replacing it (default: standard output).")
  private @Nullable Path target;

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      description = "auto, cpu or cuda (default: ${DEFAULT-VALUE}).")
  private Device device = Device.auto;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Worker threads (default: one per core). The numbers do not depend on it.")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Mixin private final StreamOption stream = new StreamOption();

  @Override
  public Integer call() throws Exception {
    AnalysisRequest request = request();
    AnalysisReport report;
    List<String> notes;
    CommandLine commandLine = Objects.requireNonNull(spec).commandLine();
    try (ProgressLine progress = ProgressLine.create(commandLine.getErr());
        HfModel model = stream.models(progress).openModel(reference)) {
      AnalysisSubject subject =
          new AnalysisSubject(
              model.reference(),
              model.location().revision(),
              model.checkpoint(),
              model.structure());
      notes = model.notes().stream().map(Terminal::printable).toList();
      report = ModelAnalyzer.analyze(subject, request, progress);
    }
    String text =
        switch (format) {
          case table -> AnalysisTable.render(report, target == null && Terminal.hasColors());
          case json -> JsonReport.write(report, Version.number());
          case csv -> CsvReport.write(report);
        };
    if (format == Format.table) {
      text += String.join("", notes.stream().map(note -> note + "\n").toList());
    } else {
      // beside these reports, whose form is fixed
      notes.forEach(Objects.requireNonNull(spec).commandLine().getErr()::println);
    }
    write(text);
    return 0;
  }

  private void write(String text) throws IOException {
    if (target != null) {
      Files.writeString(target, text);
      return;
    }
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    out.print(text);
    out.flush();
  }

  private AnalysisRequest request() {
    if (!(epsilon >= 0) || Double.isInfinite(epsilon)) {
      throw usage("--epsilon: expected a number from 0 on, found " + epsilon);
    }
    if (threads < 1 || threads > MOST_THREADS) {
      throw usage("--threads: expected 1 to " + MOST_THREADS + ", found " + threads);
    }
    return new AnalysisRequest(
        AnalysisRequest.Metrics.valueOf(metrics.name().toUpperCase(Locale.ROOT)),
        heads,
        epsilon,
        includeOther,
        AnalysisRequest.DeviceChoice.valueOf(device.name().toUpperCase(Locale.ROOT)),
        threads);
  }

  private ParameterException usage(String message) {
    return new ParameterException(Objects.requireNonNull(spec).commandLine(), message);
  }
}
