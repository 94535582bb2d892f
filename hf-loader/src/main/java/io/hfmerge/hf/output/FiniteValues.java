package io.hfmerge.hf.output;

import io.hfmerge.engine.MergeReport;
import io.hfmerge.engine.MergeReport.NonFinite;
import io.hfmerge.error.NonFiniteOutputException;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Whether an output holds NaN or infinities that its inputs did not. */
final class FiniteValues {

  private static final int MAX_NAMED = 20;

  private FiniteValues() {}

  /**
   * Refuses an output that does.
   *
   * @throws NonFiniteOutputException naming the tensors
   */
  static void require(MergeReport report) {
    List<NonFinite> produced =
        report.nonFinite().stream().filter(tensor -> tensor.produced() > 0).toList();
    if (produced.isEmpty()) {
      return;
    }
    long values = produced.stream().mapToLong(NonFinite::produced).sum();
    int named = Math.min(MAX_NAMED, produced.size());
    throw new NonFiniteOutputException(
        String.format(
                Locale.ROOT,
                "expected finite numbers from finite inputs, found %,d that are NaN or infinite in"
                    + " %,d of the output's tensors; nothing was published\n  ",
                values,
                produced.size())
            + produced.stream()
                .limit(named)
                .map(NonFinite::describe)
                .collect(Collectors.joining("\n  "))
            + (named < produced.size() ? "\n  and " + (produced.size() - named) + " more" : "")
            + "\na wider output dtype holds what is too large; --allow-nan keeps all of it");
  }
}
