package io.hfmerge.hf.output;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.engine.MergeOptions;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.arch.Architectures;
import io.hfmerge.hf.checksum.Sha256;
import io.hfmerge.hf.local.LocalModelResolver;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.method.TaskArithmeticMethod;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Processes that are killed while they merge, as by a power switch or the kernel. */
class KilledMergeTest {

  private static final long SEED = 20261122;

  /** Two outputs at a time, on two cores. */
  private static final int OUTPUTS = 2;

  private static final int KILLS_OF_EACH = 10;

  /** Steps of a whole merge here that a killer can count: units of 64 K elements, and its end. */
  private static final int STEPS = 75;

  @TempDir Path temp;

  @Test
  @Timeout(300)
  void mergesKilledTwentyTimesAndContinuedGiveTheBytesOfAnUndisturbedOne() throws Exception {
    RandomModels.write(temp.resolve("base"), SEED);
    RandomModels.write(temp.resolve("a"), SEED + 1);
    Path expectedFolder = Files.createDirectory(temp.resolve("undisturbed")).resolve("out");
    merge(temp, expectedFolder, ProgressListener.NONE);
    Map<String, String> expected = contents(expectedFolder);
    try (ExecutorService killers = Executors.newFixedThreadPool(OUTPUTS)) {
      List<Future<Integer>> finished = new ArrayList<>();
      for (int i = 0; i < OUTPUTS; i++) {
        Path outputs = Files.createDirectory(temp.resolve("outputs" + i));
        Random random = new Random(SEED + i);
        finished.add(killers.submit(() -> killAndContinue(outputs, random, expected)));
      }
      int all = 0;
      for (Future<Integer> killer : finished) {
        all += killer.get();
      }
      // most of the kills were in the middle of something
      assertThat(all).isLessThan(OUTPUTS * KILLS_OF_EACH / 2);
    }
  }

  /** Returns how many merges were complete when they were to be killed. */
  private int killAndContinue(Path outputs, Random random, Map<String, String> expected)
      throws IOException, InterruptedException {
    Path target = outputs.resolve("out");
    int finished = 0;
    for (int kill = 0; kill < KILLS_OF_EACH; kill++) {
      boolean complete = killedAt(target, random.nextInt(STEPS), random.nextInt(3000));
      if (Files.exists(target)) {
        assertThat(contents(target)).as("kill %d", kill).isEqualTo(expected);
        StagedFolder.delete(target);
        finished++;
      } else {
        assertThat(complete).isFalse();
      }
    }
    merge(temp, target, ProgressListener.NONE);
    assertThat(contents(target)).isEqualTo(expected);
    assertThat(outputs.toFile().list()).containsExactly("out");
    return finished;
  }

  /** Whether the process came to its own end before it was killed. */
  private boolean killedAt(Path target, int step, int micros)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Merger.class.getName(),
                temp.toString(),
                target.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (InputStream steps = process.getInputStream()) {
      boolean more = true;
      for (int i = 0; i <= step && more; i++) {
        more = steps.read() >= 0;
      }
      TimeUnit.MICROSECONDS.sleep(micros);
    }
    process.destroyForcibly();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return process.exitValue() == 0;
  }

  /** Merges with a step on standard output for each unit of work. */
  static final class Merger {

    private Merger() {}

    public static void main(String[] arguments) throws IOException {
      merge(Path.of(arguments[0]), Path.of(arguments[1]), new Steps());
    }
  }

  private static final class Steps implements ProgressListener {

    @Override
    public void started(String task, long totalBytes) {}

    @Override
    public void advanced(long bytes) {
      System.out.write('.');
      System.out.flush();
    }

    @Override
    public void finished() {}
  }

  /** With no more classes than it takes, so that processes start fast. */
  private static void merge(Path models, Path target, ProgressListener listener)
      throws IOException {
    Recipe recipe =
        Recipe.sum(models.resolve("base").toString(), Map.of(models.resolve("a").toString(), 0.3))
            .build();
    new ModelMerger(
            new HfModels(List.of(new LocalModelResolver()), Architectures.of(List.of())),
            MergeMethods.of(List.of(new TaskArithmeticMethod())))
        .merge(
            recipe,
            new RecipeWriter().write(recipe),
            target,
            Merging.settings(new MergeOptions(2, 1024, 1 << 16)).withResume(true),
            listener);
  }

  private static Map<String, String> contents(Path folder) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    for (String name : ModelFolders.list(folder)) {
      contents.put(name, Sha256.of(Files.readAllBytes(folder.resolve(name))));
    }
    return contents;
  }
}
