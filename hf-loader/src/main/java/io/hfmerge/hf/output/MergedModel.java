package io.hfmerge.hf.output;

import io.hfmerge.engine.MergeReport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A merge that is complete and at its place.
 *
 * @param folder the model folder
 * @param report what the engine did
 * @param forcedNanos time until the disk had all of it, after the last byte was handed over
 * @param companions files copied beside the weights
 * @param notes what the folder lacks or has changed, a line each
 */
public record MergedModel(
    Path folder,
    MergeReport report,
    long forcedNanos,
    List<String> companions,
    List<String> notes) {

  public MergedModel {
    companions = List.copyOf(companions);
    notes = List.copyOf(notes);
  }

  MergedModel withMoreForcing(long nanos) {
    return new MergedModel(folder, report, forcedNanos + nanos, companions, notes);
  }

  /** Everything a user should read, a line each. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(
        folder
            + ": "
            + report.lines().getFirst()
            + String.format(Locale.ROOT, ", forced to the disk in %.2f s", forcedNanos / 1e9));
    lines.addAll(report.lines().subList(1, report.lines().size()));
    lines.add(
        companions.isEmpty()
            ? "no companion files in the base to copy"
            : "copied from the base: " + String.join(", ", companions));
    lines.addAll(notes);
    return lines;
  }
}
