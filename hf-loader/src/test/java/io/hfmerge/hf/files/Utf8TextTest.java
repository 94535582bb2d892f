package io.hfmerge.hf.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Utf8TextTest {

  @TempDir private Path folder;

  private Path file(int... bytes) throws IOException {
    byte[] content = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      content[i] = (byte) bytes[i];
    }
    return Files.write(folder.resolve("t.txt"), content);
  }

  @Test
  void readsCharactersOfAnyLength() throws Exception {
    String text = "a é € 𝄞\n";
    Path file = Files.write(folder.resolve("some.txt"), text.getBytes(StandardCharsets.UTF_8));

    assertThat(Utf8Text.read(file)).isEqualTo(text);
    assertThat(Utf8Text.read(file())).isEmpty();
  }

  @Test
  void namesTheFirstByteThatIsNotUtf8() throws Exception {
    Path latin = file('a', 'b', 0xE9, 'c');

    assertThatThrownBy(() -> Utf8Text.read(latin))
        .isInstanceOf(CharacterCodingException.class)
        .hasMessage(latin + ": expected UTF-8 text, found byte 0xE9 at offset 2");
  }

  @Test
  void namesACharacterThatTheFileCutsOff() throws Exception {
    Path cut = file('a', 0xE2, 0x82);

    assertThatThrownBy(() -> Utf8Text.read(cut)).hasMessageEndingWith("byte 0xE2 at offset 1");
  }

  @Test
  void refusesAFolder() {
    assertThatThrownBy(() -> Utf8Text.read(folder))
        .isInstanceOf(IOException.class)
        .hasMessage(folder + ": expected a file, found a folder");
  }
}
