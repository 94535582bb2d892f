package io.hfmerge.hf.lora;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Updates against the same arithmetic done here in f64, on plain arrays. */
class AdaptedCheckpointTest {

  private static final String MODULE = "base_model.model.layers.0.proj";
  private static final String WEIGHT = "layers.0.proj.weight";

  @TempDir Path temp;

  /** One rounding to f32 of numbers up to about 100. */
  private static final double F32_ROUNDING = 100 * 0x1p-24;

  @ParameterizedTest
  @CsvSource({
    "1, 3, 5, 7, false, false",
    "2, 700, 1300, 9, false, false",
    "3, 1300, 3, 4, false, true",
    "4, 3, 1300, 1, false, true",
    "5, 600, 520, 6, true, false",
    "6, 520, 600, 5, true, true"
  })
  void equalsTheProductInDoublePrecision(
      long seed, int out, int in, int rank, boolean turned, boolean magnitudes) throws IOException {
    Random random = new Random(seed);
    StoredTensor weight =
        AdapterFolders.random(WEIGHT, DType.F32, random, turned ? in : out, turned ? out : in);
    StoredTensor a = AdapterFolders.random(MODULE + ".lora_A.weight", DType.F32, random, rank, in);
    StoredTensor b =
        AdapterFolders.random(MODULE + ".lora_B.weight", DType.BF16, random, out, rank);
    StoredTensor m =
        AdapterFolders.random(MODULE + ".lora_magnitude_vector", DType.F32, random, out);
    String config =
        """
        {"peft_type": "LORA", "r": %d, "lora_alpha": 3.5, "target_modules": ["proj"],
         "fan_in_fan_out": %s, "use_dora": %s}
        """
            .formatted(rank, turned, magnitudes);
    Path base = ModelFolders.write(temp.resolve("base"), List.of(weight));
    Path adapter =
        AdapterFolders.write(
            temp.resolve("adapter"), config, magnitudes ? List.of(a, b, m) : List.of(a, b));

    double[] expected = new double[out * in];
    double[] w = weight.values();
    double[] left = b.values();
    double[] right = a.values();
    double[] lengths = m.values();
    for (int i = 0; i < out; i++) {
      double square = 0;
      for (int j = 0; j < in; j++) {
        double sum = 0;
        for (int k = 0; k < rank; k++) {
          sum += left[i * rank + k] * right[k * in + j];
        }
        double u = w[turned ? j * out + i : i * in + j] + 3.5 / rank * sum;
        expected[turned ? j * out + i : i * in + j] = u;
        square += u * u;
      }
      for (int j = 0; magnitudes && j < in; j++) {
        expected[turned ? j * out + i : i * in + j] *= lengths[i] / Math.sqrt(square);
      }
    }

    try (HfModel model = HfModels.open(base + "+" + adapter)) {
      Checkpoint checkpoint = model.checkpoint();
      assertThat(checkpoint.mapped(WEIGHT)).isEmpty();
      assertThat(largestDifference(values(checkpoint, 0, out * in), expected))
          .isLessThan(F32_ROUNDING);
      // any range gives the bytes that the whole gives
      byte[] whole = bytes(checkpoint, 0, 4L * out * in);
      for (int i = 0; i < 40; i++) {
        int from = random.nextInt(whole.length);
        int length = random.nextInt(Math.min(5000, whole.length - from) + 1);
        assertThat(bytes(checkpoint, from, length))
            .isEqualTo(Arrays.copyOfRange(whole, from, from + length));
      }
    }
  }

  @Test
  void roundsOnceToTheDtypeOfTheBase() throws IOException {
    Random random = new Random(7);
    StoredTensor weight = AdapterFolders.random(WEIGHT, DType.BF16, random, 40, 30);
    StoredTensor a = AdapterFolders.random(MODULE + ".lora_A.weight", DType.F32, random, 2, 30);
    StoredTensor b = AdapterFolders.random(MODULE + ".lora_B.weight", DType.F32, random, 40, 2);
    Path base = ModelFolders.write(temp.resolve("base"), List.of(weight));
    Path adapter =
        AdapterFolders.write(temp.resolve("adapter"), AdapterFolders.config(""), List.of(a, b));
    double[] w = weight.values();
    double[] left = b.values();
    double[] right = a.values();
    for (int i = 0; i < w.length; i++) {
      int row = i / 30;
      w[i] += 2 * (left[2 * row] * right[i % 30] + left[2 * row + 1] * right[30 + i % 30]);
    }
    StoredTensor expected = StoredTensor.of(WEIGHT, DType.BF16, weight.spec().shape(), w);

    try (HfModel model = HfModels.open(base + "+" + adapter)) {
      assertThat(bytes(model.checkpoint(), 0, weight.spec().sizeBytes()))
          .isEqualTo(expected.bytes());
    }
  }

  @Test
  void givesTheSameBytesToSeveralThreads() throws Exception {
    Path adapter = ModelFolders.GOLDEN.resolve("formats/dora-llama").toAbsolutePath();
    String reference = ModelFolders.golden("llama", "base") + "+" + adapter;
    String name = "model.layers.2.self_attn.q_proj.weight";
    try (HfModel model = HfModels.open(reference);
        ExecutorService pool = Executors.newFixedThreadPool(8)) {
      List<Future<byte[]>> reads = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        reads.add(pool.submit(() -> read(model.checkpoint(), name, 0, 4096)));
      }
      for (Future<byte[]> read : reads) {
        assertThat(read.get()).isEqualTo(reads.getFirst().get());
      }
    }
  }

  private static double largestDifference(double[] actual, double[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    double largest = 0;
    for (int i = 0; i < expected.length; i++) {
      double difference = Math.abs(actual[i] - expected[i]);
      largest = difference <= largest ? largest : difference; // NaN wins
    }
    return largest;
  }

  private static double[] values(Checkpoint checkpoint, int first, int count) throws IOException {
    byte[] bytes = bytes(checkpoint, 4L * first, 4L * count);
    return new StoredTensor(checkpoint.get(WEIGHT), bytes).values();
  }

  private static byte[] bytes(Checkpoint checkpoint, long from, long length) throws IOException {
    return read(checkpoint, WEIGHT, from, length);
  }

  private static byte[] read(Checkpoint checkpoint, String name, long from, long length)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(Math.max(1, length)).asSlice(0, length);
      checkpoint.read(name, from, bytes);
      return bytes.toArray(ValueLayout.JAVA_BYTE);
    }
  }
}
