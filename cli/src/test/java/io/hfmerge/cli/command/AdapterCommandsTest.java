package io.hfmerge.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.cli.HfMerge;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters through the command line, from end to end. */
class AdapterCommandsTest {

  private static final Path GOLDEN =
      Path.of("../hf-loader/src/test/resources/golden").toAbsolutePath();
  private static final Path MODELS = GOLDEN.resolve("checkpoints");
  private static final Path ADAPTERS = GOLDEN.resolve("formats");

  /** Factors and sums rounded to f32, of numbers around 1. */
  private static final double TOLERANCE = 1e-6;

  @TempDir Path temp;

  @ParameterizedTest
  @ValueSource(
      strings = {"llama", "gpt2", "bert", "qwen2", "roberta", "vit", "phi", "gptj", "gpt_neox"})
  void anAdapterOfFullRankGivesTheModelBack(String family) throws IOException {
    Path base = MODELS.resolve(family).resolve("base");
    Path model = MODELS.resolve(family).resolve("a");
    Path out = temp.resolve("adapter");

    run(0, "extract-lora", "--base", base, "--model", model, "--rank", "999", "-o", out);

    assertClose(read(base + "+" + out), read(model.toString()), TOLERANCE);
  }

  @Test
  void anAdapterOfLowRankKeepsWhatItSaysItKeeps() throws IOException {
    Path base = MODELS.resolve("llama/base");
    Path out = temp.resolve("adapter");
    String printed =
        run(
            0,
            "extract-lora",
            "--base",
            base,
            "--model",
            MODELS.resolve("llama/a"),
            "--energy",
            "0.9",
            "-o",
            out);
    assertThat(printed).contains("energy kept", "model.layers.3.self_attn.q_proj");
    Map<String, double[]> old = read(base.toString());
    Map<String, double[]> tuned = read(MODELS.resolve("llama/a").toString());
    read(base + "+" + out)
        .forEach((name, values) -> {
          double left = 0;
          double all = 0;
          for (int i = 0; i < values.length; i++) {
            left += Math.pow(tuned.get(name)[i] - values[i], 2);
            all += Math.pow(tuned.get(name)[i] - old.get(name)[i], 2);
          }
          assertThat(left).as(name).isLessThanOrEqualTo(0.1 * all + TOLERANCE);
        });
  }

  @Test
  void aSumOfAdaptersIsTheSumOfTheirChanges() throws IOException {
    String base = MODELS.resolve("llama/base").toString();
    Path first = ADAPTERS.resolve("lora-llama");
    Path second = ADAPTERS.resolve("lora-llama-rs-pattern");
    Path sum = temp.resolve("sum");
    Path merged = temp.resolve("merged");
    run(0, "sum", "--lora", first, second + "=0.5", "--lambda", "-2", "-o", sum);
    run(
        0,
        "sum",
        "--base",
        base,
        base + "+" + first,
        base + "+" + second + "=0.5",
        "--lambda",
        "-2",
        "-o",
        merged);
    Map<String, double[]> expected = read(merged.toString());
    assertClose(read(base + "+" + sum), expected, TOLERANCE);

    // as many ranks as the updates have: the same; the printed share says what fewer keep
    Path packed = temp.resolve("packed");
    run(0, "sum", "--lora", first, second + "=0.5", "--lambda", "-2", "--rank", "6", "-o", packed);
    assertClose(read(base + "+" + packed), expected, TOLERANCE);
    assertThat(Files.readString(packed.resolve("adapter_config.json"))).contains("\"r\": ");
  }

  @Test
  void embeddingsBiasesAndConvolutionsAddToo() throws IOException {
    for (String adapter : new String[] {"gpt2-embedding", "qwen2-lora-bias"}) {
      String base = MODELS.resolve(adapter.replaceFirst("-.*", "")).resolve("base").toString();
      Path one = GOLDEN.resolve("adapters").resolve(adapter);
      Path sum = temp.resolve("sum-" + adapter);
      run(0, "sum", "--lora", one + "=1", "-o", sum);
      assertClose(read(base + "+" + sum), read(base + "+" + one), TOLERANCE);
    }
  }

