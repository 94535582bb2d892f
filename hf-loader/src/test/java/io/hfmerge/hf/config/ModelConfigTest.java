package io.hfmerge.hf.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelConfigTest {

  @TempDir Path folder;

  @Test
  void keepsUnknownKeysAndOrder() {
    ModelConfig config = config("{\"z\":1,\"model_type\":\"bert\",\"a\":{\"y\":[1,2]}}");

    assertThat(config.tree().toString())
        .isEqualTo("{\"z\":1,\"model_type\":\"bert\",\"a\":{\"y\":[1,2]}}");
    assertThat(config.modelType()).contains("bert");
  }

  @Test
  void staysUnchangedWhenItsTreeIsChanged() {
    ModelConfig config = config("{\"model_type\":\"bert\"}");

    config.tree().put("model_type", "gpt2");

    assertThat(config.modelType()).contains("bert");
  }

  @Test
  void takesTheFirstKeyThatIsPresentAndNotNull() {
    ModelConfig config = config("{\"a\":null,\"b\":3,\"c\":4}");

    assertThat(config.integer("a", "b", "c")).hasValue(3);
    assertThat(config.integer("a")).isEmpty();
    assertThat(config.has("a")).isFalse();
    assertThat(config.has("a", "c")).isTrue();
  }

  @Test
  void readsDtypeUnderBothNames() {
    assertThat(config("{\"torch_dtype\":\"float16\"}").dtype()).contains(DType.F16);
    assertThat(config("{\"dtype\":\"bfloat16\",\"torch_dtype\":\"float16\"}").dtype())
        .contains(DType.BF16);
    assertThat(config("{\"dtype\":\"auto\"}").dtype()).isEmpty();
    assertThat(config("{}").dtype()).isEmpty();
  }

  @Test
  void readsListsNumbersAndNestedObjects() {
    ModelConfig config =
        config(
            "{\"architectures\":[\"A\",\"B\"],\"rope_parameters\":{\"rope_theta\":1e4},"
                + "\"tie\":true,\"eps\":1e-05}");

    assertThat(config.architectures()).containsExactly("A", "B");
    assertThat(config.rotarySettings().orElseThrow().number("rope_theta")).hasValue(10000);
    assertThat(config.bool("tie")).contains(true);
    assertThat(config.number("eps")).hasValue(1e-5);
    assertThat(config("{}").architectures()).isEmpty();
  }

  @Test
  void acceptsInfinityWhereNobodyAsks() {
    ModelConfig config = config("{\"time_step_limit\":[0.0,Infinity],\"x\":NaN,\"n\":2}");

    assertThat(config.integer("n")).hasValue(2);
    assertThatThrownBy(() -> config.number("x")).isInstanceOf(MalformedCheckpointException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"0", "-1", "101", "1e30", "99999999999999999999", "2.5", "\"3\"", "true", "[3]"})
  void refusesCountsOutOfRange(String value) {
    ModelConfig config = config("{\"n\":" + value + "}");

    assertThatThrownBy(() -> config.requiredCount(100, "n"))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("test.json")
        .hasMessageContaining("\"n\"")
        .hasMessageContaining("expected a whole number from 1 to 100, found ");
  }

  @Test
  void namesFileKeyExpectedAndFound() {
    ModelConfig config = config("{\"a\":\"x\",\"o\":{\"p\":1}}");

    assertThatThrownBy(() -> config.integer("a"))
        .hasMessage("test.json: key \"a\": expected a whole number, found \"x\"");
    assertThatThrownBy(() -> config.bool("a"))
        .hasMessage("test.json: key \"a\": expected true or false, found \"x\"");
    assertThatThrownBy(() -> config.object("a"))
        .hasMessage("test.json: key \"a\": expected an object, found \"x\"");
    assertThatThrownBy(() -> config.string("o"))
        .hasMessage("test.json: key \"o\": expected a string, found {\"p\":1}");
    assertThatThrownBy(() -> config.object("o").orElseThrow().string("p"))
        .hasMessage("test.json: key \"o.p\": expected a string, found 1");
    assertThatThrownBy(() -> config.requiredCount(9, "b", "c"))
        .hasMessage(
            "test.json: key \"b or c\": expected a whole number from 1 to 9, found nothing");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "null",
        "[]",
        "3",
        "\"x\"",
        "{",
        "{} {}",
        "{\"a\":1,\"a\":2}",
        "{'a':1}",
        "version"
      })
  void refusesWhatIsNotOneJsonObject(String text) {
    assertThatThrownBy(() -> config(text))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageStartingWith("test.json: expected ");
  }

  @Test
  void refusesDeepNesting() {
    assertThatThrownBy(() -> config("{\"a\":" + "[".repeat(100_000)))
        .isInstanceOf(MalformedCheckpointException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"BertModel\"", "[1]", "{}"})
  void refusesArchitecturesThatAreNoNames(String value) {
    ModelConfig config = config("{\"architectures\":" + value + "}");

    assertThatThrownBy(config::architectures)
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("architectures");
  }

  @Test
  void refusesFilesOfOtherEncodings() throws IOException {
    Path file = folder.resolve("config.json");
    Files.write(file, new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}'});

    assertThatThrownBy(() -> ModelConfig.read(file))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("UTF-8");
  }

  @Test
  void refusesHugeFiles() throws IOException {
    Path file = folder.resolve("config.json");
    Files.writeString(file, "{\"a\":\"" + "x".repeat(50_000_000) + "\"}");

    assertThatThrownBy(() -> ModelConfig.read(file))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("50000000");
  }

  private static ModelConfig config(String text) {
    return ModelConfig.parse(text, "test.json");
  }
}
