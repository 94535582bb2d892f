package io.hfmerge.hf.output;

import io.hfmerge.engine.MergeReport;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The outputs of one run, complete and at their places.
 *
 * @param models one for each output, in the recipe's order
 */
public record MergedModels(List<MergedModel> models) {

  public MergedModels {
    models = List.copyOf(models);
  }

  /** Everything a user should read, a line each; what holds for all outputs once. */
  public List<String> lines() {
    if (models.size() == 1) {
      return models.getFirst().lines();
    }
    List<String> lines = new ArrayList<>();
    Set<String> common = new LinkedHashSet<>(rest(models.getFirst()));
    models.forEach(model -> common.retainAll(rest(model)));
    for (MergedModel model : models) {
      MergeReport report = model.report();
      lines.add(
          String.format(
              Locale.ROOT,
              "%s: %d tensors merged, %d copied; %,d bytes written",
              model.folder(),
              report.tensorsMerged(),
              report.tensorsCopied(),
              report.bytesWritten()));
      rest(model).stream()
          .filter(line -> !common.contains(line))
          .forEach(line -> lines.add("  " + line));
    }
    lines.addAll(common);
    MergeReport run = models.getFirst().report();
    lines.add(
        String.format(
            Locale.ROOT,
            "%d outputs together: %,d bytes read, %,d written in %.2f s, forced to the disk in %.2f s",
            models.size(),
            run.bytesRead(),
            models.stream().mapToLong(model -> model.report().bytesWritten()).sum(),
            run.elapsedNanos() / 1e9,
            models.stream().mapToLong(MergedModel::forcedNanos).sum() / 1e9));
    return lines;
  }

  private static List<String> rest(MergedModel model) {
    return model.lines().subList(1, model.lines().size());
  }
}
