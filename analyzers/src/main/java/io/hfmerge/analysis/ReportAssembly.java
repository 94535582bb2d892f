package io.hfmerge.analysis;

import io.hfmerge.analysis.AnalysisReport.Model;
import io.hfmerge.analysis.AnalysisReport.RoleSummary;
import io.hfmerge.analysis.AnalysisReport.Settings;
import io.hfmerge.analysis.AnalysisReport.Skipped;
import io.hfmerge.analysis.AnalysisReport.Summary;
import io.hfmerge.analysis.metric.BalanceMetrics;
import io.hfmerge.analysis.metric.HeadMetrics;
import io.hfmerge.analysis.metric.MatrixMetrics;
import io.hfmerge.analysis.metric.NormPreservation;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.tensor.DType;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Puts results together into a report, with what follows from them. */
public final class ReportAssembly {

  private ReportAssembly() {}

  static AnalysisReport of(
      AnalysisSubject subject,
      AnalysisRequest request,
      String device,
      List<MatrixMetrics> matrices,
      List<HeadMetrics> heads,
      List<BalanceMetrics> balance,
      List<Skipped> skipped) {
    return of(
        new Model(
            subject.id(),
            subject.revision(),
            subject.structure().modelType(),
            subject.structure().dimensions(),
            dtype(matrices),
            subject.base().map(base -> base.owner().id())),
        new Settings(request, device),
        matrices,
        heads,
        balance,
        skipped);
  }

  /** A report of measured numbers; norm preservation and summary follow from the others. */
  public static AnalysisReport of(
      Model model,
      Settings settings,
      List<MatrixMetrics> matrices,
      List<HeadMetrics> heads,
      List<BalanceMetrics> balance,
      List<Skipped> skipped) {
    return new AnalysisReport(
        model,
        settings,
        matrices,
        heads,
        balance,
        NormPreservation.of(matrices),
        summary(matrices, heads, skipped),
        skipped);
  }

  private static String dtype(List<MatrixMetrics> matrices) {
    Map<DType, Long> elements = new EnumMap<>(DType.class);
    for (MatrixMetrics matrix : matrices) {
      elements.merge(matrix.dtype(), (long) matrix.rows() * matrix.columns(), Long::sum);
    }
    return elements.entrySet().stream()
        .max(Map.Entry.comparingByValue())
        .map(entry -> entry.getKey().name())
        .orElse("");
  }

  private static Summary summary(
      List<MatrixMetrics> matrices, List<HeadMetrics> heads, List<Skipped> skipped) {
    List<RoleSummary> roles = new ArrayList<>();
    for (Role role : Role.values()) {
      DoubleSummaryStatistics ranks =
          matrices.stream()
              .filter(matrix -> matrix.role() == role && !matrix.constant())
              .mapToDouble(MatrixMetrics::stableRank)
              .summaryStatistics();
      if (ranks.getCount() > 0) {
        roles.add(
            new RoleSummary(
                role, (int) ranks.getCount(), ranks.getAverage(), ranks.getMin(), ranks.getMax()));
      }
    }
    return new Summary(
        matrices.size(),
        heads.size(),
        skipped.size(),
        (int) matrices.stream().filter(MatrixMetrics::epsilonBelowNoise).count(),
        (int) matrices.stream().filter(MatrixMetrics::constant).count(),
        matrices.stream().mapToDouble(MatrixMetrics::errorBound).max().orElse(0),
        roles);
  }
}
