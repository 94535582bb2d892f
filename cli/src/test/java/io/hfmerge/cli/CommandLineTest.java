package io.hfmerge.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class CommandLineTest {

  @TempDir Path temp;

  @Test
  void helpListsCommandsAndExitCodes() {
    String help = Outcome.of("--help").assertDone().out();
    assertThat(help).contains("inspect", "sum", "merge", "verify");
    for (ExitCode code : ExitCode.values()) {
      assertThat(help).containsPattern("(?m)^ +" + code.code() + " ");
    }
    assertThat(Outcome.of("sum", "--help").assertDone().out()).contains("--base", "--lambda");
  }

  @Test
  void exitCodesAreTheDocumentedOnes() {
    assertThat(Arrays.stream(ExitCode.values()).map(code -> code + " " + code.code()))
        .containsExactly(
            "OK 0",
            "INTERNAL 1",
            "USAGE 2",
            "RECIPE 3",
            "CHECKPOINT 4",
            "INCOMPATIBLE 5",
            "NOT_FOUND 6",
            "IO 7",
            "UNSUPPORTED 8",
            "OUTPUT_EXISTS 9",
            "UNFINISHED 10",
            "INPUT_CHANGED 11",
            "NON_FINITE 12",
            "MISMATCH 13",
            "ACCESS_REFUSED 14",
            "INTERRUPTED 130");
  }

  @Test
  void refusesWhatItDoesNotKnow() {
    Outcome.of().assertRefused(ExitCode.USAGE, List.of("Missing command", "hfmerge --help"));
    Outcome.of("mrege").assertRefused(ExitCode.USAGE, List.of("mrege", "Did you mean", "merge"));
    Outcome.of("inspect", "x", "--formt", "json")
        .assertRefused(ExitCode.USAGE, List.of("--formt", "hfmerge inspect --help"));
    Outcome.of("inspect").assertRefused(ExitCode.USAGE, List.of("MODEL"));
  }

  @Test
  void inspectsAsTableAndAsJson() {
    String model = Workplace.GOLDEN.resolve("checkpoints/llama/a").toString();
    String table = Outcome.of("inspect", model).assertDone().out();
    assertThat(table)
        .contains("model.layers.3.mlp.down_proj.weight", "F32", "[32, 72]")
        .contains("llama; 4 layers, width 32, 4 heads (2 key/value) of 8");
    String json = Outcome.of("inspect", model, "--format", "json").assertDone().out();
    JsonNode root = JsonMapper.shared().readTree(json);
    assertThat(root.get("modelType").stringValue()).isEqualTo("llama");
    assertThat(table.lines().filter(line -> line.contains(" F32 ")).count())
        .isEqualTo(root.get("tensors").size());
  }

  @Test
  void spellsOutControlCharactersOfNames() throws IOException {
    Path file = temp.resolve("x.safetensors");
    String json = "{\"a\\u001b[2Jb\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}";
    byte[] header = json.getBytes(StandardCharsets.UTF_8);
    byte[] bytes = Arrays.copyOf(new byte[] {(byte) header.length}, 8 + header.length);
    System.arraycopy(header, 0, bytes, 8, header.length);
    Files.write(file, bytes);
    assertThat(Outcome.of("inspect", file.toString()).assertDone().out())
        .contains("a\\u001b[2Jb")
        .doesNotContain("\u001b");
  }

  @Test
  void sumsAndMergesIntoTheSameBytes() throws IOException {
    Workplace place = new Workplace(temp);
    Map<String, String> before = place.state();
    String out = Outcome.of(place.sumOf(place.base, place.a + "=0.5")).assertDone().out();
    assertThat(out).contains("39 tensors merged, 0 copied");
    Path merged = place.outputs.resolve("merged");
    Path recipe = Files.writeString(temp.resolve("recipe.yaml"), place.sumRecipe());
    Outcome.of("merge", recipe.toString(), merged.toString(), "--threads", "1").assertDone();
    assertThat(merged.resolve("model.safetensors"))
        .hasSameBinaryContentAs(place.out.resolve("model.safetensors"));
    assertThat(Workplace.list(place.out))
        .containsExactly(
            "README.md", "config.json", "hfmerge.json", "hfmerge.yaml", "model.safetensors");
    assertThat(place.state()).containsAllEntriesOf(before);
  }

  @Test
  void verifiesWhatItMergedAndFindsWhatIsNotSo() throws IOException {
    Workplace place = new Workplace(temp);
    Outcome.of(place.sum("--sha256")).assertDone();
    String out = place.out.toString();
    assertThat(Outcome.of("verify", out, "--sha256", "--threads", "2").assertDone().out())
        .contains(out + ": complete, and all as hfmerge.json says; 39 tensors, 4 files, ");
    Files.delete(place.out.resolve("config.json"));
    Outcome outcome = Outcome.of("verify", out);
    assertThat(outcome.code()).isEqualTo(ExitCode.MISMATCH.code());
    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.out())
        .startsWith("config.json: expected a file, found none\n")
        .contains(out + ": 1 thing is wrong");
    assertThat(Outcome.of("verify", place.a.toString()).assertDone().out())
        .contains("there is no hfmerge.json to compare checksums with")
        .contains(place.a + ": complete; 39 tensors");
    Outcome.of("verify", out, "--threads", "0")
        .assertRefused(ExitCode.USAGE, List.of("--threads: expected 1 to 1024"));
  }

  @Test
  void recordsTheSeedThatWasAskedFor() throws IOException {
    Workplace place = new Workplace(temp);
    Path recipe = place.recipe(place.sumRecipe() + "seed: 3 # of the recipe\n");
    Outcome.of("merge", recipe.toString(), place.out.toString()).assertDone();
    assertThat(place.out.resolve("hfmerge.yaml")).hasSameTextualContentAs(recipe);
    assertThat(JsonMapper.shared().readTree(place.out.resolve("hfmerge.json")).get("seed").asLong())
        .isEqualTo(3);
    Outcome.of("merge", recipe.toString(), place.out.toString(), "--force", "--seed", "7")
        .assertDone();
    assertThat(place.out.resolve("hfmerge.yaml")).content().contains("\nseed: 7\n");
    JsonNode manifest = JsonMapper.shared().readTree(place.out.resolve("hfmerge.json"));
    assertThat(manifest.get("seed").asLong()).isEqualTo(7);
    assertThat(manifest.get("recipe").asString())
        .isEqualTo(Files.readString(place.out.resolve("hfmerge.yaml")));
    Outcome.of(place.sum("--force", "--seed", "x"))
        .assertRefused(ExitCode.USAGE, List.of("--seed", "x"));
  }

  @Test
  void refusesInfinitiesThatTheDtypeMadeUnlessTheyAreAllowed() throws IOException {
    Workplace place = new Workplace(temp);
    String[] sum = place.sumOf(place.base, place.a + "=1e9", "--dtype", "float16");
    Map<String, String> before = place.state();
    Outcome.of(sum)
        .assertRefused(
            ExitCode.NON_FINITE,
            List.of(
                "lm_head.weight: ", "too large for F16", "--allow-nan", "nothing was published"));
    assertThat(place.state()).isEqualTo(before);
    String[] allowed =
        place.sumOf(place.base, place.a + "=1e9", "--dtype", "float16", "--allow-nan");
    assertThat(Outcome.of(allowed).assertDone().out())
        .contains("lm_head.weight: ", " of them from finite inputs (");
  }

  @Test
  void resumeBeginsWhereNothingWasBegun() throws IOException {
    Workplace place = new Workplace(temp);
    Outcome outcome = Outcome.of(place.sum("--resume"));
    assertThat(outcome.code()).isZero();
    assertThat(outcome.err())
        .isEqualTo("there is no unfinished merge to continue; merging from the beginning\n");
    Outcome.of("verify", place.out.toString()).assertDone();
  }

  @Test
  void forceReplacesAModelAndADryRunWritesNothing() throws IOException {
    Workplace place = new Workplace(temp);
    Map<String, String> before = place.state();
    String plan = Outcome.of(place.sum("--dry-run")).assertDone().out();
    assertThat(plan)
        .contains("39 tensors merged, 0 copied", "model.layers.{0-3}: ", "mlp.down_proj.weight")
        .contains("bytes of buffers and statistics, of", "seconds (estimate", "lm_head.weight")
        .doesNotContain("model.layers.0.mlp.down_proj.weight");
    assertThat(Outcome.of(place.sum("--dry-run", "--verbose")).assertDone().out())
        .contains("model.layers.0.mlp.down_proj.weight  F32[32, 72]");
    assertThat(Outcome.of(place.sum("--verbose")).code()).isEqualTo(2);
    assertThat(place.state()).isEqualTo(before);
    Outcome.of(place.sum()).assertDone();
    Outcome.of(place.sum("--force", "--dtype", "bf16", "--max-shard-size", "50kB")).assertDone();
    assertThat(Workplace.list(place.out))
        .contains("model.safetensors.index.json")
        .doesNotContain("model.safetensors");
    assertThat(Workplace.list(place.outputs)).containsExactly("out");
  }
}
