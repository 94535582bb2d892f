package io.hfmerge.cli.option;

import io.hfmerge.analysis.AnalysisRequest;
import io.hfmerge.analysis.AnalysisRequest.DeviceChoice;
import io.hfmerge.cli.output.ProgressLine;
import io.hfmerge.cli.output.Terminal;
import io.hfmerge.hf.HfModels;
import io.hfmerge.progress.ProgressListener;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What to measure and where to write it: the options that analyses of weights share. */
public final class AnalysisOptions {

  /** Which metrics. */
  public enum Metrics {
    norms,
    all
  }

  /** How the report is written. */
  public enum Format {
    table,
    json,
    csv,
    parquet,
    html
  }

  /** Where products are computed. */
  public enum Device {
    auto,
    cpu,
    cuda
  }

  private static final int MOST_THREADS = 1024;

  @Spec(Spec.Target.MIXEE)
  @Nullable CommandSpec spec;

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
      description = "table, json, csv, parquet or html (default: ${DEFAULT-VALUE}).")
  private Format format = Format.table;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Write the report to a file, replacing it (default: standard output).")
  private @Nullable Path target;

  @Option(
      names = "--plots",
      paramLabel = "DIR",
      description = "Write every plot of the html report as SVG and PNG files to a folder, too.")
  private @Nullable Path plots;

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

  /** A line of progress beside the report. */
  public ProgressLine progress() {
    return ProgressLine.create(Objects.requireNonNull(spec).commandLine().getErr());
  }

  /** What opens models as asked for, and tells of downloads. */
  public HfModels models(ProgressListener listener) {
    return stream.models(listener);
  }

  /**
   * What the options ask for.
   *
   * @throws ParameterException if a value is out of its range
   */
  public AnalysisRequest request() {
    if (!(epsilon >= 0) || Double.isInfinite(epsilon)) {
      throw usage("--epsilon: expected a number from 0 on, found " + epsilon);
    }
    if (threads < 1 || threads > MOST_THREADS) {
      throw usage("--threads: expected 1 to " + MOST_THREADS + ", found " + threads);
    }
    if (format == Format.parquet && target == null) {
      throw usage("--format parquet: expected -o FILE, as the report is not text");
    }
    return new AnalysisRequest(
        AnalysisRequest.Metrics.valueOf(metrics.name().toUpperCase(Locale.ROOT)),
        heads,
        epsilon,
        includeOther,
        DeviceChoice.valueOf(device.name().toUpperCase(Locale.ROOT)),
        threads);
  }

  public Format format() {
    return format;
  }

  /** Where plots are written, if they are asked for. */
  public Optional<Path> plots() {
    return Optional.ofNullable(plots);
  }

  /**
   * Checks that a stored analysis has what the options ask for.
   *
   * @throws ParameterException naming what it lacks
   */
  public void check(String file, AnalysisRequest stored) {
    List<String> missing = new ArrayList<>();
    if (metrics == Metrics.all && stored.metrics() == AnalysisRequest.Metrics.NORMS) {
      missing.add("--metrics all");
    }
    if (heads && !stored.heads()) {
      missing.add("--heads");
    }
    if (includeOther && !stored.includeOther()) {
      missing.add("--all");
    }
    boolean given =
        Objects.requireNonNull(spec).commandLine().getParseResult().hasMatchedOption("--epsilon");
    if (given && epsilon != stored.epsilon()) {
      missing.add("--epsilon " + epsilon);
    }
    if (!missing.isEmpty()) {
      throw usage(
          "%s was measured without %s: analyze the model itself"
              .formatted(file, String.join(", ", missing)));
    }
  }

  /** An error in how options and arguments go together. */
  public ParameterException usage(String message) {
    return new ParameterException(Objects.requireNonNull(spec).commandLine(), message);
  }

  /** Whether a table may have colours. */
  public boolean colors() {
    return target == null && Terminal.hasColors();
  }

  /**
   * Writes a report to where the options say.
   *
   * @param notes what the user should know of how models were read; behind a table, and beside the
   *     other reports, whose form is fixed, on standard error
   */
  public void write(String report, List<String> notes) throws IOException {
    List<String> lines = notes.stream().distinct().map(Terminal::printable).toList();
    String text = report;
    if (format == Format.table) {
      text += String.join("", lines.stream().map(note -> note + "\n").toList());
    } else {
      lines.forEach(Objects.requireNonNull(spec).commandLine().getErr()::println);
    }
    if (target != null) {
      Files.writeString(target, text);
      return;
    }
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    out.print(text);
    out.flush();
  }

  /** Writes a report that is not text to the file that {@link #request()} has asked for. */
  public void write(byte[] report, List<String> notes) throws IOException {
    notes.stream()
        .distinct()
        .map(Terminal::printable)
        .forEach(Objects.requireNonNull(spec).commandLine().getErr()::println);
    Files.write(Objects.requireNonNull(target), report);
  }
}
