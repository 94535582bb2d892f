package io.hfmerge.hf.torchbin;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.hfmerge.error.HfMergeException;
import io.hfmerge.hf.testing.Mutations;
import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Any bytes as a file of PyTorch: its zip directory, its pickle, its older format. */
class TorchFileFuzzTest {

  private static final int INPUTS = 5_000;

  @FuzzTest(maxDuration = "10m")
  void file(byte[] input) throws IOException {
    try {
      TorchContent content = TorchFile.content(TorchFiles.source(input));
      StateDict.of("memory", content.root());
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
