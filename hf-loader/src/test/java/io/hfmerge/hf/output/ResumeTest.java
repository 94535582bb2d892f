package io.hfmerge.hf.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.engine.MergeOptions;
import io.hfmerge.error.InputChangedException;
import io.hfmerge.error.NonFiniteOutputException;
import io.hfmerge.error.UnfinishedMergeException;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.method.SlerpMethod;
import io.hfmerge.method.TaskArithmeticMethod;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.recipe.RecipeReader;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResumeTest {

  private static final MergeMethods METHODS =
      MergeMethods.of(
          List.of(new TaskArithmeticMethod(), new SlerpMethod(), new MeanDeltaMethod()));

  private static final long SEED = 20261122;

  /** Units small enough that a stop leaves tensors half written. */
  private static final MergeSettings SETTINGS =
      Merging.settings(new MergeOptions(2, 1024, 1 << 14));

  private static final MergeOptions ONE_THREAD = new MergeOptions(1, 1024, 1 << 14);

  @TempDir Path temp;

  private Path base;
  private Path a;
  private Path target;

  @TempDir static Path shared;

  @BeforeAll
  static void writeModels() throws IOException {
    RandomModels.write(shared.resolve("base"), SEED);
    RandomModels.write(shared.resolve("a"), SEED + 1);
  }

  /** Copies, which a test may change. */
  @BeforeEach
  void copyModels() throws IOException {
    base = Files.createDirectory(temp.resolve("base"));
    a = Files.createDirectory(temp.resolve("a"));
    for (Path model : List.of(base, a)) {
      Files.copy(
          shared.resolve(model.getFileName()).resolve("model.safetensors"),
          model.resolve("model.safetensors"));
    }
    target = Files.createDirectory(temp.resolve("outputs")).resolve("out");
  }

  private String recipe(String method) {
    return "merge_method: %s\nbase_model: '%s'\nmodels:\n- model: '%s'\n%s"
        .formatted(
            method,
            base,
            a,
            method.equals("task_arithmetic") ? "  parameters: {weight: 0.3}\n" : "");
  }

  /** Stops the work by a failure once that many bytes of inputs were merged. */
  private static final class Breaking implements ProgressListener {

    private final AtomicLong left;
    private final Runnable breakage;
    final List<String> notices = new ArrayList<>();

    Breaking(long bytes, Runnable breakage) {
      this.left = new AtomicLong(bytes);
      this.breakage = breakage;
    }

    @Override
    public void started(String task, long totalBytes) {}

    @Override
    public void advanced(long bytes) {
      if (left.getAndAdd(-bytes) > 0 && left.get() <= 0) {
        breakage.run();
      }
    }

    @Override
    public synchronized void notice(String line) {
      notices.add(line);
    }

    @Override
    public void finished() {}
  }

  private static Breaking never() {
    return new Breaking(Long.MAX_VALUE, () -> {});
  }

  private static Breaking after(long bytes) {
    return new Breaking(
        bytes,
        () -> {
          throw new IllegalStateException("broken off");
        });
  }

  private MergedModel merge(
      String recipe, Path out, MergeSettings settings, ProgressListener listener)
      throws IOException {
    return new ModelMerger(HfModels.load(), METHODS)
        .merge(
            new RecipeReader(METHODS).read(recipe, "recipe.yaml"), recipe, out, settings, listener);
  }

  /** On one thread: of several, one that waits for a processor may hold the only large tensor. */
  private void breakOff(String recipe, long bytes, MergeSettings settings) {
    MergeSettings oneThread =
        new MergeSettings(
                ONE_THREAD, settings.replace(), settings.maxShardBytes(), settings.version())
            .withResume(settings.resume());
    assertThatThrownBy(() -> merge(recipe, target, oneThread, after(bytes)))
        .hasMessage("broken off");
    assertThat(target).doesNotExist();
  }

  /** What a merge that nothing disturbs makes. */
  private Map<String, String> undisturbed(String recipe, MergeSettings settings)
      throws IOException {
    Path folder = Files.createDirectory(temp.resolve("undisturbed"));
    merge(recipe, folder.resolve("out"), settings, ProgressListener.NONE);
    return contents(folder.resolve("out"));
  }

  private static Map<String, String> contents(Path folder) throws IOException {
    Map<String, String> contents = new java.util.TreeMap<>();
    for (String name : ModelFolders.list(folder)) {
      contents.put(
          name, io.hfmerge.hf.checksum.Sha256.of(Files.readAllBytes(folder.resolve(name))));
    }
    return contents;
  }

  @Test
  void severalOutputsAreContinuedTogether() throws IOException {
    String recipes =
        "name: first\n"
            + recipe("mean_delta")
            + "---\n"
            + recipe("task_arithmetic").replace("'" + a + "'", "first")
            + "outputs:\n- {name: x}\n- {name: y, parameters: {lambda: 0.5}}\n";
    Path undisturbed = temp.resolve("undisturbed");
    mergeAll(recipes, undisturbed, SETTINGS, ProgressListener.NONE);
    assertThatThrownBy(
            () -> mergeAll(recipes, target, Merging.settings(ONE_THREAD), after(9_000_000)))
        .hasMessage("broken off");
    assertThat(target.toFile().list()).containsExactlyInAnyOrder(".x.hfmerge", ".y.hfmerge");
    Breaking listener = never();
    mergeAll(recipes, target, SETTINGS.withResume(true), listener);
    assertThat(listener.notices)
        .hasSize(2)
        .allSatisfy(notice ->
            assertThat(notice)
                .matches("continuing: \\d+ of " + RandomModels.TENSORS + " tensors are complete"));
    assertThat(target.toFile().list()).containsExactlyInAnyOrder("x", "y");
    for (String name : List.of("x", "y")) {
      assertThat(contents(target.resolve(name))).isEqualTo(contents(undisturbed.resolve(name)));
      assertThat(
              ModelVerifier.verify(
                      target.resolve(name), 2, false, Optional.empty(), ProgressListener.NONE)
                  .findings())
          .isEmpty();
    }
  }

  private void mergeAll(String recipes, Path out, MergeSettings settings, ProgressListener listener)
      throws IOException {
    new ModelMerger(HfModels.load(), METHODS)
        .merge(
            new RecipeReader(METHODS).readBook(recipes, "recipe.yaml"),
            recipes,
            out,
            settings,
            listener);
  }

  @ParameterizedTest
  @ValueSource(strings = {"task_arithmetic", "mean_delta"})
  void aContinuedMergeGivesTheBytesOfAnUndisturbedOne(String method) throws IOException {
    String recipe = recipe(method);
    int passes = method.equals("mean_delta") ? 2 : 1;
    for (MergeSettings settings : List.of(SETTINGS, Merging.shards(1_000_000))) {
      Map<String, String> expected = undisturbed(recipe, settings);
      for (long bytes : new long[] {7_000_000, 10_000_000}) {
        breakOff(recipe, passes * bytes, settings);
        breakOff(recipe, passes * 3_000_000L, settings.withResume(true));
        Breaking listener = never();
        merge(recipe, target, settings.withResume(true), listener);
        assertThat(listener.notices)
            .singleElement()
            .asString()
            .matches("continuing: \\d+ of " + RandomModels.TENSORS + " tensors are complete");
        assertThat(contents(target)).isEqualTo(expected);
        assertThat(
                ModelVerifier.verify(target, 2, false, Optional.empty(), ProgressListener.NONE)
                    .findings())
            .isEmpty();
        assertThat(temp.resolve("outputs").toFile().list()).containsExactly("out");
        StagedFolder.delete(target);
      }
      StagedFolder.delete(temp.resolve("undisturbed"));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void remarksOnTensorsOutliveAnInterruption(boolean asIntermediate) throws IOException {
    Path twin = Files.createDirectory(temp.resolve("twin"));
    Files.copy(base.resolve("model.safetensors"), twin.resolve("model.safetensors"));
    String slerp =
        "merge_method: slerp\nbase_model: '%s'\nmodels:\n- model: '%s'\nparameters: {t: 0.5}\n"
            .formatted(base, twin);
    String recipes =
        asIntermediate
            ? "name: between\n"
                + slerp
                + "---\n"
                + recipe("task_arithmetic").replace("'" + a + "'", "between")
            : slerp;
    Path undisturbed = Files.createDirectory(temp.resolve("undisturbed")).resolve("out");
    mergeAll(recipes, undisturbed, SETTINGS, ProgressListener.NONE);
    assertThatThrownBy(
            () -> mergeAll(recipes, target, Merging.settings(ONE_THREAD), after(12_000_000)))
        .hasMessage("broken off");
    Breaking listener = never();
    mergeAll(recipes, target, SETTINGS.withResume(true), listener);
    assertThat(listener.notices).singleElement().asString().startsWith("continuing: ");
    assertThat(contents(target)).isEqualTo(contents(undisturbed));
    // all but the empty one
    String remark =
        (RandomModels.TENSORS - 1)
            + " tensors: "
            + (asIntermediate ? "between: " : "")
            + "the angle between the models is below 1.8 degrees; interpolated straight (";
    assertThat(Files.readString(target.resolve("README.md"))).contains(remark);
    assertThat(Files.readString(target.resolve("hfmerge.json"))).contains(remark);
  }

  @Test
  void readsAndWritesOnlyWhatIsMissing() throws IOException {
    String recipe = recipe("task_arithmetic");
    breakOff(recipe, 9_000_000, SETTINGS);
    MergedModel merged = merge(recipe, target, SETTINGS.withResume(true), never());
    assertThat(merged.report().bytesWritten()).isLessThan(4_000_000);
    assertThat(merged.report().tensorsMerged()).isEqualTo(RandomModels.TENSORS);
  }

  @Test
  void whatIsNotAsTheJournalSaysIsMergedAgain() throws IOException {
    String recipe = recipe("task_arithmetic");
    Map<String, String> expected = undisturbed(recipe, SETTINGS);
    breakOff(recipe, 9_000_000, SETTINGS);
    Path file = temp.resolve("outputs/.out.hfmerge/model/model.safetensors");
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      // the first tensor of the file, and every later one
      channel.write(ByteBuffer.wrap(new byte[64]), 10_000);
      channel.truncate(2_000_000);
    }
    Breaking listener = never();
    merge(recipe, target, SETTINGS.withResume(true), listener);
    assertThat(listener.notices)
        .singleElement()
        .asString()
        .contains("do not have their checksums any more");
    assertThat(contents(target)).isEqualTo(expected);
  }

  @Test
  void whatWasBegunIsDeletedWithAWordUnlessItIsToBeContinued() throws IOException {
    String recipe = recipe("task_arithmetic");
    breakOff(recipe, 9_000_000, SETTINGS);
    Breaking listener = never();
    MergedModel merged = merge(recipe, target, SETTINGS, listener);
    assertThat(listener.notices)
        .singleElement()
        .asString()
        .startsWith("deleted the unfinished merge in ");
    assertThat(merged.report().bytesRead()).isGreaterThan(10_000_000);
  }

  @Test
  void beginsWhereThereIsNothingToContinue() throws IOException {
    Breaking listener = never();
    merge(recipe("task_arithmetic"), target, SETTINGS.withResume(true), listener);
    assertThat(listener.notices).singleElement().asString().contains("no unfinished merge");
    assertThat(target).exists();
  }

  @Test
  void aLittleWorkIsNotKept() {
    // one worker: another could complete a tensor while the first one stops
    breakOff(
        recipe("task_arithmetic"), 100_000, Merging.settings(new MergeOptions(1, 1024, 1 << 14)));
    assertThat(temp.resolve("outputs")).isEmptyDirectory();
  }

  @Test
  void saysWhereItsWorkIsKept() {
    Breaking listener = after(9_000_000);
    assertThatThrownBy(
            () -> merge(recipe("task_arithmetic"), target, Merging.settings(ONE_THREAD), listener))
        .hasMessage("broken off");
    assertThat(listener.notices)
        .singleElement()
        .asString()
        .contains(temp.resolve("outputs/.out.hfmerge").toString(), "--resume", "discard");
  }

  @Test
  void refusesToContinueSomethingElseAndLeavesIt() throws IOException {
    String recipe = recipe("task_arithmetic");
    breakOff(recipe, 9_000_000, SETTINGS);
    Map<String, String> before = ModelFolders.snapshot(temp.resolve("outputs"));
    String other = recipe.replace("0.3", "0.4");
    assertRefused(other, SETTINGS, "begun with another recipe");
    assertRefused(recipe + "out_dtype: float32\n", SETTINGS, "begun with other tensors, dtypes");
    MergeSettings shards = Merging.shards(1_000_000);
    assertRefused(recipe, shards, "begun with other tensors, dtypes or shards");
    MergeSettings version = new MergeSettings(SETTINGS.engine(), false, Long.MAX_VALUE, "another");
    assertRefused(recipe, version, "begun by hfmerge test, this is another");
    Files.setLastModifiedTime(
        a.resolve("model.safetensors"), FileTime.from(Instant.parse("2026-01-02T03:04:05Z")));
    assertRefused(recipe, SETTINGS, "asked for " + a);
    Map<String, String> after = ModelFolders.snapshot(temp.resolve("outputs"));
    before.keySet().removeIf(name -> name.endsWith("lock"));
    before.remove(temp.resolve("outputs").toString());
    before.remove(temp.resolve("outputs/.out.hfmerge").toString());
    assertThat(after).containsAllEntriesOf(before);
  }

  private void assertRefused(String recipe, MergeSettings settings, String says) {
    assertThatThrownBy(
            () -> merge(recipe, target, settings.withResume(true), ProgressListener.NONE))
        .isInstanceOf(UnfinishedMergeException.class)
        .hasMessageContaining(says)
        .hasMessageContaining("without --resume");
  }

  @ParameterizedTest
  @ValueSource(strings = {"touched", "replaced", "cut short", "deleted"})
  void anInputThatChangesEndsTheMergeAndLeavesNothing(String change) throws IOException {
    Path input = a.resolve("model.safetensors");
    byte[] original = Files.readAllBytes(input);
    Breaking listener =
        new Breaking(
            5_000_000,
            () -> {
              try {
                switch (change) {
                  case "touched" ->
                      Files.setLastModifiedTime(input, FileTime.from(Instant.now().plusSeconds(2)));
                  case "replaced" -> {
                    Path other = temp.resolve("other");
                    Files.write(other, original);
                    Files.move(other, input, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
                  }
                  case "cut short" -> {
                    try (FileChannel channel = FileChannel.open(input, StandardOpenOption.WRITE)) {
                      channel.truncate(100_000);
                    }
                  }
                  default -> Files.delete(input);
                }
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            });
    assertThatThrownBy(
            () -> merge(recipe("task_arithmetic"), target, Merging.settings(ONE_THREAD), listener))
        .isInstanceOf(InputChangedException.class)
        .hasMessageContaining(input.toString())
        .hasMessageContaining("nothing was published");
    assertThat(temp.resolve("outputs")).isEmptyDirectory();
  }

  @Test
  void valuesThatNoInputHadAreRefusedAndCanBeKeptWithoutMergingAgain() throws IOException {
    List<StoredTensor> tensors = new ArrayList<>(ModelFolders.read(a).values());
    tensors.set(0, large(tensors.getFirst(), 60_000));
    Path large = ModelFolders.write(temp.resolve("large"), tensors);
    String recipe =
        "merge_method: task_arithmetic\nbase_model: '%s'\nout_dtype: float16\nmodels:\n"
                .formatted(base)
            + "- {model: '%s', parameters: {weight: 2}}\n".formatted(large);
    Breaking listener = never();
    assertThatThrownBy(() -> merge(recipe, target, SETTINGS, listener))
        .isInstanceOf(NonFiniteOutputException.class)
        .hasMessageContaining("found 10 that are NaN or infinite in 1 of the output's tensors")
        .hasMessageContaining(tensors.getFirst().name() + ": 10 values are NaN or infinite")
        .hasMessageContaining("(10 too large for F16)")
        .hasMessageContaining("--allow-nan");
    assertThat(target).doesNotExist();
    assertThat(listener.notices).singleElement().asString().contains("--resume");

    MergeSettings allowing = SETTINGS.withAllowNonFinite(true);
    Map<String, String> expected = undisturbed(recipe, allowing);
    MergedModel merged = merge(recipe, target, allowing.withResume(true), never());
    assertThat(merged.report().bytesWritten()).isZero();
    assertThat(merged.lines()).anyMatch(line -> line.contains("(10 too large for F16)"));
    assertThat(contents(target)).isEqualTo(expected);
  }

  private static StoredTensor large(StoredTensor tensor, double value) {
    double[] values = tensor.values();
    java.util.Arrays.fill(values, 0, 10, value);
    return StoredTensor.of(tensor.name(), tensor.spec().dtype(), tensor.spec().shape(), values);
  }

  @Test
  void valuesThatInputsHadAreNoFault() throws IOException {
    Path odd =
        ModelFolders.write(
            temp.resolve("odd"),
            List.of(
                StoredTensor.of(
                    "w", DType.F32, Shape.of(3), Double.NaN, 1, Double.POSITIVE_INFINITY)));
    String recipe =
        "merge_method: task_arithmetic\nbase_model: '%s'\nmodels:\n- {model: '%s/.', parameters: {weight: 1}}\n"
            .formatted(odd, odd);
    MergedModel merged = merge(recipe, target, SETTINGS, ProgressListener.NONE);
    assertThat(merged.lines())
        .anyMatch(line -> line.contains("w: 2 values are NaN or infinite, 0 of them"));
  }
}
