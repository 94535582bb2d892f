package io.hfmerge.examples.experiment.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextDataTest {

  @TempDir Path temp;

  @Test
  void numbersCharactersByFrequencyAndHoldsTheLastTenthOut() throws IOException {
    Path file = temp.resolve("text.txt");
    Files.writeString(file, "aab".repeat(6000) + "c".repeat(2000));
    TextData text = TextData.load(Optional.of(file), new SplittableRandom(1));
    assertThat(text.alphabet()).isEqualTo(3);
    assertThat(Arrays.copyOf(text.train(), 4)).containsExactly(0, 0, 1, 0);
    assertThat(text.train()).hasSize(18_000);
    assertThat(text.test()).hasSize(2000).containsOnly(2);
    assertThat(text.source()).isEqualTo("text.txt, 20000 characters");
  }

  @Test
  void rareCharactersOfManyCountAsOne() throws IOException {
    StringBuilder many = new StringBuilder();
    for (int c = 0; c < 200; c++) {
      many.append(String.valueOf((char) (0x400 + c)).repeat(300 - c));
    }
    Path file = temp.resolve("many.txt");
    Files.writeString(file, many);
    TextData text = TextData.load(Optional.of(file), new SplittableRandom(1));
    assertThat(text.alphabet()).isEqualTo(96);
    assertThat(text.train()[0]).isZero();
    assertThat(text.test()).containsOnly(95);
  }

  @Test
  void shortTextsAreRefused() throws IOException {
    Path file = temp.resolve("short.txt");
    Files.writeString(file, "too short");
    assertThatThrownBy(() -> TextData.load(Optional.of(file), new SplittableRandom(1)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("expected a text of 10000 characters or more, found 9");
  }

  @Test
  void definitionsAreInTheOrderOfTheSeed() throws IOException {
    TextData first = TextData.load(Optional.empty(), new SplittableRandom(1));
    assertThat(first.train().length).isGreaterThan(1_000_000);
    assertThat(first.train())
        .isEqualTo(TextData.load(Optional.empty(), new SplittableRandom(1)).train())
        .isNotEqualTo(TextData.load(Optional.empty(), new SplittableRandom(2)).train());
  }
}
