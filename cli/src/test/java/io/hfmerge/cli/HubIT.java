package io.hfmerge.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.hf.testing.TestHub;
import io.hfmerge.hf.testing.TestHub.Request;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Models of the Hub, through the packaged launcher. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the launcher is a shell script")
class HubIT {

  @TempDir Path temp;
  private TestHub hub;
  private Path cache;
  private Workplace place;
  private String commit;

  @BeforeEach
  void start() throws IOException {
    hub = TestHub.start();
    cache = temp.resolve("cache");
    place = new Workplace(temp);
    commit = hub.commit("org/base", place.base);
    hub.commit("org/tuned", place.a);
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private Outcome run(String... arguments) throws Exception {
    return run(Map.of(), arguments);
  }

  private Outcome run(Map<String, String> more, String... arguments) throws Exception {
    Map<String, String> environment = new HashMap<>();
    environment.put("HF_ENDPOINT", hub.endpoint());
    environment.put("HF_HUB_CACHE", cache.toString());
    environment.put("HF_HUB_OFFLINE", "");
    environment.put("HF_TOKEN", "");
    environment.put("HF_TOKEN_PATH", temp.resolve("no-token").toString());
    environment.putAll(more);
    return Outcome.launch(Outcome.launcher(), temp, environment, arguments);
  }

  private List<String> cached() throws IOException {
    if (!Files.exists(cache)) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(cache)) {
      return files.map(file -> cache.relativize(file).toString()).toList();
    }
  }

  @Test
  void downloadsOnceAndPrintsTheFolder() throws Exception {
    Path snapshot = cache.resolve("models--org--base/snapshots").resolve(commit);
    assertThat(run("download", "org/base").assertDone().out())
        .matches(
            "org/base at commit "
                + commit
                + ": 2 files, [0-9.]+ kB; [0-9.]+ kB downloaded\n"
                + snapshot
                + "\n");
    hub.forgetRequests();
    assertThat(run("download", "--quiet", "org/base@main", "org/base").assertDone().out())
        .isEqualTo(snapshot + "\n" + snapshot + "\n");
    assertThat(hub.requests()).noneMatch(Request::storage);
    assertThat(run(Map.of("HF_HUB_OFFLINE", "1"), "analyze", "org/base").assertDone().out())
        .contains("org/base: llama");
  }

  @Test
  void mergesWhatItDownloadsAndNotesTheCommits() throws Exception {
    run("sum", "--base", "org/base", "org/tuned@main=0.5", "-o", place.out.toString()).assertDone();
    Path hubSum = place.out;
    assertThat(Files.readString(hubSum.resolve("hfmerge.json")))
        .contains("\"revision\": \"" + commit + "\"", "\"hub_sha256\": \"");
    assertThat(Files.readString(hubSum.resolve("README.md")))
        .contains("- org/base\n- org/tuned\n", "- `org/base` at commit `" + commit + "`");
    Outcome.of("verify", hubSum.toString()).assertDone();
    Path local = place.outputs.resolve("local");
    Outcome.of("sum", "--base", place.base.toString(), place.a + "=0.5", "-o", local.toString())
        .assertDone();
    assertThat(hubSum.resolve("model.safetensors"))
        .hasSameBinaryContentAs(local.resolve("model.safetensors"));
  }

  @Test
  void mergesOverTheNetworkWithoutKeepingTheInputs() throws Exception {
    run("sum", "--stream", "--base", "org/base", "org/tuned=0.5", "-o", place.out.toString())
        .assertDone();
    assertThat(cached())
        .isNotEmpty()
        .noneMatch(file -> file.endsWith(".safetensors"))
        .noneMatch(file -> file.endsWith(".incomplete"));
    Path local = place.outputs.resolve("local");
    Outcome.of("sum", "--base", place.base.toString(), place.a + "=0.5", "-o", local.toString())
        .assertDone();
    assertThat(place.out.resolve("model.safetensors"))
        .hasSameBinaryContentAs(local.resolve("model.safetensors"));
    assertThat(Files.readString(place.out.resolve("hfmerge.json")))
        .contains(
            "\"address\": \"" + hub.endpoint() + "/org/base/resolve/" + commit,
            "\"hub_sha256\": \"");
    Outcome.of("verify", place.out.toString()).assertDone();
    Outcome streamed = run("analyze", "--stream", "--format", "json", "org/tuned").assertDone();
    Outcome downloaded = run("analyze", "--format", "json", "org/tuned").assertDone();
    assertThat(streamed.out()).isEqualTo(downloaded.out());
  }

  @Test
  void plansAndInspectsFromHeadersAlone() throws Exception {
    assertThat(run("inspect", "org/base").assertDone().out()).contains("model.embed_tokens.weight");
    run("sum", "--dry-run", "--base", "org/base", "org/tuned", "-o", place.out.toString())
        .assertDone();
    assertThat(cached()).isNotEmpty().noneMatch(file -> file.endsWith(".safetensors"));
  }

  @Test
  void saysWhatToDoAboutAGatedModel() throws Exception {
    hub.answer(
        request -> request.path().contains("/resolve/"),
        100,
        TestHub.status(401, "X-Error-Code", "GatedRepo", "X-Error-Message", "restricted"));
    run("analyze", "org/base")
        .assertRefused(
            ExitCode.ACCESS_REFUSED,
            List.of("org/base is gated", hub.endpoint() + "/org/base", "HF_TOKEN"));
    assertThat(cached()).noneMatch(file -> file.contains("incomplete"));
  }

  @Test
  void listsAllAttemptsForAModelThatIsNowhere() throws Exception {
    run("analyze", "org/typo")
        .assertRefused(
            ExitCode.NOT_FOUND,
            List.of(
                "tried the path " + temp.toRealPath().resolve("org/typo"),
                "tried the Hub: " + hub.endpoint() + "/org/typo: no such repository"));
    run("download", "inputs/a").assertRefused(ExitCode.USAGE, List.of("is a path on this machine"));
    run("download", "not a name").assertRefused(ExitCode.NOT_FOUND, List.of("OWNER/NAME"));
  }
}
