package io.hfmerge.hf.output;

import io.hfmerge.engine.MergeReport;
import io.hfmerge.engine.MergeReport.NonFinite;
import io.hfmerge.error.NonFiniteOutputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Whether an output holds NaN or infinities that its inputs did not. */
final class FiniteValues {

  private static final int MAX_NAMED = 20;

  private FiniteValues() {}

  /**
   * Refuses outputs that do.
   *
   * @param reports one for each output
   * @param findings such values in intermediate results, a line each
   * @throws NonFiniteOutputException naming the tensors
   */
  static void require(List<MergeReport> reports, List<String> findings) {
    List<NonFinite> produced =
        reports.stream()
            .flatMap(report -> report.nonFinite().stream())
            .filter(tensor -> tensor.produced() > 0)
            .toList();
    if (produced.isEmpty() && findings.isEmpty()) {
      return;
    }
    long values = produced.stream().mapToLong(NonFinite::produced).sum();
    List<String> lines = new ArrayList<>(findings);
    produced.forEach(tensor -> lines.add(tensor.describe()));
    int named = Math.min(MAX_NAMED, lines.size());
    throw new NonFiniteOutputException(
        String.format(
                Locale.ROOT,
                "expected finite numbers from finite inputs, found %,d that are NaN or infinite in"
                    + " %,d of the output's tensors; nothing was published\n  ",
                values,
                produced.size())
            + lines.stream().limit(named).collect(Collectors.joining("\n  "))
            + (named < lines.size() ? "\n  and " + (lines.size() - named) + " more" : "")
            + "\na wider output dtype holds what is too large; --allow-nan keeps all of it");
  }
}
