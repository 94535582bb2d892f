package io.hfmerge.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.UnresolvedReferenceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelReferenceTest {

  @TempDir Path temp;

  @Test
  void plusSeparatesBaseAndAdapter() {
    assertThat(ModelReference.parse("org/model@main+org/lora@v1").parts())
        .containsExactly("org/model@main", "org/lora@v1");
    assertThat(ModelReference.parse("org/model").parts()).containsExactly("org/model");
  }

  @Test
  void aPathThatExistsStaysAPath() throws IOException {
    Path odd = Files.createDirectory(temp.resolve("a+b@c"));
    assertThat(ModelReference.parse(odd.toString()).parts()).containsExactly(odd.toString());
    assertThat(ModelReference.parse(odd + "+org/lora").parts())
        .containsExactly(odd.toString(), "org/lora");
    assertThat(ModelReference.parse("org/model+" + odd).parts())
        .containsExactly("org/model", odd.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"base+one+two", "+adapter", "base+", "+", "a++b"})
  void refusesWhatIsNotOneBaseAndOneAdapter(String reference) {
    assertThatThrownBy(() -> ModelReference.parse(reference))
        .isInstanceOf(UnresolvedReferenceException.class)
        .hasMessageContaining("BASE+ADAPTER");
  }
}
