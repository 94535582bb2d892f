package io.hfmerge.analysis.report;

import io.hfmerge.analysis.AnalysisSubject;
import io.hfmerge.analysis.MemoryCheckpoint;
import io.hfmerge.analysis.interference.ConflictAnalyzer;
import io.hfmerge.analysis.interference.ConflictAnalyzer.Term;
import io.hfmerge.analysis.interference.ConflictReport;
import io.hfmerge.analysis.interference.ConflictRequest;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;

/** Conflicts of models that a golden checkpoint and seeded noise make. */
public final class SampleConflicts {

  private SampleConflicts() {}

  /**
   * Everything about some models.
   *
   * @param family whose base checkpoint they are tuned from
   * @param names of the models
   */
  public static ConflictReport of(String family, List<String> names) throws Exception {
    Path folder =
        Path.of(
            Objects.requireNonNull(
                    SampleConflicts.class.getResource("/golden/checkpoints/" + family + "/base"))
                .toURI());
    List<MemoryCheckpoint> opened = new ArrayList<>();
    try (HfModel base = HfModels.open(folder.toString())) {
      List<Term> terms = new ArrayList<>();
      for (String name : names) {
        MemoryCheckpoint tuned = tuned(base, terms.size());
        opened.add(tuned);
        terms.add(
            new Term(new AnalysisSubject(name, Optional.empty(), tuned, base.structure()), 0.5));
      }
      return ConflictAnalyzer.analyze(
          new AnalysisSubject(
              family + "/base", Optional.empty(), base.checkpoint(), base.structure()),
          terms,
          ConflictRequest.everything(),
          ProgressListener.NONE);
    } finally {
      opened.forEach(MemoryCheckpoint::close);
    }
  }

  private static MemoryCheckpoint tuned(HfModel base, int seed) {
    MemoryCheckpoint tuned = new MemoryCheckpoint();
    Random random = new Random(seed);
    for (TensorSpec spec : base.checkpoint().tensors()) {
      if (!spec.dtype().isFloat()) {
        continue;
      }
      double[] values = new double[Math.toIntExact(spec.elements())];
      MemorySegment stored = base.checkpoint().mapped(spec.name()).orElseThrow();
      TensorCodec.decode(spec.dtype(), stored, 0, values, values.length);
      for (int i = 0; i < values.length; i++) {
        values[i] += 0.02 * random.nextGaussian();
      }
      long[] shape = spec.shape().dimensions().stream().mapToLong(Long::longValue).toArray();
      tuned.add(spec.name(), spec.dtype(), values, shape);
    }
    return tuned;
  }
}
