package io.hfmerge.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.cli.HfMerge;
import io.hfmerge.hf.safetensors.SafetensorsCheckpoint;
import io.hfmerge.hf.testing.TokenizerFolder;
import io.hfmerge.tensor.TensorSpec;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code forward} and {@code generate}. */
class ModelCommandsTest {

  private static final Path GOLDEN = Path.of("../hf-loader/src/test/resources/golden");
  private static final Path GPT2 = GOLDEN.resolve("checkpoints/gpt2");

  @TempDir private Path folder;

  private record Outcome(int code, String out, String err) {}

  private static Outcome run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine commandLine =
        HfMerge.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    return new Outcome(commandLine.execute(arguments), out.toString(), err.toString());
  }

  @Test
  void forwardWritesWhatTheModelGives() throws Exception {
    Path output = folder.resolve("out.safetensors");
    String inputs = GPT2.resolve("forward-base.safetensors").toString();
    Outcome outcome =
        run(
            "forward",
            GPT2.resolve("base").toString(),
            "--inputs",
            inputs,
            "-o",
            output.toString());

    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.code()).isZero();
    assertThat(outcome.out()).contains("attention_mask", "wrote logits F32[2, 17, 96]");
    try (SafetensorsCheckpoint written = SafetensorsCheckpoint.openFile("out", output)) {
      assertThat(written.tensors())
          .extracting(TensorSpec::name)
          .containsExactlyInAnyOrder("hidden_first", "last_hidden_state", "logits", "mean_nll");
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactly(output);
    }
  }

  @Test
  void forwardNamesAFolderThatIsNotThere() {
    Path missing = folder.resolve("missing");
    String inputs = GPT2.resolve("forward-base.safetensors").toString();
    String output = missing.resolve("out.safetensors").toString();
    Outcome outcome =
        run("forward", GPT2.resolve("base").toString(), "--inputs", inputs, "-o", output);

    assertThat(outcome.code()).isEqualTo(7);
    assertThat(outcome.err()).contains(missing + ": no such file or folder");
  }

  /** Results stay alone on standard output. */
  @Test
  void whatOpeningFindsIsToldOnStandardError() throws Exception {
    Path adapter = Files.createDirectory(folder.resolve("adapter"));
    Path golden = GOLDEN.resolve("formats/lora-gpt2-conv1d");
    Path weights = Path.of("adapter_model.safetensors");
    Files.copy(golden.resolve(weights), adapter.resolve(weights));
    String config = Files.readString(golden.resolve("adapter_config.json"));
    String initialised =
        JsonMapper.shared()
            .readTree(config)
            .asObject()
            .put("init_lora_weights", "pissa")
            .toString();
    Files.writeString(adapter.resolve("adapter_config.json"), initialised);
    Outcome outcome =
        run(
            "forward",
            GPT2.resolve("base") + "+" + adapter,
            "--inputs",
            GPT2.resolve("forward-base.safetensors").toString(),
            "-o",
            folder.resolve("out.safetensors").toString());

    assertThat(outcome.code()).isZero();
    assertThat(outcome.err()).contains("pissa");
    assertThat(outcome.out()).doesNotContain("pissa").contains("wrote logits");
  }

  @Test
  void textsThatAreNotUtf8AreNamed() throws Exception {
    Path text = Files.write(folder.resolve("text.txt"), new byte[] {'a', (byte) 0xFF});
    Outcome outcome = run("eval", withTokenizer().toString(), "--text", text.toString());

    assertThat(outcome.code()).isEqualTo(7);
    assertThat(outcome.err()).contains(text + ": expected UTF-8 text, found byte 0xFF at offset 1");
  }

  @Test
  void forwardRefusesInputsThatDoNotFit() {
    String inputs = GOLDEN.resolve("all-MiniLM-L6-v2-forward.safetensors").toString();
    Outcome outcome =
        run("forward", GPT2.resolve("base").toString(), "--inputs", inputs, "-o", "unused");

    assertThat(outcome.code()).isEqualTo(4);
    assertThat(outcome.err()).contains("expected a tensor \"input_ids\" or \"pixel_values\"");
  }

  @Test
  void generateContinuesAPrompt() throws Exception {
    Path model = withTokenizer();
    Outcome text = run("generate", model.toString(), "--prompt", "ab", "--max-new-tokens", "5");
    Outcome json =
        run(
            "generate",
            model.toString(),
            "--prompt",
            "ab",
            "--max-new-tokens",
            "5",
            "--format",
            "json");

    assertThat(text.err()).isEmpty();
    JsonNode tree = JsonMapper.shared().readTree(json.out());
    assertThat(tree.get("schema").stringValue()).isEqualTo("hfmerge.generate/1");
    assertThat(tree.get("newTokens").size()).isBetween(1, 5);
    assertThat(text.out()).isNotBlank();
  }

  @Test
  void generateSaysWhatIsMissing() throws Exception {
    Outcome untokenized = run("generate", GPT2.resolve("base").toString(), "--prompt", "a");
    Outcome temperature =
        run("generate", withTokenizer().toString(), "--prompt", "a", "--temperature=-1");
    Outcome masked =
        run("generate", "sample:all-MiniLM-L6-v2", "--prompt", "a", "--max-new-tokens", "1");

    assertThat(untokenized.code()).isEqualTo(6);
    assertThat(untokenized.err()).contains("expected tokenizer.json, vocab.txt");
    assertThat(temperature.code()).isEqualTo(2);
    assertThat(temperature.err()).contains("temperature: expected a number from 0 on");
    assertThat(masked.code()).isEqualTo(8);
    assertThat(masked.err()).contains("a bert model has no head for CAUSAL_LM here");
  }

  @Test
  void evalComparesModelsOnAText() throws Exception {
    String model = withTokenizer().toString();
    Path text = Files.writeString(folder.resolve("text.txt"), "abcab#defXab{}ghab".repeat(20));
    String[] arguments = {"eval", model, model, "--text", text.toString(), "--window=16"};
    Outcome table = run(arguments);
    Outcome json =
        run(Stream.concat(Stream.of(arguments), Stream.of("--format=json")).toArray(String[]::new));

    assertThat(table.err()).isEmpty();
    assertThat(table.out()).contains("scoredTokens", "perplexity", "95% interval");
    JsonNode models = JsonMapper.shared().readTree(json.out()).get("models");
    JsonNode perplexity = models.get(1).get("metrics").get(0);
    assertThat(perplexity.get("value").doubleValue()).isBetween(1.0, 1000.0);
    assertThat(perplexity.get("difference").doubleValue()).isZero();
    assertThat(perplexity.get("differenceInterval").get(1).doubleValue()).isZero();
    assertThat(perplexity.get("interval").get(0).doubleValue())
        .isLessThan(perplexity.get("value").doubleValue());
  }

  @Test
  void evalFitsAProbeWhereThereIsNoHead() throws Exception {
    StringBuilder rows = new StringBuilder("text\tlabel\n");
    for (String thing : new String[] {"apple", "pear", "plum", "cherry", "grape", "fig"}) {
      rows.append("I ate a ripe ").append(thing).append("\tfruit\n");
      rows.append("We drove the ").append(thing).append(" coloured car home\tcar\n");
    }
    Path data = Files.writeString(folder.resolve("rows.tsv"), rows.toString());
    Outcome outcome =
        run(
            "eval",
            "sample:all-MiniLM-L6-v2",
            "--data",
            data.toString(),
            "--train-share=0.5",
            "--format=json");

    assertThat(outcome.err()).isEmpty();
    JsonNode model = JsonMapper.shared().readTree(outcome.out()).get("models").get(0);
    assertThat(model.get("task").stringValue()).isEqualTo("linear-probe");
    assertThat(model.get("examples").intValue()).isEqualTo(6);
    assertThat(model.get("metrics").get(0).get("value").doubleValue()).isEqualTo(1.0);
  }

  @Test
  void evalSaysWhatDoesNotFit() throws Exception {
    Path text = Files.writeString(folder.resolve("text.txt"), "some text");
    Outcome headless = run("eval", "sample:all-MiniLM-L6-v2", "--text", text.toString());
    Outcome nothing = run("eval", withTokenizer().toString());

    assertThat(headless.code()).isEqualTo(2);
    assertThat(headless.err()).contains("expected a language model for a text");
    assertThat(nothing.code()).isEqualTo(2);
  }

  private Path task(String more) throws Exception {
    Files.writeString(folder.resolve("text.txt"), "abcab#defXab{}ghab".repeat(10));
    return Files.writeString(folder.resolve("task.yaml"), "text: text.txt\nwindow: 16\n" + more);
  }

  private static double loss(String model, Path text) {
    Outcome outcome = run("eval", model, "--text", text.toString(), "--window=16", "--format=json");
    assertThat(outcome.err()).isEmpty();
    return JsonMapper.shared()
        .readTree(outcome.out())
        .get("models")
        .get(0)
        .get("metrics")
        .get(1)
        .get("value")
        .doubleValue();
  }

  /** The line starts and ends at the models themselves. */
  @Test
  void pathMeasuresTheLineBetweenTwoModels() throws Exception {
    String first = withTokenizer().toString();
    String second = withTokenizer("a").toString();
    Outcome outcome =
        run("path", first, second, "--eval", task("").toString(), "--points=3", "--format=json");

    assertThat(outcome.err()).isEmpty();
    JsonNode path = JsonMapper.shared().readTree(outcome.out());
    Path text = folder.resolve("text.txt");
    assertThat(path.get("metric").stringValue()).isEqualTo("loss");
    assertThat(path.get("points").get(0).get("value").doubleValue())
        .isCloseTo(loss(first, text), within(1e-6));
    assertThat(path.get("points").get(2).get("value").doubleValue())
        .isCloseTo(loss(second, text), within(1e-6));
  }

  @Test
  void tuneWritesTheModelThatItFoundBest() throws Exception {
    String base = withTokenizer().toString();
    String model = withTokenizer("a").toString();
    Path recipe =
        Files.writeString(
            folder.resolve("recipe.yaml"),
            """
            merge_method: task_arithmetic
            base_model: %s
            models:
              - model: %s
                parameters: {weight: 1.0}
            """
                .formatted(base, model));
    Path target = folder.resolve("best");
    Outcome outcome =
        run(
            "tune",
            recipe.toString(),
            "--eval",
            task("").toString(),
            "--param=lambda=-0.5:1.5",
            "--grid=3",
            "--evaluations=2",
            "-o",
            target.toString());

    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.out()).contains("lambda", "best lambda = ");
    String found =
        outcome.out().lines().filter(line -> line.startsWith("loss ")).findFirst().orElseThrow();
    assertThat(loss(target.toString(), folder.resolve("text.txt")))
        .isCloseTo(Double.parseDouble(found.substring("loss ".length())), within(1e-5));
    assertThat(folder.resolve("best/hfmerge.yaml")).content().contains("lambda");
  }

  @Test
  void sumMeasuresWhatItWrote() throws Exception {
    Path target = folder.resolve("sum");
    Outcome outcome =
        run(
            "sum",
            "--base",
            withTokenizer().toString(),
            withTokenizer("a").toString(),
            "-o",
            target.toString(),
            "--eval",
            task("").toString());

    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.out()).contains(target + " ", "perplexity");
  }

  /** The same numbers, and nothing written. */
  @Test
  void sumIsMeasuredInMemoryWhereNoFolderIsNamed() throws Exception {
    String base = withTokenizer().toString();
    String model = withTokenizer("a").toString();
    String task = task("").toString();
    Path target = folder.resolve("sum");
    Outcome written = run("sum", "--base", base, model, "-o", target.toString(), "--eval", task);
    Outcome measured = run("sum", "--base", base, model, "--eval", task);
    Outcome neither = run("sum", "--base", base, model);

    assertThat(measured.err()).isEmpty();
    assertThat(numbers(measured)).isNotEmpty().isEqualTo(numbers(written));
    assertThat(measured.out()).contains("the sum ", "perplexity").doesNotContain("tensors merged");
    assertThat(neither.code()).isEqualTo(2);
    assertThat(neither.err()).contains("Missing required option: '--output=OUT'");
  }

  /** Values of the last model. */
  private static List<String> numbers(Outcome outcome) {
    return outcome
        .out()
        .lines()
        .filter(line -> line.contains(" perplexity ") || line.contains(" loss "))
        .skip(4)
        .map(line -> line.replaceFirst(".* (perplexity|loss) ", "").strip())
        .toList();
  }

  @Test
  void evalClassifiesTheImagesOfAFolder() throws Exception {
    Path model = Files.createDirectories(folder.resolve("vit"));
    for (String name : new String[] {"config.json", "model.safetensors"}) {
      Files.copy(GOLDEN.resolve("checkpoints/vit/base").resolve(name), model.resolve(name));
    }
    Path images = GOLDEN.resolve("images");
    Files.copy(
        images.resolve("preprocessor_config.json"), model.resolve("preprocessor_config.json"));
    String classes = images.resolve("classes").toString();
    Outcome outcome = run("eval", model.toString(), "--images", classes, "--format=json");
    JsonNode expected =
        JsonMapper.shared().readTree(Files.readString(images.resolve("expected.json")));

    assertThat(outcome.err()).isEmpty();
    JsonNode found = JsonMapper.shared().readTree(outcome.out()).get("models").get(0);
    assertThat(found.get("task").stringValue()).isEqualTo("image-classification");
    assertThat(found.get("metrics").get(0).get("value").doubleValue())
        .isEqualTo(expected.get("accuracy").doubleValue(), within(1e-12));
  }

  @Test
  void severalParametersAreSearchedTogether() throws Exception {
    String base = withTokenizer().toString();
    Path recipe =
        Files.writeString(
            folder.resolve("recipe.yaml"),
            """
            merge_method: task_arithmetic
            base_model: %s
            models:
              - model: %s
                parameters: {weight: 1.0}
              - model: %s
                parameters: {weight: 1.0}
            """
                .formatted(base, withTokenizer("a"), withTokenizer("b")));
    Outcome outcome =
        run(
            "tune",
            recipe.toString(),
            "--eval",
            task("").toString(),
            "--param=models[0].weight=-0.5:1.5",
            "--param=models[1].weight=-0.5:1.5",
            "--grid=3",
            "--evaluations=6");

    assertThat(outcome.err()).isEmpty();
    // three points on each grid, one of the second's known from the first, and six more, of which
    // some may meet at a bound
    assertThat(outcome.out().lines().filter(line -> line.contains("#")))
        .hasSizeBetween(3 + 2 + 1, 3 + 2 + 6);
    assertThat(outcome.out()).contains("best models[1].weight = ");
  }

  @Test
  void tasksAndParametersAreChecked() throws Exception {
    String model = withTokenizer().toString();
    String other = withTokenizer("a").toString();
    Outcome key = run("path", model, other, "--eval", task("windw: 3\n").toString());
    Outcome metric = run("path", model, other, "--eval", task("metric: f2\n").toString());

    assertThat(key.code()).isEqualTo(2);
    assertThat(key.err()).contains("expected keys among", "windw");
    assertThat(metric.code()).isEqualTo(2);
    assertThat(metric.err()).contains("metric: expected one of [perplexity, loss]");
  }

  private Path withTokenizer() throws Exception {
    return withTokenizer("base");
  }

  /** The GPT-2 checkpoint with a vocabulary of its 96 ids. */
  private Path withTokenizer(String which) throws Exception {
    Path model = Files.createDirectories(folder.resolve("model-" + which));
    for (String name : new String[] {"config.json", "model.safetensors"}) {
      Files.copy(
          GPT2.resolve(which).resolve(name),
          model.resolve(name),
          StandardCopyOption.REPLACE_EXISTING);
    }
    TokenizerFolder.writeCharacters(model);
    return model;
  }
}
