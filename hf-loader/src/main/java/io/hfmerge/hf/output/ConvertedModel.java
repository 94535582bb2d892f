package io.hfmerge.hf.output;

import io.hfmerge.engine.MergeReport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A conversion that is complete and at its place.
 *
 * @param folder the model folder
 * @param report what the engine did
 * @param companions files copied beside the weights
 * @param notes how names, dtypes and files differ from the input's, a line each
 */
public record ConvertedModel(
    Path folder, MergeReport report, List<String> companions, List<String> notes) {

  public ConvertedModel {
    companions = List.copyOf(companions);
    notes = List.copyOf(notes);
  }

  /** Everything a user should read, a line each. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            Locale.ROOT,
            "%s: %d tensors converted; %,d bytes read, %,d written in %.2f s",
            folder,
            report.tensorsCopied(),
            report.bytesRead(),
            report.bytesWritten(),
            report.elapsedNanos() / 1e9));
    report.conversions().forEach(conversion -> lines.add(conversion.describe()));
    report.nonFinite().forEach(tensor -> lines.add(tensor.describe()));
    lines.add(
        companions.isEmpty()
            ? "no companion files to copy"
            : "copied beside it: " + String.join(", ", companions));
    lines.addAll(notes);
    return lines;
  }
}
