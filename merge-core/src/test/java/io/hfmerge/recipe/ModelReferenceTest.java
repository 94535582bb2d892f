package io.hfmerge.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.recipe.ModelReference.Source;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelReferenceTest {

  @TempDir Path temp;

  @ParameterizedTest
  @CsvSource({
    "org/a,org/a,,,",
    "org/a@v1,org/a,v1,,",
    "org/a+org/l,org/a,,org/l,",
    "org/a@v1+org/l@2,org/a,v1,org/l,2",
    "../a@main+../l,../a,main,../l,",
    "sample:x,sample:x,,,",
  })
  void takesTextsApartAndPutsThemTogether(
      String text, String path, String revision, String adapter, String adapterRevision) {
    ModelReference reference = ModelReference.parse(text);
    assertThat(reference.model()).isEqualTo(new Source(path, revision));
    assertThat(reference.adapter())
        .isEqualTo(adapter == null ? null : new Source(adapter, adapterRevision));
    assertThat(reference).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a+b+c", "a@1@2", "a@1+b@2@3", "+a", "a+", "@a", "a@", "a@+b", "a+@1"})
  void refusesSignsThatStandTwiceOrAlone(String text) {
    assertThatThrownBy(() -> ModelReference.parse(text))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining("expected path[@revision][+adapter[@revision]]")
        .hasMessageContaining('"' + text + '"');
  }

  @Test
  void refusesAnEmptyText() {
    assertThatThrownBy(() -> ModelReference.parse(" "))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining("empty");
  }

  @Test
  void aPathThatExistsMayContainBothSigns() throws IOException {
    String model = Files.createDirectory(temp.resolve("a+b@c")).toString();
    String adapter = Files.createDirectory(temp.resolve("l+1@2")).toString();
    assertThat(ModelReference.parse(model))
        .isEqualTo(new ModelReference(new Source(model, null), null));
    assertThat(ModelReference.parse(model + "+" + adapter))
        .isEqualTo(new ModelReference(new Source(model, null), new Source(adapter, null)));
    assertThat(ModelReference.parse(model + "@v1+org/l@v2"))
        .isEqualTo(new ModelReference(new Source(model, "v1"), new Source("org/l", "v2")));
    assertThat(ModelReference.parse("org/a@v1+" + adapter))
        .isEqualTo(new ModelReference(new Source("org/a", "v1"), new Source(adapter, null)));
  }

  @Test
  void takesTheLongestPathThatExists() throws IOException {
    Files.createDirectory(temp.resolve("a"));
    String longer = Files.createDirectory(temp.resolve("a+b")).toString();
    assertThat(ModelReference.parse(longer + "+c").model()).isEqualTo(new Source(longer, null));
  }
}
