package io.hfmerge.hf.torchbin;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.hfmerge.error.HfMergeException;
import io.hfmerge.hf.testing.Mutations;
import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Any bytes as a pickle: a value or a refusal. */
class PickleFuzzTest {

  private static final int INPUTS = 5_000;

  @FuzzTest(maxDuration = "10m")
  void pickle(byte[] input) throws IOException {
    try {
      PickleReader.read(
          new PickleInput(TorchFiles.source(input), 0, input.length), new PickleObjects());
    } catch (HfMergeException e) {
      // refused, which is an answer
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void answersMutatedSeeds(long seed) throws IOException {
    Mutations.run(Mutations.seeds(PickleFuzzTest.class, "pickle"), seed, INPUTS, this::pickle);
  }
}
