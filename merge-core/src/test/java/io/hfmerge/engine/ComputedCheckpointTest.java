package io.hfmerge.engine;

import static io.hfmerge.engine.AwkwardInputs.frobenius;
import static io.hfmerge.engine.AwkwardInputs.input;
import static io.hfmerge.engine.AwkwardInputs.lambda;
import static io.hfmerge.engine.AwkwardInputs.mean;
import static io.hfmerge.engine.AwkwardInputs.reverse;
import static io.hfmerge.engine.AwkwardInputs.run;
import static io.hfmerge.engine.AwkwardInputs.sampling;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.plan.MergePlan;
import io.hfmerge.recipe.ParameterValue;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import io.hfmerge.testing.MemoryCheckpoint;
import io.hfmerge.testing.MemoryWriter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(60)
class ComputedCheckpointTest {

  private final AwkwardInputs models = new AwkwardInputs();

  @AfterEach
  void close() {
    models.close();
  }

  static List<Recipe> recipes() {
    List<Recipe> recipes =
        new ArrayList<>(List.of(mean(), sampling(), frobenius("a"), frobenius("b")));
    for (DType dtype : List.of(DType.BF16, DType.F16, DType.F32, DType.F64)) {
      recipes.add(lambda(0.7, dtype));
      recipes.add(reverse(dtype));
    }
    recipes.add(lambda(0.7, null));
    return recipes;
  }

  private static byte[] read(ComputedCheckpoint computed, String tensor, long offset, int length)
      throws IOException {
    byte[] bytes = new byte[length];
    computed.read(tensor, offset, MemorySegment.ofArray(bytes));
    return bytes;
  }

