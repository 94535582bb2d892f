package io.hfmerge.examples.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.examples.experiment.command.ExperimentCatalogue;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every experiment of the catalogue keeps {@link ExperimentContract}; a new one needs a line here.
 */
class EveryExperimentTest {

  /** What numbers of steps are divided by, so that each takes a second. */
  private static final Map<String, Integer> SHORTENING =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("transformers", 1),
              Map.entry("decay-rank", 100),
              Map.entry("merge-mlp", 300),
              Map.entry("merge-fashion-mnist", 300),
              Map.entry("lemma-1", 100),
              Map.entry("lemma-2", 200),
              Map.entry("lemma-3", 4),
              Map.entry("lemma-4", 100),
              Map.entry("theorem-1", 200),
              Map.entry("sgd-rank", 30),
              Map.entry("sgd-rank-bound", 4),
              Map.entry("norm-ratio", 12),
              Map.entry("conv-rank", 30),
              Map.entry("factorised-toy", 100),
              Map.entry("adamw-toy", 100),
              Map.entry("associative-recall", 60),
              Map.entry("language-model-decay", 300),
              Map.entry("pretrained-balance", 1),
              Map.entry("proposition-a4", 1),
              Map.entry("proposition-a5", 1),
              Map.entry("rank-two", 100),
              Map.entry("generalization-bound", 100)));

  /** Often enough for short runs; every step would wait for the disk. */
  private static final Duration CHECKPOINT_EVERY = Duration.ofMillis(20);

  /** Held to the same contract in TaskVectorsTest, which looks at its models too. */
  private static final String ELSEWHERE = "task-vectors";

  /** Nothing is trained in them, so there is no loss. */
  private static final Set<String> WITHOUT_TRAINING =
      Set.of("transformers", "pretrained-balance", "proposition-a4", "proposition-a5");

  @TempDir Path temp;

  private static Stream<String> covered() {
    return SHORTENING.keySet().stream();
  }

  @Test
  void noExperimentIsForgotten() {
    List<String> names = ExperimentCatalogue.all().stream().map(Experiment::name).toList();
    assertThat(names)
        .doesNotHaveDuplicates()
        .containsExactlyInAnyOrderElementsOf(
            Stream.concat(covered(), Stream.of(ELSEWHERE)).toList());
  }

  @ParameterizedTest
  @MethodSource("covered")
  void keepsTheContract(String name) throws Exception {
    new ExperimentContract(
            ExperimentCatalogue.find(name).orElseThrow(),
            SHORTENING.getOrDefault(name, 1),
            CHECKPOINT_EVERY,
            temp)
        .check(!WITHOUT_TRAINING.contains(name));
  }
}