  @Test
  void aModelWithAnAdapterIsInspectedAnalysedAndSummed() throws IOException {
    String base = MODELS.resolve("gpt2/base").toString();
    String adapted = base + "+" + ADAPTERS.resolve("lora-gpt2-conv1d");
    assertThat(run(0, "inspect", adapted)).contains("40 tensors");
    assertThat(run(0, "analyze", adapted)).contains("Stable rank");
    Path out = temp.resolve("merged");
    run(0, "sum", "--base", base, adapted, "-o", out);
    // by these files a merge that was cut short knows whether it may be continued
    assertThat(Files.readString(out.resolve("hfmerge.json")))
        .contains("lora-gpt2-conv1d/adapter_config.json")
        .contains("lora-gpt2-conv1d/adapter_model.safetensors");
    assertClose(
        read(out.toString()),
        read(ADAPTERS.resolve("lora-gpt2-conv1d/expected-merged/model.safetensors").toString()),
        TOLERANCE);
  }

  @Test
  void refusesWhatDoesNotAddAndWhatWouldOverwriteAnInput() throws IOException {
    Path dora = ADAPTERS.resolve("dora-llama");
    Path out = temp.resolve("out");
    assertThat(run(8, "sum", "--lora", dora, "-o", out)).contains("use_dora");
    assertThat(run(8, "sum", "--lora", ADAPTERS.resolve("lora-bert-modules-to-save"), "-o", out))
        .contains("stored whole");
    assertThat(run(2, "sum", "a", "-o", out)).contains("--base");
    assertThat(run(2, "extract-lora", "--base", "a", "--model", "b", "-o", out)).contains("--rank");
    Path own = Files.createDirectory(temp.resolve("own"));
    for (String file : new String[] {"adapter_config.json", "adapter_model.safetensors"}) {
      Files.copy(ADAPTERS.resolve("lora-llama").resolve(file), own.resolve(file));
    }
    assertThat(run(9, "sum", "--lora", own, "--force", "-o", own)).contains("inputs");
    assertThat(own).isDirectoryContaining(f -> f.endsWith("adapter_model.safetensors"));
    assertThat(out).doesNotExist();
  }

  private static String run(int expected, Object... arguments) {
    String[] texts = new String[arguments.length];
    for (int i = 0; i < arguments.length; i++) {
      texts[i] = arguments[i].toString();
    }
    StringWriter printed = new StringWriter();
    PrintWriter out = new PrintWriter(printed, true);
    int code = HfMerge.commandLine().setOut(out).setErr(out).execute(texts);
    assertThat(code).as(printed.toString()).isEqualTo(expected);
    return printed.toString();
  }

  private static void assertClose(
      Map<String, double[]> actual, Map<String, double[]> expected, double tolerance) {
    assertThat(actual.keySet()).containsExactlyInAnyOrderElementsOf(expected.keySet());
    expected.forEach((name, values) -> {
      for (int i = 0; i < values.length; i++) {
        assertThat(Math.abs(actual.get(name)[i] - values[i]))
            .as("%s element %d", name, i)
            .isLessThanOrEqualTo(tolerance);
      }
    });
  }

  private static Map<String, double[]> read(String reference) throws IOException {
    Map<String, double[]> tensors = new LinkedHashMap<>();
    try (HfModel model = HfModels.open(reference);
        Arena arena = Arena.ofConfined()) {
      Checkpoint checkpoint = model.checkpoint();
      for (TensorSpec spec : checkpoint.tensors()) {
        if (spec.dtype().isFloat()) {
          MemorySegment bytes = arena.allocate(spec.sizeBytes());
          checkpoint.read(spec.name(), 0, bytes);
          double[] values = new double[Math.toIntExact(spec.elements())];
          TensorCodec.decode(spec.dtype(), bytes, 0, values, values.length);
          tensors.put(spec.name(), values);
        }
      }
    }
    return tensors;
  }
}
