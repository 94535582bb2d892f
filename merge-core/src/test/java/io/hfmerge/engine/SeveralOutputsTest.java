package io.hfmerge.engine;

import static io.hfmerge.engine.AwkwardInputs.frobenius;
import static io.hfmerge.engine.AwkwardInputs.lambda;
import static io.hfmerge.engine.AwkwardInputs.mean;
import static io.hfmerge.engine.AwkwardInputs.reverse;
import static io.hfmerge.engine.AwkwardInputs.run;
import static io.hfmerge.engine.AwkwardInputs.sampling;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.plan.MergePlan;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorSpec;
import io.hfmerge.testing.CountingListener;
import io.hfmerge.testing.MemoryWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(60)
class SeveralOutputsTest {

  private final AwkwardInputs models = new AwkwardInputs();

  @AfterEach
  void close() {
    models.close();
  }

  private List<MergePlan> plans(List<Recipe> recipes) {
    return recipes.stream().map(models::plan).toList();
  }

  private static List<MemoryWriter> runTogether(
      List<MergePlan> plans, MergeOptions options, ProgressListener listener) throws IOException {
    List<MergeOutput> outputs = new ArrayList<>();
    List<MemoryWriter> writers = new ArrayList<>();
    for (MergePlan plan : plans) {
      MemoryWriter writer = new MemoryWriter(plan.layout());
      writers.add(writer);
      outputs.add(new MergeOutput(plan, writer));
    }
    new MergeEngine().run(outputs, options, listener);
    writers.forEach(MemoryWriter::finish);
    return writers;
  }

  static List<List<Recipe>> sweeps() {
    return List.of(
        List.of(lambda(0.3, null), lambda(0.5, null), lambda(1, DType.F16), lambda(-2, DType.F32)),
        List.of(frobenius("a"), frobenius("b")),
        List.of(sampling(), frobenius("a"), mean()),
        List.of(sampling()),
        // no statistics, two passes, whole rows, another set of inputs, all in one
        List.of(mean(), frobenius("a"), reverse(DType.BF16), lambda(1, null), reverse(null)));
  }

  @ParameterizedTest
  @MethodSource("sweeps")
  void eachOutputHasTheBytesThatItHasAlone(List<Recipe> recipes) throws IOException {
    List<MergePlan> plans = plans(recipes);
    for (MergeOptions options :
        List.of(
            MergeOptions.ofThreads(1),
            new MergeOptions(3, 100, 7_777),
            new MergeOptions(2, 1024, 1 << 18, 5_000_000))) {
      List<MemoryWriter> together = runTogether(plans, options, ProgressListener.NONE);
      for (int i = 0; i < plans.size(); i++) {
        MemoryWriter alone = run(plans.get(i), MergeOptions.ofThreads(2));
        for (TensorSpec tensor : plans.get(i).layout()) {
          assertThat(together.get(i).bytes(tensor.name()))
              .as("%s of output %d with %s", tensor, i, options)
              .isEqualTo(alone.bytes(tensor.name()));
        }
      }
    }
  }

  @Test
  void aSweepReadsEveryInputOnce() throws IOException {
    List<MergePlan> plans = plans(sweeps().getFirst());
    long advanced = readsOf(plans);
    for (TensorSpec tensor : models.base.tensors()) {
      assertThat(models.base.bytesRead(tensor.name())).isEqualTo(tensor.sizeBytes());
    }
    assertThat(advanced).isEqualTo(MergeReading.of(plans).onePassBytes());
    assertThat(MergeReading.of(plans).onePassBytes()).isEqualTo(plans.getFirst().bytesToRead());
  }

  @Test
  void statisticsOfSeveralOutputsShareTheirPasses() throws IOException {
    readsOf(plans(List.of(mean(), frobenius("a"), frobenius("b"), lambda(1, null))));
    for (TensorSpec tensor : models.base.tensors()) {
      long passes = tensor.dtype().isFloat() ? 3 : 1;
      assertThat(models.base.bytesRead(tensor.name())).isEqualTo(passes * tensor.sizeBytes());
    }
  }

  @Test
  void anInputOfOneOutputIsReadNoMoreOftenThanThatOneNeeds() throws IOException {
    readsOf(plans(List.of(frobenius("a"), reverse(null))));
    for (TensorSpec tensor : models.b.tensors()) {
      long expected = tensor.dtype().isFloat() ? tensor.sizeBytes() : models.b.bytesRead("ids");
      assertThat(models.b.bytesRead(tensor.name())).isEqualTo(expected);
    }
  }

  @Test
  void segmentsThatNoPassWantsAreNotRead() throws IOException {
    readsOf(plans(List.of(sampling())));
    for (TensorSpec tensor : models.a.tensors()) {
      if (tensor.dtype().isFloat()) {
        long wanted = 0;
        for (long first = 0; first < tensor.elements(); first += SamplingMethod.SEGMENT) {
          boolean fed = first / SamplingMethod.SEGMENT % 3 == 1;
          wanted += fed ? Math.min(SamplingMethod.SEGMENT, tensor.elements() - first) : 0;
        }
        assertThat(models.a.bytesRead(tensor.name()))
            .isEqualTo(tensor.dtype().sizeBytes(tensor.elements() + wanted));
      }
    }
  }

  /** Runs, and checks that what was announced is what was heard. */
  private long readsOf(List<MergePlan> plans) throws IOException {
    CountingListener listener = new CountingListener();
    runTogether(plans, new MergeOptions(2, 64, 5_000), listener);
    assertThat(listener.advanced()).hasValue(listener.announced().get());
    assertThat(listener.announced()).hasValue(MergeReading.of(plans).allPassesBytes());
    return listener.advanced().get();
  }

  @Test
  void reportsTellBytesReadOfTheRunAndBytesWrittenOfTheOutput() throws IOException {
    List<MergePlan> plans = plans(List.of(lambda(1, null), lambda(2, DType.F32)));
    List<MergeOutput> outputs =
        plans.stream().map(plan -> new MergeOutput(plan, new MemoryWriter(plan.layout()))).toList();
    List<MergeReport> reports =
        new MergeEngine().run(outputs, MergeOptions.ofThreads(2), ProgressListener.NONE);
    assertThat(reports).hasSize(2);
    for (int i = 0; i < 2; i++) {
      assertThat(reports.get(i).bytesRead()).isEqualTo(plans.getFirst().bytesToRead());
      assertThat(reports.get(i).bytesWritten()).isEqualTo(plans.get(i).bytesToWrite());
    }
    assertThat(reports.get(1).conversions())
        .contains(new MergeReport.Conversion("F16", "F32", 4, true));
    // the base has as many tensors of F32 as of BF16, and b has F32 alone
    assertThat(reports.get(0).conversions())
        .contains(new MergeReport.Conversion("F32", "BF16", 4, false));
  }

  @Test
  void oneOutputsFullDiskEndsTheRun() {
    List<MergePlan> plans = plans(List.of(lambda(1, null), lambda(2, null)));
    List<MergeOutput> outputs =
        List.of(
            new MergeOutput(plans.get(0), new MemoryWriter(plans.get(0).layout())),
            new MergeOutput(
                plans.get(1), new MemoryWriter(plans.get(1).layout()).failingAfter(10_000)));
    assertThatThrownBy(() ->
            new MergeEngine().run(outputs, new MergeOptions(2, 64, 512), ProgressListener.NONE))
        .isInstanceOf(IOException.class)
        .hasMessage("No space left on device");
  }
}
