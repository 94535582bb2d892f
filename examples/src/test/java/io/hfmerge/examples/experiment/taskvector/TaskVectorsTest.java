package io.hfmerge.examples.experiment.taskvector;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.examples.experiment.ExperimentContract;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The mechanics at a size at which nothing is learnt that would say something about the claim. */
class TaskVectorsTest {

  /** How often training is kept in a journal: its state is tens of megabytes. */
  private static final Duration CHECKPOINT_EVERY = Duration.ofMillis(500);

  @TempDir Path temp;

  @Test
  void fineTunesAreFoldersThatDifferFromTheBaseInTrainedLayersAndSumsAreMeasured()
      throws Exception {
    Path results = new ExperimentContract(new TaskVectors(), 2, CHECKPOINT_EVERY, temp).check(true);
    assertThat(Files.readAllLines(results.resolve("summary.md")))
        .filteredOn(line -> line.contains(" | holds | ") || line.contains("**does not hold**"))
        .hasSize(6);
    List<String> rows = Files.readAllLines(results.resolve("measurements.csv"));
    String label = "decay 1";
    // the mean of two models is the sum of halves of their task vectors
    for (String task : List.of("things", "actions")) {
      assertThat(value(rows, TaskBench.METHOD, label + ": linear on " + task, "1.0"))
          .isEqualTo(value(rows, TaskBench.ACCURACY, label + ", " + task, "0.5"));
      assertThat(value(rows, FineTuning.LOSS, label + ", " + task, "8.0"))
          .isLessThan(value(rows, FineTuning.LOSS, label + ", " + task, "0.0"));
      // class means of the base already say more than chance, 0.25
      assertThat(value(rows, TaskBench.ACCURACY, label + ", " + task, "0.0")).isGreaterThan(0.3);
    }
    assertThat(results.resolve("models/repeat-0/decay-1/merged")).doesNotExist();
    onlyTheLastLayerDiffers(results.resolve("models/repeat-0/decay-1/things"));
  }

  private static void onlyTheLastLayerDiffers(Path folder) throws IOException {
    try (HfModel base = HfModels.open(TaskBench.BASE);
        HfModel tuned = HfModels.open(folder.toString())) {
      assertThat(tuned.config()).isPresent();
      for (TensorSpec tensor : base.checkpoint().tensors()) {
        boolean same =
            read(base.checkpoint(), tensor).mismatch(read(tuned.checkpoint(), tensor)) < 0;
        assertThat(same).as(tensor.name()).isEqualTo(!tensor.name().contains("layer.5."));
      }
    }
  }

  private static MemorySegment read(Checkpoint checkpoint, TensorSpec tensor) throws IOException {
    MemorySegment bytes = Arena.ofAuto().allocate(tensor.sizeBytes());
    checkpoint.read(tensor.name(), 0, bytes);
    return bytes;
  }

  private static double value(List<String> rows, String metric, String group, String x) {
    String plain = "%s,\"%s\",%s,0,".formatted(metric, group, x);
    String unquoted = "%s,%s,%s,0,".formatted(metric, group, x);
    return rows.stream()
        .filter(row -> row.startsWith(plain) || row.startsWith(unquoted))
        .mapToDouble(row -> Double.parseDouble(row.substring(row.lastIndexOf(',') + 1)))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no row " + plain + " in " + rows));
  }
}
