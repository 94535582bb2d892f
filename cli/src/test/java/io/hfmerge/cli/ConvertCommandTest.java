package io.hfmerge.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConvertCommandTest {

  private static final Path BIN = Workplace.GOLDEN.resolve("formats/bin-zip");

  @TempDir Path temp;

  @Test
  void writesSafetensorsThatEveryCommandTakes() throws IOException {
    Path out = temp.resolve("out");
    String printed = Outcome.of("convert", BIN.toString(), out.toString()).assertDone().out();
    assertThat(printed)
        .startsWith(out + ": 53 tensors converted; 108,194 bytes read, 108,194 written in ")
        .contains("no companion files to copy");
    assertThat(Workplace.list(out))
        .containsExactly("config.json", "hfmerge.json", "model.safetensors");
    assertThat(inspect(out)).isEqualTo(inspect(BIN));
    assertThat(inspect(BIN.resolve("pytorch_model.bin"))).isEqualTo(inspect(BIN));
    assertThat(Outcome.of("analyze", BIN.toString()).assertDone().out()).contains("gpt2, 3 layers");
  }

  @Test
  void goesThereAndBack() throws IOException {
    Path torch = temp.resolve("torch");
    Path back = temp.resolve("back");
    Path llama = Workplace.GOLDEN.resolve("checkpoints/llama/base");
    Outcome.of(
            "convert",
            llama.toString(),
            torch.toString(),
            "--format",
            "torch",
            "--max-shard-size",
            "60kB")
        .assertDone();
    assertThat(Workplace.list(torch))
        .contains("pytorch_model-00001-of-00004.bin", "pytorch_model.bin.index.json");
    Outcome.of("convert", torch.toString(), back.toString()).assertDone();
    Path plain = temp.resolve("plain");
    Outcome.of("convert", llama.toString(), plain.toString()).assertDone();
    assertThat(back.resolve("model.safetensors"))
        .hasSameBinaryContentAs(plain.resolve("model.safetensors"));
  }

  @Test
  void sumsPyTorchFilesAsItSumsSafetensors() throws IOException {
    Workplace place = new Workplace(temp);
    Outcome.of(place.sum()).assertDone();
    Path bin = place.inputs.resolve("bin");
    Outcome.of("convert", place.a.toString(), bin.toString(), "--format", "torch").assertDone();
    Path sum = place.outputs.resolve("of-bin");
    Outcome.of("sum", "--base", place.base.toString(), bin.toString(), "-o", sum.toString())
        .assertDone();
    assertThat(sum.resolve("model.safetensors"))
        .hasSameBinaryContentAs(place.out.resolve("model.safetensors"));
  }

  @Test
  void convertsTheDtypeOnRequest() throws IOException {
    Path out = temp.resolve("out");
    String printed =
        Outcome.of("convert", BIN.toString(), out.toString(), "--dtype", "bf16").assertDone().out();
    assertThat(printed).contains("narrowed from F32 to BF16");
    assertThat(Files.readString(out.resolve("config.json"))).contains("\"dtype\": \"bfloat16\"");
    Outcome.of("convert", BIN.toString(), out.toString())
        .assertRefused(ExitCode.OUTPUT_EXISTS, List.of("--force"));
    Outcome.of("convert", BIN.toString(), out.toString(), "--force").assertDone();
    assertThat(Files.readString(out.resolve("config.json"))).contains("\"dtype\": \"float32\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"safetensors", "torch"})
  void writesWhatVerifyChecks(String format) throws IOException {
    Path out = temp.resolve("out");
    Path llama = Workplace.GOLDEN.resolve("checkpoints/llama/base");
    Outcome.of("convert", llama.toString(), out.toString(), "--format", format, "--sha256")
        .assertDone();
    assertThat(Outcome.of("verify", out.toString(), "--sha256").assertDone().out())
        .contains("note: one forward pass over 8 ids, since no tokenizer can be read here: finite")
        .contains("complete, and all as hfmerge.json says");
    assertThat(Outcome.of("verify", out.toString(), "--no-forward").assertDone().out())
        .doesNotContain("forward pass");
    Files.writeString(out.resolve("config.json"), "{}");
    assertThat(Outcome.of("verify", out.toString()).code()).isEqualTo(ExitCode.MISMATCH.code());
  }

  @Test
  void plansWithoutWriting() {
    assertThat(
            Outcome.of("convert", BIN.toString(), temp.resolve("out").toString(), "--dry-run")
                .assertDone()
                .out())
        .contains("copied from " + BIN)
        .contains("note: ")
        .contains("2 tensors share their data");
    assertThat(temp).isEmptyDirectory();
  }

  @Test
  void leavesNothingOfAHostileFile() {
    Outcome.of(
            "convert",
            Workplace.GOLDEN.resolve("formats/hostile-pickles/eval.bin").toString(),
            temp.resolve("out").toString())
        .assertRefused(ExitCode.UNSUPPORTED, List.of("global __builtin__.eval"));
    assertThat(temp).isEmptyDirectory();
  }

  /** Names, dtypes and shapes. */
  private static List<String> inspect(Path model) {
    return Outcome.of("inspect", model.toString())
        .assertDone()
        .out()
        .lines()
        .filter(line -> line.startsWith(" transformer."))
        .map(line -> line.replaceAll("].*", "]").replaceAll(" +", " "))
        .sorted()
        .toList();
  }
}
