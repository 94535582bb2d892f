package io.hfmerge.examples.experiment;

import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * The files of a result: {@code measurements.csv} with every number, {@code series.csv} with mean
 * and standard deviation over repeats, one SVG per figure, and {@code summary.md} with the verdict.
 * The CSV files and figures hold nothing but what was measured, so the same seed gives the same
 * bytes on one machine.
 */
final class ResultFiles {

  private final Experiment experiment;
  private final RunSettings settings;
  private final Lab lab;
  private final Outcome outcome;

  ResultFiles(Experiment experiment, RunSettings settings, Lab lab, Outcome outcome) {
    this.experiment = experiment;
    this.settings = settings;
    this.lab = lab;
    this.outcome = outcome;
  }

  void write(Path folder, RunJournal.Time time) throws IOException {
    Files.createDirectories(folder);
    Measurements measurements = lab.measurements();
    try (CsvWriter csv = csv(folder.resolve("measurements.csv"))) {
      csv.writeRecord("metric", "group", "x", "repeat", "value");
      for (Measurement m : measurements.all()) {
        csv.writeRecord(
            m.metric(),
            m.group(),
            Double.toString(m.x()),
            Integer.toString(m.repeat()),
            Double.toString(m.value()));
      }
    }
    try (CsvWriter csv = csv(folder.resolve("series.csv"))) {
      csv.writeRecord("metric", "group", "x", "mean", "deviation", "repeats");
      for (String metric : measurements.metrics()) {
        for (String group : measurements.groups(metric)) {
          for (double x : measurements.places(metric, group)) {
            Statistics at = measurements.at(metric, group, x);
            csv.writeRecord(
                metric,
                group,
                Double.toString(x),
                Double.toString(at.mean()),
                Double.toString(at.deviation()),
                Integer.toString(at.count()));
          }
        }
      }
    }
    for (Figure figure : outcome.figures()) {
      Files.writeString(folder.resolve(fileName(figure)), new Plot(figure, measurements).svg());
    }
    Files.writeString(folder.resolve("summary.md"), summary(time));
  }

  private static CsvWriter csv(Path file) throws IOException {
    return CsvWriter.builder().lineDelimiter(LineDelimiter.LF).build(file);
  }

  private static String fileName(Figure figure) {
    return Plot.id(figure) + ".svg";
  }

  private String summary(RunJournal.Time time) {
    Claim claim = experiment.claim();
    StringBuilder text = new StringBuilder();
    text.append("# ").append(experiment.name()).append(": ");
    text.append(outcome.holds() ? "holds" : "does not hold").append("\n\n");
    text.append(experiment.summary()).append("\n\n");
    text.append("| | |\n|---|---|\n");
    row(text, "Source", claim.source());
    row(text, "Claim", claim.statement());
    row(text, "Rule", claim.rule());
    row(text, "Against it", claim.counter());
    row(
        text,
        "Run",
        "seed %d, %s size, %s, Java %s, %d processors, %s"
            .formatted(
                settings.seed(),
                settings.quick() ? "quick" : "full",
                settings.device(),
                Runtime.version().feature(),
                Runtime.getRuntime().availableProcessors(),
                text(time)));
    text.append("\n## Verdict\n\n| part | verdict | evidence |\n|---|---|---|\n");
    for (Finding finding : outcome.findings()) {
      text.append("| ").append(cell(finding.part())).append(" | ");
      text.append(finding.holds() ? "holds" : "**does not hold**").append(" | ");
      text.append(cell(finding.evidence())).append(" |\n");
    }
    if (!lab.table().isEmpty()) {
      text.append("\n## Numbers\n\n");
      List<String> heads = lab.table().getFirst();
      tableRow(text, heads);
      text.append("|---".repeat(heads.size())).append("|\n");
      lab.table().stream().skip(1).forEach(row -> tableRow(text, row));
    }
    if (!lab.notes().isEmpty()) {
      text.append("\n## Notes\n\n");
      lab.notes().forEach(note -> text.append("* ").append(note).append('\n'));
    }
    if (!outcome.figures().isEmpty()) {
      text.append("\n## Figures\n\n");
      for (Figure figure : outcome.figures()) {
        text.append("![").append(figure.title()).append("](").append(fileName(figure));
        text.append(")\n\n");
      }
    }
    text.append("Every number is in `measurements.csv`, means and deviations in `series.csv`.\n");
    return text.toString();
  }

  private static String text(RunJournal.Time time) {
    String seconds = String.format(Locale.ROOT, "%.0f s", time.nanos() / 1e9);
    return time.parts() == 1
        ? seconds
        : seconds + " over %d parts, what interruptions lost not counted".formatted(time.parts());
  }

  private static void tableRow(StringBuilder text, List<String> cells) {
    cells.forEach(value -> text.append("| ").append(cell(value)).append(' '));
    text.append("|\n");
  }

  private static void row(StringBuilder text, String name, String value) {
    text.append("| ").append(name).append(" | ").append(cell(value)).append(" |\n");
  }

  private static String cell(String text) {
    return List.of(text.split("\n")).stream()
        .map(line -> line.replace("|", "\\|"))
        .reduce((a, b) -> a + " " + b)
        .orElse("");
  }
}