  private static byte[] read(ComputedCheckpoint computed, TensorSpec tensor) throws IOException {
    return read(computed, tensor.name(), 0, Math.toIntExact(tensor.sizeBytes()));
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void givesTheBytesThatAMergeWrites(Recipe recipe) throws IOException {
    MergePlan plan = models.plan(recipe);
    MemoryWriter written = run(plan, MergeOptions.ofThreads(2));
    try (ComputedCheckpoint computed =
        new ComputedCheckpoint("sum", plan, MergeOptions.ofThreads(2))) {
      assertThat(computed.tensors()).isEqualTo(plan.layout());
      for (TensorSpec tensor : plan.layout()) {
        assertThat(computed.find(tensor.name())).contains(tensor);
        assertThat(read(computed, tensor)).as("%s", tensor).isEqualTo(written.bytes(tensor.name()));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void givesAnyPartToManyThreads(Recipe recipe) throws Exception {
    MergePlan plan = models.plan(recipe);
    MemoryWriter written = run(plan, MergeOptions.ofThreads(1));
    List<TensorSpec> tensors = plan.layout();
    try (ComputedCheckpoint computed =
            new ComputedCheckpoint("sum", plan, new MergeOptions(4, 100, 3_000));
        ExecutorService pool = Executors.newFixedThreadPool(4)) {
      List<Callable<Void>> readers = new ArrayList<>();
      for (int reader = 0; reader < 4; reader++) {
        Random random = new Random(AwkwardInputs.SEED + reader);
        readers.add(() -> {
          for (int i = 0; i < 40; i++) {
            TensorSpec tensor = tensors.get(random.nextInt(tensors.size()));
            int size = Math.toIntExact(tensor.sizeBytes());
            int from = random.nextInt(size + 1);
            int length = random.nextInt(Math.min(size - from, 20_000) + 1);
            assertThat(read(computed, tensor.name(), from, length))
                .as("%s, %d bytes from %d on", tensor, length, from)
                .isEqualTo(Arrays.copyOfRange(written.bytes(tensor.name()), from, from + length));
          }
          return null;
        });
      }
      for (Future<Void> done : pool.invokeAll(readers)) {
        done.get();
      }
    }
  }

  @Test
  void gathersStatisticsOnceForAllReadersOfATensor() throws Exception {
    MergePlan plan = models.plan(frobenius("a"));
    String name = "t6";
    long size = models.base.get(name).sizeBytes();
    TensorSpec tensor = plan.layout().stream().filter(t -> t.name().equals(name)).findFirst().get();
    try (ComputedCheckpoint computed =
            new ComputedCheckpoint("sum", plan, MergeOptions.ofThreads(4));
        ExecutorService pool = Executors.newFixedThreadPool(4)) {
      List<Callable<byte[]>> readers = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        readers.add(() -> read(computed, tensor));
      }
      for (Future<byte[]> done : pool.invokeAll(readers)) {
        done.get();
      }
      // two passes of statistics, and once for each reader
      assertThat(models.base.bytesRead(name)).isEqualTo((2 + 4) * size);
    }
  }

  @Test
  void passesCopiedTensorsThrough() throws IOException {
    try (ComputedCheckpoint computed =
        new ComputedCheckpoint("mean", models.plan(mean()), MergeOptions.ofThreads(1))) {
      byte[] expected = new byte[17];
      models.base.read("ids", 3, MemorySegment.ofArray(expected));
      assertThat(read(computed, "ids", 3, 17)).isEqualTo(expected);
      assertThat(models.base.bytesRead("ids")).isEqualTo(2 * 17);
    }
  }

  @Test
  void mapsWhatItCopiesAndNothingElse() throws IOException {
    try (MemoryCheckpoint a =
        new MemoryCheckpoint("a")
            .with("w", DType.F32, Shape.of(2), 1, 2)
            .withBytes("ids", DType.I64, Shape.of(1), new byte[] {1, 2, 3, 4, 5, 6, 7, 8})) {
      Recipe recipe = Recipe.builder("linear").model("a", WEIGHT_ONE).build();
      MergePlan plan = AwkwardInputs.plan(recipe, List.of(input(a)));
      try (ComputedCheckpoint computed =
          new ComputedCheckpoint("copy", plan, MergeOptions.ofThreads(1))) {
        assertThat(computed.mapped("w")).isEmpty();
        assertThat(computed.mapped("ids").orElseThrow().toArray(ValueLayout.JAVA_BYTE))
            .containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
      }
    }
  }

  private static final Map<String, ParameterValue> WEIGHT_ONE =
      Map.of("weight", ParameterValue.of(1));

  @ParameterizedTest
  @MethodSource("recipes")
  void aMergeOfComputedModelsIsThatOfWrittenOnes(Recipe first) throws IOException {
    MergePlan plan = models.plan(first);
    MemoryWriter written = run(plan, MergeOptions.ofThreads(2));
    Recipe second =
        Recipe.builder("frobenius").base("first").model("b").outDtype(DType.BF16).build();
    try (MemoryCheckpoint stored = new MemoryCheckpoint("first");
        ComputedCheckpoint computed =
            new ComputedCheckpoint("first", plan, MergeOptions.ofThreads(2))) {
      for (TensorSpec tensor : plan.layout()) {
        stored.withBytes(
            tensor.name(), tensor.dtype(), tensor.shape(), written.bytes(tensor.name()));
      }
      MergePlan fromFiles = AwkwardInputs.plan(second, List.of(input(stored), input(models.b)));
      MergePlan fromComputed =
          AwkwardInputs.plan(second, List.of(input(computed), input(models.b)));
      MemoryWriter expected = run(fromFiles, MergeOptions.ofThreads(1));
      MemoryWriter actual = run(fromComputed, new MergeOptions(3, 64, 5_000));
      for (TensorSpec tensor : fromFiles.layout()) {
        assertThat(actual.bytes(tensor.name()))
            .as("%s", tensor)
            .isEqualTo(expected.bytes(tensor.name()));
      }
    }
  }

  @Test
  void triesStatisticsAgainAfterAFault() throws IOException {
    MergePlan plan = models.plan(frobenius("a"));
    TensorSpec tensor = plan.layout().getFirst();
    try (ComputedCheckpoint computed =
        new ComputedCheckpoint("sum", plan, MergeOptions.ofThreads(1))) {
      models.a.failNext(1);
      assertThatThrownBy(() -> read(computed, tensor))
          .isInstanceOf(IOException.class)
          .hasMessage("the cable was pulled");
      assertThat(read(computed, tensor))
          .isEqualTo(run(plan, MergeOptions.ofThreads(1)).bytes(tensor.name()));
    }
  }

  @Test
  void namesTensorsThatOverflow() throws IOException {
    Recipe recipe = lambda(1e6, DType.F16);
    try (ComputedCheckpoint computed =
        new ComputedCheckpoint("sum", models.plan(recipe), MergeOptions.ofThreads(1))) {
      read(computed, computed.tensors().get(7));
      assertThat(computed.overflows()).containsExactly(computed.tensors().get(7).name());
    }
  }

  @Test
  void refusesRangesNamesAndReadsAfterClosing() {
    ComputedCheckpoint computed =
        new ComputedCheckpoint("sum", models.plan(mean()), MergeOptions.ofThreads(1));
    assertThatThrownBy(() -> read(computed, "nowhere", 0, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("sum has no tensor \"nowhere\"");
    for (long offset : new long[] {-1, 4, Long.MAX_VALUE}) {
      assertThatThrownBy(() -> read(computed, "t1", offset, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("sum: tensor \"t1\" has 4 bytes, asked for 1 from " + offset);
    }
    computed.close();
    assertThatThrownBy(() -> read(computed, "t1", 0, 1)).isInstanceOf(IllegalStateException.class);
  }
}
