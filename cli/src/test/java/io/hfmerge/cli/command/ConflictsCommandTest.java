package io.hfmerge.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.cli.HfMerge;
import io.hfmerge.hf.testing.TokenizerFolder;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code conflicts}, {@code diff} and several models of {@code analyze}, from the command line. */
class ConflictsCommandTest {

  private static final Path MODELS =
      Path.of("..", "hf-loader", "src", "test", "resources", "golden", "checkpoints", "llama");
  private static final String BASE = MODELS.resolve("base").toString();
  private static final String A = MODELS.resolve("a").toString();
  private static final String B = MODELS.resolve("b").toString();
  private static final String C = MODELS.resolve("c").toString();
  private static final int SCREEN = 100;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    CommandLine commandLine = HfMerge.commandLine();
    commandLine.setOut(new PrintWriter(out));
    commandLine.setErr(new PrintWriter(err));
    return commandLine.execute(arguments);
  }

  private JsonNode json() {
    return JsonMapper.shared().readTree(out.toString());
  }

  @Test
  void tableFitsTheScreenAndEndsWithTheTheory() {
    assertThat(run("conflicts", "--base", BASE, A, B, C + "=0.5")).isZero();
    assertThat(out.toString())
        .contains("[3] " + C + ", weight 0.5")
        .contains("Pairs, whole model")
        .contains("What the theory says of the sum")
        .contains("predicted damage to [3]")
        .doesNotContain("\u001b");
    assertThat(out.toString().lines().skip(4))
        .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(SCREEN));
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void jsonNamesModelsMeasuresAndChance(@TempDir Path folder) throws Exception {
    Path first = folder.resolve("first.json");
    Path second = folder.resolve("second.json");
    String[] command = {"conflicts", "--base", BASE, A, B, "--format", "json"};
    assertThat(run(with(command, "-o", first.toString()))).isZero();
    assertThat(run(with(command, "-o", second.toString(), "--threads", "1"))).isZero();
    assertThat(second).hasSameTextualContentAs(first);
    JsonNode report = JsonMapper.shared().readTree(Files.readString(first));
    assertThat(report.get("schema").asString()).isEqualTo("hfmerge.conflicts/1");
    assertThat(report.get("models").get(1).get("id").asString()).isEqualTo(B);
    assertThat(report.get("tensors")).hasSize(39);
    assertThat(report.get("layers")).hasSize(4);
    assertThat(report.get("theory").get("predictedDamage")).hasSize(2);
    for (JsonNode value : report.get("model").get("values")) {
      if (value.get("measure").asString().endsWith("Overlap")) {
        double chance = value.get("chance").asDouble();
        assertThat(value.get("aboveChance").asDouble())
            .isEqualTo((value.get("value").asDouble() - chance) / (1 - chance));
      }
    }
  }

  private static String[] with(String[] command, String... more) {
    String[] all = java.util.Arrays.copyOf(command, command.length + more.length);
    System.arraycopy(more, 0, all, command.length, more.length);
    return all;
  }

  @Test
  void quickMeasuresSayWhatTheyLack() {
    assertThat(run("conflicts", "--base", BASE, A, B, "--metrics", "norms")).isZero();
    assertThat(out.toString())
        .contains("over-accumulation")
        .contains("Subspaces and predicted damage need --metrics all.");
  }

  /** What the numbers are is held in the analyzers; here that they reach the user. */
  @Test
  void modelsAreRunOnTexts(@TempDir Path folder) throws Exception {
    for (String model : new String[] {"base", "a", "b"}) {
      Path copy = Files.createDirectories(folder.resolve(model));
      for (String name : new String[] {"config.json", "model.safetensors"}) {
        Files.copy(MODELS.resolve("../gpt2").resolve(model).resolve(name), copy.resolve(name));
      }
      TokenizerFolder.writeCharacters(copy);
    }
    Path one = Files.writeString(folder.resolve("one.txt"), "abcdefgh".repeat(40));
    Path two = Files.writeString(folder.resolve("two.txt"), "stuvwxyz".repeat(40));
    String[] command = {
      "conflicts",
      "--base",
      folder.resolve("base").toString(),
      folder.resolve("a").toString(),
      folder.resolve("b").toString(),
      "--metrics=norms",
      "--text",
      one.toString(),
      "--text",
      two.toString(),
      "--window=24"
    };
    assertThat(run(command)).isZero();
    assertThat(out.toString())
        .contains(
            "On texts", "disentanglement", "overlap of inputs", "312 tokens in 13 sequences, 312");
    assertThat(out.toString().lines().skip(4).filter(line -> !line.contains(folder.toString())))
        .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(SCREEN));
    out.getBuffer().setLength(0);
    assertThat(run(with(command, "--format", "json"))).isZero();
    assertThat(json().get("texts").get(1).get("name").asString()).isEqualTo(two.toString());
    assertThat(json().get("layers").get(2).get("values").toString()).contains("\"cka\"");
    out.getBuffer().setLength(0);
    assertThat(run(with(command, "--text", two.toString()))).isEqualTo(2);
    assertThat(err.toString()).contains("or one for each of 2 models, found 3");
  }

  @Test
  void wrongUseIsExplained() {
    assertThat(run("conflicts", "--base", BASE, A)).isEqualTo(2);
    assertThat(run("conflicts", "--base", BASE, A, A)).isEqualTo(2);
    assertThat(run("conflicts", "--base", BASE, A, BASE)).isEqualTo(2);
    assertThat(run("conflicts", "--base", BASE, A, B, "--rank", "0")).isEqualTo(2);
    assertThat(run("conflicts", "--base", BASE, A, B, "--density", "0")).isEqualTo(2);
    assertThat(run("conflicts", "--base", BASE, A, B, "--threads", "0")).isEqualTo(2);
    assertThat(run("conflicts", "--base", BASE, A, B, "--samples", "5")).isEqualTo(2);
    assertThat(run("conflicts", "--base", BASE, A, B, "--plots", "pom.xml")).isEqualTo(7);
    assertThat(run("conflicts", "--base", BASE, A, B, "-o", "missing/c.json")).isEqualTo(7);
    assertThat(run("conflicts", "--base", BASE, A, B, "-o", "src")).isEqualTo(7);
    assertThat(out.toString()).isEmpty();
    assertThat(err.toString())
        .contains("--samples: expected --text FILE with it")
        .contains("pom.xml: expected a folder to write plots to, found a file")
        .contains("c.json: expected a file in a folder that exists")
        .contains("src: expected a file to write the report to, found a folder")
        .contains("expected two models or more, whose task vectors can clash; found one")
        .contains("stands twice")
        .contains("is the base: its task vector is zero")
        .contains("--rank: expected 1 to 4096, found 0")
        .contains("--density: expected a number above 0, at most 1, found 0.0")
        .contains("--threads: expected 1 to 1024, found 0");
  }

  @Test
  void parquetIsWrittenToFilesOnly(@TempDir Path folder) throws Exception {
    String[] command = {"conflicts", "--base", BASE, A, B, "--format", "parquet"};
    assertThat(run(command)).isEqualTo(2);
    assertThat(err.toString()).contains("--format parquet: expected -o FILE");
    Path file = folder.resolve("conflicts.parquet");
    assertThat(run(with(command, "-o", file.toString()))).isZero();
    assertThat(Files.readAllBytes(file))
        .startsWith('P', 'A', 'R', '1')
        .endsWith('P', 'A', 'R', '1');
  }

  @Test
  void changesOfZerosCountAsChanges(@TempDir Path folder) throws Exception {
    String base = vector(folder.resolve("base.safetensors"), 0, 0);
    String one = vector(folder.resolve("one.safetensors"), 1, 2);
    String other = vector(folder.resolve("other.safetensors"), 2, -1);
    assertThat(run("conflicts", "--base", base, one, other)).isZero();
    assertThat(out.toString())
        .contains("energy ratio                  1.000")
        .doesNotContain("no model changed");
    out.getBuffer().setLength(0);
    String same = vector(folder.resolve("same.safetensors"), 0, 0);
    String again = vector(folder.resolve("again.safetensors"), 0, 0);
    assertThat(run("conflicts", "--base", base, same, again)).isZero();
    assertThat(out.toString()).contains("1 tensors that no model changed");
  }

  private static String vector(Path file, float first, float second) throws Exception {
    byte[] header =
        "{\"bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}"
            .getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes = ByteBuffer.allocate(16 + header.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(header.length).put(header).putFloat(first).putFloat(second);
    return Files.write(file, bytes.array()).toString();
  }

  @Test
  void storedNumbersAreNoWeights(@TempDir Path folder) {
    String stored = folder.resolve("stored.json").toString();
    assertThat(run("analyze", BASE, "--format", "json", "-o", stored)).isZero();
    assertThat(run("conflicts", "--base", BASE, A, stored)).isEqualTo(2);
    assertThat(run("conflicts", "--base", stored, A, B)).isEqualTo(2);
    assertThat(run("diff", A, stored)).isEqualTo(2);
    assertThat(run("diff", stored, BASE)).isEqualTo(2);
    assertThat(err.toString().lines().filter(line -> line.startsWith("hfmerge: ")))
        .allSatisfy(line -> assertThat(line).contains("stored.json is a "))
        .hasSize(4);
  }

  @Test
  void balanceOfTaskVectorsIsSaidNotToBeMeasured() {
    assertThat(run("diff", A, BASE, "--heads")).isZero();
    assertThat(out.toString()).contains("balance: its identities hold for weights");
  }

  @Test
  void otherFamiliesAreRefusedByShape() {
    String other = MODELS.resolveSibling("gpt2").resolve("a").toString();
    assertThat(run("conflicts", "--base", BASE, A, other)).isNotZero();
    assertThat(err.toString()).contains("expected models of one shape, fine-tuned from one base");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void diffIsTheTaskVectorOfAnalyzeWithABase() {
    assertThat(run("diff", A, BASE, "--format", "json")).isZero();
    String diff = out.toString();
    out.getBuffer().setLength(0);
    assertThat(run("analyze", "--base", BASE, A, "--format", "json")).isZero();
    assertThat(out.toString()).isEqualTo(diff);
    JsonNode report = json();
    assertThat(report.get("model").get("base").asString()).isEqualTo(BASE);
    assertThat(report.get("matrices")).hasSize(32);
    assertThat(report.get("matrices").get(0).get("noiseFloor").asDouble()).isBetween(1e-9, 1e-5);
  }

  @Test
  void modelWithoutChangesIsSaidToHaveNone() {
    assertThat(run("diff", BASE, BASE)).isZero();
    assertThat(out.toString()).contains("Flagged: 32").contains("unchanged from the base");
  }

  @Test
  void severalModelsStandSideBySide() {
    assertThat(run("analyze", BASE, A, B, "--metrics", "all", "--heads")).isZero();
    assertThat(out.toString())
        .contains("[3] " + B)
        .contains("Stable rank, means by role")
        .contains("QK tightness")
        .contains("Stable ranks that differ most from [1]");
    assertThat(out.toString().lines().skip(3))
        .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(SCREEN));
    out.getBuffer().setLength(0);
    assertThat(run("analyze", BASE, A, "--format", "json")).isZero();
    assertThat(json().get("schema").asString()).isEqualTo("hfmerge.comparison/1");
    assertThat(json().get("reports").get(1).get("model").get("id").asString()).isEqualTo(A);
    out.getBuffer().setLength(0);
    assertThat(run("analyze", BASE, A, "--format", "csv")).isZero();
    assertThat(out.toString().lines().filter(line -> line.startsWith("model,"))).hasSize(1);
    assertThat(out.toString()).contains("\n" + A + ",");
  }
}
