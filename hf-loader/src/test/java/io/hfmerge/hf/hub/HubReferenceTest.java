package io.hfmerge.hf.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HubReferenceTest {

  @ParameterizedTest
  @CsvSource({
    "gpt2-large, gpt2-large, , ",
    "org/name, org/name, , ",
    "org/name@v1.0, org/name, v1.0, ",
    "org/name@refs/pr/12, org/name, refs/pr/12, ",
    "org/name:sub/folder, org/name, , sub/folder",
    "org/name:sub/, org/name, , sub",
    "org/name:sub@2, org/name, , sub@2",
    "org/name@main:sub@2:3, org/name, main, sub@2:3",
    "EleutherAI/pythia-70m@step1000, EleutherAI/pythia-70m, step1000, ",
    "a_b/c.d-e_f, a_b/c.d-e_f, , ",
  })
  void takesReferencesApart(String text, String repository, String revision, String subfolder) {
    assertThat(HubReference.parse(text))
        .isEqualTo(
            new HubReference.Reading.Valid(
                new HubReference(
                    repository, Optional.ofNullable(revision), Optional.ofNullable(subfolder))));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        ".",
        "..",
        "/abs/path",
        "./a",
        "../a/b",
        "~/a",
        "a/b/c",
        "a/",
        "/a",
        "-a/b",
        "a/b-",
        "a/.b",
        "a--b/c",
        "a/b..c",
        "a/b.git",
        "a b",
        "a\\b",
        "C:\\models",
        "org/näme",
        "org/name@",
        "org/name@../../x",
        "org/name@a//b",
        "org/name@/a",
        "org/name@a b",
        "org/name:",
        "org/name:../x",
        "org/name:/x",
        "org/name:a//b",
        "org/name:a\\b",
        "https://huggingface.co/org/name",
      })
  void refusesWhatCannotBeAReference(String text) {
    assertThat(HubReference.parse(text)).isInstanceOf(HubReference.Reading.Invalid.class);
  }

  @ParameterizedTest
  @ValueSource(ints = {97, 500})
  void refusesNamesThatAreTooLong(int length) {
    assertThat(HubReference.parse("a".repeat(length)))
        .isInstanceOf(HubReference.Reading.Invalid.class);
  }
}
