package io.hfmerge.analysis.report;

import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.AnalysisRequest;
import io.hfmerge.analysis.AnalysisSubject;
import io.hfmerge.analysis.ModelAnalyzer;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.progress.ProgressListener;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Analyses of golden checkpoints and of a pretrained model, each made once. */
public final class SampleReports {

  private static final Map<String, AnalysisReport> MADE = new ConcurrentHashMap<>();

  private SampleReports() {}

  /** Everything about the base checkpoint of a family, or about a {@code sample:} reference. */
  public static AnalysisReport of(String name) {
    return MADE.computeIfAbsent(name, SampleReports::analyze);
  }

  /** The pretrained model. */
  public static AnalysisReport pretrained() {
    return of("sample:all-MiniLM-L6-v2");
  }

  private static AnalysisReport analyze(String name) {
    String reference = name.startsWith("sample:") ? name : folder(name);
    try (HfModel model = HfModels.open(reference)) {
      return ModelAnalyzer.analyze(
          new AnalysisSubject(
              name.startsWith("sample:") ? name : name + "/base",
              Optional.empty(),
              model.checkpoint(),
              model.structure()),
          AnalysisRequest.everything().withOther(true),
          ProgressListener.NONE);
    } catch (Exception e) {
      throw new AssertionError(reference, e);
    }
  }

  private static String folder(String family) {
    try {
      return Path.of(
              Objects.requireNonNull(
                      SampleReports.class.getResource("/golden/checkpoints/" + family + "/base"))
                  .toURI())
          .toString();
    } catch (java.net.URISyntaxException e) {
      throw new AssertionError(e);
    }
  }
}
