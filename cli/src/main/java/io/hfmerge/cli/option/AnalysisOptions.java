package io.hfmerge.cli.option;

import io.hfmerge.analysis.AnalysisRequest;
import io.hfmerge.analysis.AnalysisRequest.DeviceChoice;
import io.hfmerge.cli.output.ProgressLine;
import io.hfmerge.hf.HfModels;
import io.hfmerge.progress.ProgressListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
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
      names = "--device",
      paramLabel = "DEVICE",
      description = "auto, cpu or cuda (default: ${DEFAULT-VALUE}).")
  private Device device = Device.auto;

  @Mixin private final ReportOptions output = new ReportOptions();

  @Mixin private final ThreadsOption threads = new ThreadsOption();

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
    if (format == Format.parquet) {
      output.requireFile(format.name());
    }
    return new AnalysisRequest(
        AnalysisRequest.Metrics.valueOf(metrics.name().toUpperCase(Locale.ROOT)),
        heads,
        epsilon,
        includeOther,
        DeviceChoice.valueOf(device.name().toUpperCase(Locale.ROOT)),
        threads.threads());
  }

  public Format format() {
    return format;
  }

  /** Where the report and its plots are written. */
  public ReportOptions output() {
    return output;
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
}
