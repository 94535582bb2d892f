package io.hfmerge.examples.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.modality.Classifications;
import io.hfmerge.hf.testing.TestHub;
import io.hfmerge.hf.testing.TokenizerFolder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every program of the package runs, and gives what transformers gives (make_eval.py). */
class PluginProgramsTest {

  private static final Path GOLDEN =
      Path.of("../hf-loader/src/test/resources/golden").toAbsolutePath().normalize();

  private static final double TOLERANCE = 1e-4;

  @TempDir Path temp;

  private static JsonNode expected(String file) throws Exception {
    return JsonMapper.shared().readTree(Files.readString(GOLDEN.resolve(file)));
  }

  /** A copy to which files can be added. */
  private Path model(String source) throws Exception {
    Path model = Files.createDirectories(temp.resolve(source.replace('/', '-')));
    for (String name : new String[] {"config.json", "model.safetensors"}) {
      Files.copy(GOLDEN.resolve(source).resolve(name), model.resolve(name));
    }
    return model;
  }

  private String classifier() throws Exception {
    Path model = model("forward/bert-sequence");
    Files.copy(GOLDEN.resolve("eval/bert-sequence-vocab.txt"), model.resolve("vocab.txt"));
    return "hf://" + model;
  }

  @Test
  void embedTexts() throws Exception {
    String url = "hf://sample:all-MiniLM-L6-v2";
    double near = EmbedTexts.cosine(url, "a ripe apple", "a sweet pear");

    assertThat(near).isBetween(0.3, 0.99);
    assertThat(EmbedTexts.cosine(url, "a ripe apple", "a law about taxes")).isLessThan(near - 0.1);
  }

  @Test
  void classifyText() throws Exception {
    JsonNode expected = expected("eval/expected.json").get("sequence");
    Classifications found = ClassifyText.classify(classifier(), expected.get("text").stringValue());

    assertThat(found.get("LABEL_0").getProbability())
        .isEqualTo(expected.get("probabilities").get(0).doubleValue(), within(TOLERANCE));
  }

  @Test
  void classifyImage() throws Exception {
    Path model = model("checkpoints/vit/base");
    Path images = GOLDEN.resolve("images");
    Files.copy(
        images.resolve("preprocessor_config.json"), model.resolve("preprocessor_config.json"));
    JsonNode expected = expected("images/expected.json");
    Classifications found =
        ClassifyImage.classify("hf://" + model, images.resolve("classes/LABEL_0/wide.png"));
    int place = 0;
    while (!expected.get("names").get(place).stringValue().equals("LABEL_0/wide.png")) {
      place++;
    }
    JsonNode logits = expected.get("logits").get(place);
    double ratio = Math.exp(logits.get(1).doubleValue() - logits.get(0).doubleValue());

    assertThat(found.get("LABEL_1").getProbability() / found.get("LABEL_0").getProbability())
        .isEqualTo(ratio, within(TOLERANCE));
  }

  @Test
  void fillMask() throws Exception {
    Path model = model("checkpoints/bert/base");
    Files.copy(GOLDEN.resolve("eval/bert-vocab.txt"), model.resolve("vocab.txt"));
    JsonNode expected = expected("eval/expected.json").get("fill");
    List<String> words = FillMask.words("hf://" + model, expected.get("text").stringValue(), 3);

    assertThat(words).hasSize(3).startsWith(expected.get("token").stringValue());
  }

  /** A model, and the same model as what a recipe makes of it and another with weight 0. */
  @Test
  void continueText() throws Exception {
    Path model = model("checkpoints/gpt2/a");
    TokenizerFolder.writeCharacters(model);
    JsonNode expected = expected("eval/expected.json").get("generation");
    Path recipe =
        Files.writeString(
            temp.resolve("recipe.yaml"),
            """
            merge_method: linear
            models:
              - model: %s
                parameters: {weight: 1.0}
              - model: %s
                parameters: {weight: 0.0}
            """
                .formatted(model, GOLDEN.resolve("checkpoints/gpt2/base")));
    String prompt = expected.get("prompt").stringValue();

    assertThat(ContinueText.continuation("hf://" + model, prompt, 12, 0, 0))
        .isEqualTo(expected.get("text").stringValue());
    assertThat(ContinueText.continuation("hfmerge://" + recipe, prompt, 12, 0, 0))
        .isEqualTo(expected.get("text").stringValue());
  }

  @Test
  void fineTune() throws Exception {
    Map<String, Integer> examples = Map.of("abc", 0, "de fgh", 1, "hhh", 2);
    String url = classifier();
    double first = FineTune.loss(url, examples, 1);

    assertThat(FineTune.loss(url, examples, 12)).isLessThan(first - 0.3);
  }

  @Test
  void compareModelsWithAnAdapter() throws Exception {
    JsonNode expected = expected("eval/expected.json").get("adapter");
    String url =
        "hf://%s+%s"
            .formatted(
                GOLDEN.resolve("checkpoints/llama/base"), GOLDEN.resolve("formats/lora-llama"));
    float[] found = CompareModels.scores(url, 5, 9, 40, 2, 77, 31);

    for (int i = 0; i < found.length; i++) {
      assertThat((double) found[i])
          .isEqualTo(expected.get("logits").get(i).doubleValue(), within(TOLERANCE));
    }
  }

  /** As a program of its own, whose environment names a Hub with two commits. */
  @Test
  void compareModelsOfTwoRevisions() throws Exception {
    Path out = temp.resolve("out");
    try (TestHub hub = TestHub.start()) {
      String first = hub.commit("org/m", TestHub.files(GOLDEN.resolve("checkpoints/llama/base")));
      String second = hub.commit("org/m", TestHub.files(GOLDEN.resolve("checkpoints/llama/a")));
      ProcessBuilder builder =
          new ProcessBuilder(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "--enable-native-access=ALL-UNNAMED",
              "-cp",
              System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
              CompareModels.class.getName(),
              "hf://org/m@" + first,
              "hf://org/m",
              "5",
              "9");
      builder.environment().remove("HF_HUB_OFFLINE");
      builder.environment().put("HF_HUB_CACHE", temp.resolve("cache").toString());
      builder.environment().put("HF_ENDPOINT", hub.endpoint());
      Process process = builder.redirectErrorStream(true).redirectOutput(out.toFile()).start();
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();

      assertThat(process.exitValue()).as(Files.readString(out)).isZero();
      assertThat(out)
          .content()
          .contains("hf://org/m@" + first + " is of " + first)
          .contains("hf://org/m is of " + second)
          .containsPattern("scores differ by at most 0\\.[0-9]*[1-9]");
    }
  }
}
