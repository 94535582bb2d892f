package io.hfmerge.method;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PhiloxTest {

  /** The lines {@code philox4x32 10} of Random123's {@code kat_vectors}; words from 0 on. */
  @ParameterizedTest
  @CsvSource({
    "00000000 00000000 00000000 00000000, 00000000 00000000, 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    "ffffffff ffffffff ffffffff ffffffff, ffffffff ffffffff, 408f276d 41c83b0e a20bc7c6 6d5451fd",
    "243f6a88 85a308d3 13198a2e 03707344, a4093822 299f31d0, d16cfe09 94fdcceb 5001e420 24126ea1",
  })
  void givesTheKnownAnswers(String counter, String key, String answer) {
    long[] c = words(counter);
    long[] k = words(key);
    long[][] found = new Philox(3).words(k[0] | k[1] << 32, c[0] | c[1] << 32, c[2] | c[3] << 32);
    long[] expected = words(answer);
    for (int word = 0; word < Philox.WORDS; word++) {
      assertThat(found[word][0]).isEqualTo(expected[word]);
    }
  }

  @Test
  void countsUpWithCarry() {
    long key = 0x0123456789abcdefL;
    long[][] several = new Philox(5).words(key, 0xfffffffeL, 7);
    for (int i = 0; i < 5; i++) {
      long[][] one = new Philox(1).words(key, 0xfffffffeL + i, 7);
      for (int word = 0; word < Philox.WORDS; word++) {
        assertThat(several[word][i]).isEqualTo(one[word][0]);
      }
    }
  }

  private static long[] words(String text) {
    String[] parts = text.split(" ");
    long[] words = new long[parts.length];
    for (int i = 0; i < parts.length; i++) {
      words[i] = Long.parseLong(parts[i], 16);
    }
    return words;
  }
}
