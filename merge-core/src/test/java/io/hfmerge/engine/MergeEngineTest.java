package io.hfmerge.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.engine.MergeReport.NonFinite;
import io.hfmerge.method.BreadcrumbsMethod;
import io.hfmerge.method.DareLinearMethod;
import io.hfmerge.method.DellaMethod;
import io.hfmerge.method.LinearMethod;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.method.ModelStockMethod;
import io.hfmerge.method.TaskArithmeticMethod;
import io.hfmerge.method.TiesMethod;
import io.hfmerge.plan.MergeInput;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.plan.MergePlanner;
import io.hfmerge.plan.TensorNaming;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.recipe.ParameterValue;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import io.hfmerge.testing.CountingListener;
import io.hfmerge.testing.MemoryCheckpoint;
import io.hfmerge.testing.MemoryWriter;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class MergeEngineTest {

  private static final long SEED = 20260924;

  private static final MergeMethods METHODS =
      MergeMethods.of(
          List.of(
              new LinearMethod(),
              new TaskArithmeticMethod(),
              new FrobeniusMethod(),
              new TiesMethod(),
              new BreadcrumbsMethod(),
              new DareLinearMethod(),
              new DellaMethod(),
              new ModelStockMethod(),
              new RowReversingMethod()));

  private final List<MemoryCheckpoint> open = new ArrayList<>();

  @AfterEach
  void closeCheckpoints() {
    open.forEach(MemoryCheckpoint::close);
  }

  private MemoryCheckpoint checkpoint(String id) {
    MemoryCheckpoint checkpoint = new MemoryCheckpoint(id);
    open.add(checkpoint);
    return checkpoint;
  }

  /** Values that F32 holds exactly: tiles are F32. */
  private static double[] random(int length, long seed) {
    Random random = new Random(SEED + seed);
    double[] values = new double[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static MergePlan plan(Recipe recipe, MemoryCheckpoint... checkpoints) {
    List<MergeInput> inputs = new ArrayList<>();
    for (MemoryCheckpoint checkpoint : checkpoints) {
      inputs.add(new MergeInput(checkpoint.id(), checkpoint, TensorNaming.PLAIN));
    }
    return new MergePlanner(METHODS).plan(recipe, inputs);
  }

  private static MemoryWriter run(MergePlan plan, MergeOptions options) throws IOException {
    MemoryWriter writer = new MemoryWriter(plan.layout());
    new MergeEngine().run(plan, writer, options, ProgressListener.NONE);
    writer.finish();
    return writer;
  }

  private MergePlan mixedPlan(String method) {
    MemoryCheckpoint base = checkpoint("base");
    MemoryCheckpoint a = checkpoint("a").unmapped();
    int[] sizes = {40_000, 1, 0, 3, 7, 64, 65, 1023, 1025, 9_999};
    for (int i = 0; i < sizes.length; i++) {
      Shape shape = Shape.of(sizes[i]);
      base.with("t" + i, i % 2 == 0 ? DType.BF16 : DType.F32, shape, random(sizes[i], i));
      a.with("t" + i, DType.F16, shape, random(sizes[i], 100 + i));
    }
    byte[] ids = new byte[8 * 70_000];
    new Random(SEED).nextBytes(ids);
    base.withBytes("ids", DType.I64, Shape.of(70_000), ids);
    a.withBytes("ids", DType.I64, Shape.of(70_000), ids);
    Recipe recipe =
        switch (method) {
          case "frobenius" -> Recipe.builder(method).base("base").model("a").build();
          case "task_arithmetic" -> Recipe.sum("base", Map.of("a", 0.37)).build();
          default ->
              Recipe.builder(method)
                  .base("base")
                  .model("a")
                  .parameter("weight", ParameterValue.of(0.37))
                  .parameter("density", ParameterValue.of(0.4))
                  .parameter("rescale", ParameterValue.of(true))
                  .seed(11)
                  .build();
        };
    return plan(recipe, base, a);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"task_arithmetic", "frobenius", "ties", "breadcrumbs", "dare_linear", "della"})
  void bytesDoNotDependOnThreadsTilesOrBlocks(String method) throws IOException {
    MergePlan plan = mixedPlan(method);
    MemoryWriter expected = run(plan, new MergeOptions(1, 1024, 1 << 18));
    for (MergeOptions options :
        List.of(
            MergeOptions.ofThreads(2),
            new MergeOptions(1, 8, 8),
            new MergeOptions(2, 100, 777),
            new MergeOptions(5, 512, 4096))) {
      MemoryWriter actual = run(plan, options);
      for (TensorSpec tensor : plan.layout()) {
        assertThat(actual.bytes(tensor.name()))
            .as("%s with %s", tensor, options)
            .isEqualTo(expected.bytes(tensor.name()));
      }
    }
  }

  @Test
  void runsPassesOfStatisticsBeforeTheKernel() throws IOException {
    int length = 40_001;
    double[] b = random(length, 1);
    double[] x = random(length, 2);
    MemoryCheckpoint base = checkpoint("base").with("w", DType.F64, Shape.of(length), b);
    MemoryCheckpoint a = checkpoint("a").with("w", DType.F64, Shape.of(length), x);
    MergePlan plan = plan(Recipe.builder("frobenius").base("base").model("a").build(), base, a);
    double[] out = run(plan, new MergeOptions(3, 64, 1000)).values("w");
    double mean = 0;
    double norm = 0;
    for (int i = 0; i < length; i++) {
      mean += (x[i] - b[i]) / length;
    }
    for (int i = 0; i < length; i++) {
      norm += Math.pow(x[i] - b[i] - mean, 2);
    }
    for (int i = 0; i < length; i++) {
      // F64 sums of 40001 terms in another order, and a result below 8 rounded to F32 once
      assertThat(out[i])
          .isCloseTo(
              b[i] + (x[i] - b[i] - mean) / Math.sqrt(norm),
              org.assertj.core.data.Offset.offset(0x1p-22 + 1e-12));
    }
  }

  @Test
  void givesMethodsWholeRowsThatAskForThem() throws IOException {
    MemoryCheckpoint a =
        checkpoint("a").with("w", DType.F32, Shape.of(300, 37), random(300 * 37, 3));
    MergePlan plan = plan(Recipe.builder("reverse").model("a").build(), a);
    double[] once = run(plan, new MergeOptions(2, 8, 64)).values("w");
    MemoryCheckpoint b = checkpoint("b").with("w", DType.F32, Shape.of(300, 37), once);
    MergePlan back = plan(Recipe.builder("reverse").model("b").build(), b);
    assertThat(run(back, MergeOptions.ofThreads(1)).bytes("w"))
        .isEqualTo(a.bytes("w").toArray(java.lang.foreign.ValueLayout.JAVA_BYTE));
  }

  @ParameterizedTest
  @EnumSource(
      names = {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ"})
  void identicalModelsComeBackByteForByte(DType dtype) throws IOException {
    int length = 5000;
    double[] values = random(length, dtype.ordinal());
    values[0] = -0.0;
    values[1] = 0.0;
    values[2] = dtype.bits() == 8 ? 0.01f : 1e-7f;
    MemoryCheckpoint a = checkpoint("a").with("w", dtype, Shape.of(length), values);
    MemoryCheckpoint b = checkpoint("b").with("w", dtype, Shape.of(length), values);
    MemoryCheckpoint c = checkpoint("c").with("w", dtype, Shape.of(length), values);
    byte[] expected = a.bytes("w").toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
    double[][] weights = {{0.3, 0.9, 1.7}, {1, 1, 1}, {3, -0.7, -0.2}};
    for (double[] w : weights) {
      Recipe mean =
          Recipe.builder("linear")
              .model("a", Map.of("weight", ParameterValue.of(w[0])))
              .model("b", Map.of("weight", ParameterValue.of(w[1])))
              .model("c", Map.of("weight", ParameterValue.of(w[2])))
              .build();
      assertThat(run(plan(mean, a, b, c), MergeOptions.ofThreads(1)).bytes("w"))
          .isEqualTo(expected);
      Recipe sum = Recipe.sum("a", Map.of("b", w[1], "c", w[2])).build();
      assertThat(run(plan(sum, a, b, c), MergeOptions.ofThreads(1)).bytes("w")).isEqualTo(expected);
    }
  }

  @Test
  void roundsOnceIntoTheDtypeOfTheOutput() throws IOException {
    MemoryCheckpoint a = checkpoint("a").with("w", DType.F32, Shape.of(2), 1.0f, 0.1f);
    MemoryCheckpoint b = checkpoint("b").with("w", DType.F32, Shape.of(2), 1 + 0x1p-7f, 0.1f);
    Recipe recipe =
        Recipe.builder("linear")
            .model("a")
            .model("b")
            .parameter("weight", ParameterValue.of(1))
            .outDtype(DType.BF16)
            .build();
    MergePlan plan = plan(recipe, a, b);
    MemoryWriter writer = new MemoryWriter(plan.layout());
    MergeReport report =
        new MergeEngine().run(plan, writer, MergeOptions.ofThreads(1), ProgressListener.NONE);
    assertThat(writer.values("w")).containsExactly(1.0, 0.10009765625);
    assertThat(report.conversions())
        .containsExactly(new MergeReport.Conversion("F32", "BF16", 1, false));
    assertThat(report.lines()).anySatisfy(line -> assertThat(line).contains("narrowed from F32"));
  }

  @Test
  void countsValuesThatAreNotFiniteAndThoseOfThemItMade() throws IOException {
    MemoryCheckpoint a = checkpoint("a").with("w", DType.F32, Shape.of(4), 1, 60000, Double.NaN, 5);
    MemoryCheckpoint b = checkpoint("b").with("w", DType.F32, Shape.of(4), 2, 60000, 1, 6);
    Recipe recipe =
        Recipe.builder("linear")
            .model("a")
            .model("b")
            .parameter("weight", ParameterValue.of(1))
            .parameter("normalize", ParameterValue.of(false))
            .outDtype(DType.F16)
            .build();
    MergePlan plan = plan(recipe, a, b);
    MemoryWriter writer = new MemoryWriter(plan.layout());
    MergeReport report =
        new MergeEngine().run(plan, writer, MergeOptions.ofThreads(1), ProgressListener.NONE);
    assertThat(writer.values("w")).containsExactly(3, Double.POSITIVE_INFINITY, Double.NaN, 11);
    assertThat(report.nonFinite()).containsExactly(new NonFinite("w", "F16", 2, 1, 1));
  }

  @Test
  void tellsApartWhatIsTooLargeForTheDtypeAndWhatTheMethodMade() throws IOException {
    float most = Float.MAX_VALUE;
    MemoryCheckpoint a = checkpoint("a").with("w", DType.F32, Shape.of(3), most, 60000, 1);
    MemoryCheckpoint b = checkpoint("b").with("w", DType.F32, Shape.of(3), most, 60000, 1);
    Recipe recipe =
        Recipe.builder("linear")
            .model("a")
            .model("b")
            .parameter("weight", ParameterValue.of(1))
            .parameter("normalize", ParameterValue.of(false))
            .outDtype(DType.F16)
            .build();
    MergePlan plan = plan(recipe, a, b);
    RememberingJournal journal = new RememberingJournal(Set.of(), List.of());
    MergeReport report =
        new MergeEngine()
            .run(
                plan,
                new MemoryWriter(plan.layout()),
                MergeOptions.ofThreads(1),
                journal,
                ProgressListener.NONE);
    NonFinite expected = new NonFinite("w", "F16", 2, 2, 1);
    assertThat(report.nonFinite()).containsExactly(expected);
    assertThat(journal.heardNonFinite()).containsExactly(expected);
    assertThat(expected.describe())
        .isEqualTo(
            "w: 2 values are NaN or infinite, 2 of them from finite inputs (1 too large for F16)");
  }

  @ParameterizedTest
  @EnumSource(names = {"F64", "F32", "BF16"})
  void valuesOfF64ThatF32DoesNotHoldAreNoInfinitiesOfTheInputs(DType stored) throws IOException {
    double most = 1e300;
    double infinite = Double.POSITIVE_INFINITY;
    double[] values = {1, most, -most, infinite, Double.NaN};
    MemoryCheckpoint a = checkpoint("a").with("w", DType.F64, Shape.of(5), values);
    MemoryCheckpoint b = checkpoint("b").with("w", DType.F64, Shape.of(5), values);
    Recipe recipe =
        Recipe.builder("linear")
            .model("a")
            .model("b")
            .parameter("weight", ParameterValue.of(1))
            .outDtype(stored)
            .build();
    MergePlan plan = plan(recipe, a, b);
    MergeReport report =
        new MergeEngine()
            .run(
                plan,
                new MemoryWriter(plan.layout()),
                MergeOptions.ofThreads(1),
                ProgressListener.NONE);
    assertThat(report.nonFinite()).containsExactly(new NonFinite("w", stored.name(), 4, 2, 0));
  }

  @ParameterizedTest
  @ValueSource(strings = {"task_arithmetic", "frobenius"})
  void tellsTheJournalOfEveryTensorOnceAndAfterItsLastByte(String method) throws IOException {
    MergePlan plan = mixedPlan(method);
    List<String> names = plan.layout().stream().map(TensorSpec::name).sorted().toList();
    for (MergeOptions options : List.of(MergeOptions.ofThreads(2), new MergeOptions(4, 64, 512))) {
      MemoryWriter writer = new MemoryWriter(plan.layout());
      List<String> early = new ArrayList<>();
      RememberingJournal journal =
          new RememberingJournal(Set.of(), List.of()) {
            @Override
            public synchronized void completed(TensorSpec tensor, TensorFindings findings) {
              if (!writer.isComplete(tensor.name())) {
                early.add(tensor.name());
              }
              super.completed(tensor, findings);
            }
          };
      new MergeEngine().run(plan, writer, options, journal, ProgressListener.NONE);
      assertThat(early).isEmpty();
      assertThat(journal.heard()).containsExactlyInAnyOrderElementsOf(names);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"task_arithmetic", "frobenius"})
  void leavesAloneWhatTheJournalCallsComplete(String method) throws IOException {
    MergePlan plan = mixedPlan(method);
    Set<String> done = Set.of("t0", "t2", "t5", "ids");
    NonFinite found = new NonFinite("t5", "F32", 3, 0, 0);
    RememberingJournal journal =
        new RememberingJournal(
            done, List.of(new TensorFindings("t5", Optional.of(found), List.of("odd"))));
    MemoryWriter writer = new MemoryWriter(plan.layout());
    AtomicLong announced = new AtomicLong();
    ProgressListener listener =
        new ProgressListener() {
          @Override
          public void started(String task, long totalBytes) {
            announced.set(totalBytes);
          }

          @Override
          public void advanced(long bytes) {}

          @Override
          public void finished() {}
        };
    MergeReport report =
        new MergeEngine().run(plan, writer, MergeOptions.ofThreads(2), journal, listener);
    MemoryWriter whole = run(plan, MergeOptions.ofThreads(2));
    for (TensorSpec tensor : plan.layout()) {
      byte[] expected =
          done.contains(tensor.name())
              ? new byte[Math.toIntExact(tensor.sizeBytes())]
              : whole.bytes(tensor.name());
      assertThat(writer.bytes(tensor.name())).as(tensor.name()).isEqualTo(expected);
    }
    assertThat(journal.names())
        .hasSize(plan.tensors().size() - done.size())
        .doesNotContainAnyElementsOf(done);
    assertThat(report.nonFinite()).contains(found);
    assertThat(report.remarks()).containsExactly(new MergeRemark("odd", 1, List.of("t5")));
    assertThat(report.tensorsMerged() + report.tensorsCopied()).isEqualTo(plan.tensors().size());
    assertThat(announced).hasValueLessThan(plan.bytesToRead());
  }

  @Test
  void remarksAreTheSameForAnyThreadsTilesAndBlocks() throws IOException {
    MemoryCheckpoint base = checkpoint("base");
    MemoryCheckpoint a = checkpoint("a");
    MemoryCheckpoint b = checkpoint("b");
    for (int i = 0; i < 24; i++) {
      Shape shape = Shape.of(3 + i * 40, 7);
      double[] origin = new double[3 * 7 + i * 280];
      double[] change = random(origin.length, i);
      // the second change cancels the first, or is half of it
      double share = i % 3 == 0 ? -1 : 0.5;
      base.with("t" + i, DType.F32, shape, origin);
      a.with("t" + i, DType.F32, shape, change);
      b.with("t" + i, DType.F32, shape, Arrays.stream(change).map(d -> share * d).toArray());
    }
    for (boolean rows : List.of(false, true)) {
      Recipe recipe =
          Recipe.builder("model_stock")
              .base("base")
              .model("a")
              .model("b")
              .parameter("filter_wise", ParameterValue.of(rows))
              .build();
      MergePlan plan = plan(recipe, base, a, b);
      String text = (rows ? "some rows: " : "") + "the task vectors cancel; the base was taken";
      MergeRemark expected = new MergeRemark(text, 8, List.of("t0", "t3", "t6", "t9", "t12"));
      for (MergeOptions options :
          List.of(
              MergeOptions.ofThreads(1),
              MergeOptions.ofThreads(4),
              new MergeOptions(3, 64, 128),
              new MergeOptions(2, 8, 8))) {
        RememberingJournal journal = new RememberingJournal(Set.of(), List.of());
        MergeReport report =
            new MergeEngine()
                .run(
                    plan, new MemoryWriter(plan.layout()), options, journal, ProgressListener.NONE);
        assertThat(report.remarks()).containsExactly(expected);
        assertThat(report.lines()).contains("8 tensors: " + text + " (t0, t3, t6, t9, t12, ...)");
        assertThat(journal.heardRemarks())
            .containsEntry("t21", List.of(text))
            .containsEntry("t22", List.of());
      }
      try (ComputedCheckpoint computed =
          new ComputedCheckpoint("stock", plan, MergeOptions.ofThreads(1))) {
        for (TensorSpec tensor : plan.layout()) {
          computed.read(
              tensor.name(), 0, MemorySegment.ofArray(new byte[(int) tensor.sizeBytes()]));
        }
        assertThat(computed.remarks("t21")).containsExactly("stock: " + text);
        assertThat(computed.remarks("t22")).isEmpty();
      }
    }
  }

  @Test
  void aJournalThatFailsEndsTheMerge() {
    MergePlan plan = mixedPlan("task_arithmetic");
    MergeJournal full =
        new MergeJournal() {
          @Override
          public boolean isComplete(String tensor) {
            return false;
          }

          @Override
          public List<TensorFindings> findings() {
            return List.of();
          }

          @Override
          public void completed(TensorSpec tensor, TensorFindings findings) throws IOException {
            throw new IOException("No space left on device");
          }
        };
    assertThatThrownBy(() ->
            new MergeEngine()
                .run(
                    plan,
                    new MemoryWriter(plan.layout()),
                    MergeOptions.ofThreads(2),
                    full,
                    ProgressListener.NONE))
        .hasMessage("No space left on device");
  }

  @Test
  void reportsBytesAndTellsTheListenerAboutAllOfThem() throws IOException {
    MergePlan plan = mixedPlan("task_arithmetic");
    CountingListener listener = new CountingListener();
    MemoryWriter writer = new MemoryWriter(plan.layout());
    MergeReport report = new MergeEngine().run(plan, writer, MergeOptions.ofThreads(2), listener);
    assertThat(listener.advanced()).hasValue(listener.announced().get());
    assertThat(listener.finishes()).hasValue(1);
    assertThat(report.bytesRead()).isEqualTo(plan.bytesToRead());
    assertThat(report.bytesWritten()).isEqualTo(plan.bytesToWrite());
    assertThat(report.tensorsMerged()).isEqualTo(10);
    assertThat(report.tensorsCopied()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void aFullDiskStopsAllWorkersAndIsWhatTheCallerSees(int threads) {
    MergePlan plan = mixedPlan("task_arithmetic");
    MemoryWriter writer = new MemoryWriter(plan.layout()).failingAfter(30_000);
    MergeOptions options = new MergeOptions(threads, 64, 512);
    assertThatThrownBy(() -> new MergeEngine().run(plan, writer, options, ProgressListener.NONE))
        .isInstanceOf(IOException.class)
        .hasMessage("No space left on device");
  }

  @Test
  void aFaultDuringStatisticsSurfaces() {
    MergePlan plan = mixedPlan("frobenius");
    MemoryWriter writer = new MemoryWriter(plan.layout()).failingAfter(0);
    assertThatThrownBy(() ->
            new MergeEngine()
                .run(plan, writer, new MergeOptions(3, 64, 512), ProgressListener.NONE))
        .isInstanceOf(IOException.class)
        .hasMessage("No space left on device");
  }

  @Test
  void anInterruptEndsTheMergeAndStaysSet() {
    MergePlan plan = mixedPlan("task_arithmetic");
    MemoryWriter writer = new MemoryWriter(plan.layout());
    Thread.currentThread().interrupt();
    try {
      assertThatThrownBy(() ->
              new MergeEngine().run(plan, writer, MergeOptions.ofThreads(2), ProgressListener.NONE))
          .isInstanceOf(InterruptedIOException.class);
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void aFileCutShortUnderItsMappingIsAnIoException(@TempDir Path folder) throws IOException {
    int length = 1 << 20;
    Path file = folder.resolve("w.bin");
    java.nio.file.Files.write(file, new byte[4 * length]);
    try (TruncatedCheckpoint a = new TruncatedCheckpoint(file, length)) {
      Recipe recipe =
          Recipe.builder("linear").model("a", Map.of("weight", ParameterValue.of(1))).build();
      MergePlan plan =
          new MergePlanner(METHODS)
              .plan(recipe, List.of(new MergeInput("a", a, TensorNaming.PLAIN)));
      a.truncate();
      MemoryWriter writer = new MemoryWriter(plan.layout());
      assertThatThrownBy(() ->
              new MergeEngine().run(plan, writer, MergeOptions.ofThreads(1), ProgressListener.NONE))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cut short")
          .hasCauseInstanceOf(InternalError.class);
    }
  }

  /** Takes a tenth of a second; the limit stands for minutes of quadratic work. */
  @Test
  @Timeout(120)
  void mergesThousandsOfSmallTensorsInLinearTime() throws IOException {
    MemoryCheckpoint a = checkpoint("a");
    int tensors = 60_000;
    for (int i = 0; i < tensors; i++) {
      a.with("t" + i, DType.F32, Shape.of(4), 1, 2, 3, i);
    }
    MergePlan plan =
        plan(
            Recipe.builder("linear").model("a", Map.of("weight", ParameterValue.of(1))).build(), a);
    MemoryWriter writer = run(plan, MergeOptions.ofThreads(2));
    assertThat(writer.values("t777")).containsExactly(1, 2, 3, 777);
  }

  @Test
  void optionsAreChecked() {
    assertThatThrownBy(() -> MergeOptions.ofThreads(0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new MergeOptions(1, 4, 1024))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new MergeOptions(1, 1024, 512))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
