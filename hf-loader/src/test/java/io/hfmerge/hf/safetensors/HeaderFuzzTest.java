package io.hfmerge.hf.safetensors;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.hfmerge.error.HfMergeException;
import io.hfmerge.hf.testing.Mutations;
import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Any bytes as the header of a safetensors file. */
class HeaderFuzzTest {

  private static final int INPUTS = 5_000;

  @FuzzTest(maxDuration = "10m")
  void header(byte[] input) throws IOException {
    try {
      SafetensorsHeaderParser.parse("memory", input, 8L + input.length);
    } catch (HfMergeException e) {
      // refused, which is an answer
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void answersMutatedSeeds(long seed) throws IOException {
    Mutations.run(Mutations.seeds(HeaderFuzzTest.class, "header"), seed, INPUTS, this::header);
  }
}
