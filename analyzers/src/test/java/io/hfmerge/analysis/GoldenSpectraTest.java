package io.hfmerge.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.analysis.report.JsonReport;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.progress.ProgressListener;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GoldenSpectraTest {

  private static AnalysisReport analyze(String reference, AnalysisRequest request)
      throws Exception {
    try (HfModel model = HfModels.open(reference)) {
      return ModelAnalyzer.analyze(
          AnalysisSubject.of(model.checkpoint(), model.structure()),
          request,
          ProgressListener.NONE);
    }
  }

  private static String folder(String family) throws Exception {
    return Path.of(
            Objects.requireNonNull(
                    GoldenSpectraTest.class.getResource("/golden/checkpoints/" + family + "/base"))
                .toURI())
        .toString();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bert",
        "gpt2",
        "gpt_neox",
        "gptj",
        "llama",
        "mistral",
        "phi",
        "qwen2",
        "roberta",
        "vit"
      })
  void everyFamilyHasTheSpectraOfAFloat64Svd(String family) throws Exception {
    GoldenSpectra golden = new GoldenSpectra("checkpoints/" + family + "/spectra-base.json");
    AnalysisReport all = analyze(folder(family), AnalysisRequest.everything());
    golden.assertNorms(all);
    golden.assertSpectra(all);
    golden.assertHeads(all);
    assertThat(all.skipped()).isEmpty();
    golden.assertNorms(analyze(folder(family), AnalysisRequest.norms()));
  }

  @Test
  void pretrainedModelHasTheSpectraOfAFloat64Svd() throws Exception {
    GoldenSpectra golden = new GoldenSpectra("all-MiniLM-L6-v2-spectra.json");
    AnalysisReport all = analyze("sample:all-MiniLM-L6-v2", AnalysisRequest.everything());
    golden.assertNorms(all);
    golden.assertSpectra(all);
    golden.assertHeads(all);
    golden.assertNorms(analyze("sample:all-MiniLM-L6-v2", AnalysisRequest.norms()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"sample:all-MiniLM-L6-v2", "qwen2"})
  void reportHasTheSameBytesForEveryNumberOfThreads(String model) throws Exception {
    String reference = model.startsWith("sample:") ? model : folder(model);
    AnalysisRequest request = AnalysisRequest.norms().withHeads(true).withOther(true);
    String one = JsonReport.write(analyze(reference, request.withThreads(1)), "test");
    String three = JsonReport.write(analyze(reference, request.withThreads(3)), "test");
    assertThat(three).isEqualTo(one);
  }
}
