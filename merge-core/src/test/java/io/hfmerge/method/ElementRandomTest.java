package io.hfmerge.method;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ElementRandomTest {

  @ParameterizedTest
  @CsvSource({
    "0, 3000",
    "1, 1",
    "255, 2",
    "256, 1024",
    "1000, 50",
    "1023, 1",
    "1024, 1025",
    "5, 7",
    "9999999999999, 2100"
  })
  void equalsItsDescriptionElementByElement(long first, int length) {
    ScalarRandom reference = new ScalarRandom(-42, "org/model@main", "läyer.0.weight");
    long[] words = new long[length];
    new ElementRandom(-42, "org/model@main", "läyer.0.weight").words(first, length, words);
    for (int i = 0; i < length; i++) {
      assertThat(words[i]).isEqualTo(reference.word(first + i)).isBetween(0L, 0xffffffffL);
    }
  }

  @Test
  void differsBySeedModelAndTensor() {
    long[][] all = {
      words(0, "a", "t"),
      words(1, "a", "t"),
      words(0, "b", "t"),
      words(0, "a", "u"),
      words(0, "at", ""),
      words(0, "", "at")
    };
    for (int i = 0; i < all.length; i++) {
      for (int j = 0; j < i; j++) {
        assertThat(Arrays.equals(all[i], all[j])).isFalse();
      }
    }
  }

  private static long[] words(long seed, String model, String tensor) {
    long[] words = new long[4];
    new ElementRandom(seed, model, tensor).words(0, 4, words);
    return words;
  }
}
