package io.hfmerge.hf.torchbin;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.hfmerge.error.HfMergeException;
import io.hfmerge.hf.testing.Mutations;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Any bytes as a file of PyTorch: its zip directory, its pickle, its older format. */
class TorchFileFuzzTest {

  private static final int INPUTS = 5_000;
  private static final int MAX_READ_BYTES = 1000;

  @FuzzTest(maxDuration = "10m")
  void file(byte[] input) throws IOException {
    try {
      TorchContent content = TorchFile.content(TorchFiles.source(input));
      StateDict.of("memory", content.root());
    } catch (HfMergeException e) {
      // refused, which is an answer
    }
    readByRanges(input);
  }

  /** What the other reader looks at first when a tensor is read. */
  private static void readByRanges(byte[] input) throws IOException {
    try (RangedTorchCheckpoint ranged =
        RangedTorchCheckpoint.open(
            "m", List.of(TorchFiles.source(input)), Optional.empty(), () -> {}, 0)) {
      for (TensorSpec tensor : ranged.tensors()) {
        byte[] some = new byte[(int) Math.min(MAX_READ_BYTES, tensor.sizeBytes())];
        ranged.read(tensor.name(), 0, MemorySegment.ofArray(some));
      }
    } catch (HfMergeException e) {
      // refused, which is an answer
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void answersMutatedSeeds(long seed) throws IOException {
    Mutations.run(Mutations.seeds(TorchFileFuzzTest.class, "file"), seed, INPUTS, this::file);
  }
}
