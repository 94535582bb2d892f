package io.hfmerge.hf.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.AccessRefusedException;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.OpenOptions;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.TestHub;
import io.hfmerge.hf.testing.TestHub.Request;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HubModelsTest {

  @TempDir Path temp;
  private HubFixture fixture;
  private TestHub hub;
  private Map<String, byte[]> llama;

  @BeforeEach
  void start() throws IOException {
    fixture = new HubFixture(temp);
    hub = fixture.hub;
    llama = new LinkedHashMap<>(TestHub.files(ModelFolders.golden("llama", "a")));
  }

  @AfterEach
  void stop() {
    fixture.close();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void downloadsWhatAModelIsMadeOfIntoTheLayoutOfTheHubsCache() throws IOException {
    llama.put("pytorch_model.bin", bytes("not wanted beside safetensors"));
    llama.put("onnx/model.onnx", bytes("not wanted"));
    llama.put("training_args.bin", bytes("not wanted"));
    llama.put("tokenizer.json", bytes("{}"));
    llama.put("additional_chat_templates/rag.jinja", bytes("{{ messages }}"));
    hub.pageSize(2);
    String commit = hub.commit("org/llama", llama);

    FetchedModel fetched = fixture.fetch("org/llama");

    String weights = TestHub.etag("model.safetensors", llama.get("model.safetensors"));
    String template = TestHub.etag("x.jinja", bytes("{{ messages }}"));
    String snapshot = "models--org--llama/snapshots/" + commit;
    assertThat(fixture.state())
        .containsEntry("models--org--llama/refs/main", "40")
        .containsEntry(
            "models--org--llama/blobs/" + weights,
            String.valueOf(llama.get("model.safetensors").length))
        .containsEntry(snapshot + "/model.safetensors", "-> ../../blobs/" + weights)
        .containsEntry(
            snapshot + "/additional_chat_templates/rag.jinja", "-> ../../../blobs/" + template)
        .containsKeys(snapshot + "/config.json", snapshot + "/tokenizer.json", "CACHEDIR.TAG")
        .doesNotContainKeys(
            snapshot + "/pytorch_model.bin",
            snapshot + "/onnx/model.onnx",
            snapshot + "/training_args.bin")
        .allSatisfy((name, size) -> assertThat(name).doesNotContain("incomplete", ".tmp"));
    assertThat(fixture.cache().resolve("models--org--llama/refs/main")).hasContent(commit);
    assertThat(fetched.location().folder()).isEqualTo(fixture.cache().resolve(snapshot));
    assertThat(fetched.location().revision()).contains(commit);
    assertThat(fetched.receivedBytes()).isEqualTo(fetched.sizeBytes());
    try (HfModel model = fixture.hfModels(OpenOptions.DEFAULT).openModel("org/llama")) {
      assertThat(model.structure().modelType()).isEqualTo("llama");
    }
  }

  @Test
  void asksForNoFileThatIsThereAlready() throws IOException {
    hub.commit("org/llama", llama);
    fixture.fetch("org/llama");
    hub.forgetRequests();

    FetchedModel again = fixture.fetch("org/llama");

    assertThat(again.receivedBytes()).isZero();
    assertThat(hub.requests()).hasSize(2).noneMatch(request -> request.path().contains("resolve"));
  }

  @Test
  void worksOfflineFromWhatIsThere() throws IOException {
    String commit = hub.commit("org/llama", llama);
    fixture.fetch("org/llama");
    hub.forgetRequests();
    fixture.environment.put("HF_HUB_OFFLINE", "yes");

    assertThat(fixture.fetch("org/llama").commit()).isEqualTo(commit);
    assertThat(fixture.fetch("org/llama@" + commit).commit()).isEqualTo(commit);
    assertThat(hub.requests()).isEmpty();
    assertThatThrownBy(() -> fixture.fetch("org/other"))
        .isInstanceOf(UnreachableHubException.class)
        .hasMessageContaining("not in the local cache")
        .hasMessageContaining("offline (HF_HUB_OFFLINE)");
  }

  @Test
  void opensACacheWithoutLinks() throws IOException {
    fixture.environment.put("HF_HUB_DISABLE_SYMLINKS", "1");
    String commit = hub.commit("org/llama", llama);
    fixture.fetch("org/llama");
    assertThat(fixture.state())
        .containsEntry(
            "models--org--llama/snapshots/" + commit + "/model.safetensors",
            String.valueOf(llama.get("model.safetensors").length))
        .allSatisfy((name, size) -> assertThat(name).doesNotContain("blobs/"));
    hub.forgetRequests();
    assertThat(fixture.fetch("org/llama").receivedBytes()).isZero();
  }

  @Test
  void followsARevisionThatMovesAndKeepsTheOldSnapshot() throws IOException {
    String first = hub.commit("org/llama", llama);
    FetchedModel before = fixture.fetch("org/llama");
    llama.put("config.json", bytes("{\"model_type\": \"other\"}"));
    String second = hub.commit("org/llama", llama);

    FetchedModel after = fixture.fetch("org/llama");

    assertThat(after.commit()).isEqualTo(second).isNotEqualTo(first);
    assertThat(after.receivedBytes()).isEqualTo(llama.get("config.json").length);
    assertThat(before.location().folder().resolve("config.json")).exists();
    assertThat(fixture.cache().resolve("models--org--llama/refs/main")).hasContent(second);
    assertThat(fixture.fetch("org/llama@" + first).commit()).isEqualTo(first);
  }

  @Test
  void readsBranchesWithSlashesSubfoldersAndSingleFiles() throws IOException {
    Map<String, byte[]> nested = new LinkedHashMap<>();
    llama.forEach((name, content) -> nested.put("step 1/" + name, content));
    nested.put("README.md", bytes("# model"));
    String commit = hub.commit("org/many", nested);
    hub.branch("org/many", "refs/pr/7", commit);

    FetchedModel folder = fixture.fetch("org/many@refs/pr/7:step 1");
    assertThat(folder.location().folder()).endsWith(Path.of(commit, "step 1"));
    assertThat(fixture.cache().resolve("models--org--many/refs/refs/pr/7")).hasContent(commit);

    FetchedModel file = fixture.fetch("org/many:step 1/model.safetensors");
    assertThat(file.location().weightsFile())
        .contains(folder.location().folder().resolve("model.safetensors"));
    assertThatThrownBy(() -> fixture.fetch("org/many"))
        .isInstanceOf(UnresolvedReferenceException.class)
        .hasMessageContaining("found ");
  }

  @Test
  void downloadsTheShardsThatTheIndexNames() throws IOException {
    Path shards = temp.resolve("shards");
    ModelFolders.write(
        shards, ModelFolders.read(ModelFolders.golden("llama", "a")).values(), 20_000);
    Map<String, byte[]> files = TestHub.files(shards);
    assertThat(files.size()).isGreaterThan(4);
    files.put("model-99999-of-99999.safetensors", bytes("no shard of the index"));
    hub.commit("sharded", files);
    FetchedModel fetched = fixture.fetch("sharded");
    assertThat(fetched.files()).isEqualTo(files.size() - 1);
    try (HfModel model = fixture.hfModels(OpenOptions.DEFAULT).openModel("sharded")) {
      assertThat(model.checkpoint().tensors()).isNotEmpty();
    }
  }

  @Test
  void followsTheRedirectOfARenamedRepository() throws IOException {
    hub.commit("openai-community/gpt2", llama);
    hub.rename("gpt2", "openai-community/gpt2");
    FetchedModel fetched = fixture.fetch("gpt2");
    // the cache has the name that was asked for
    assertThat(fetched.location().folder().toString()).contains("models--gpt2/");
  }

  @Test
  void sendsTheTokenToTheHubAndToNobodyElse() throws IOException {
    fixture.environment.put("HF_TOKEN", " hf_secret\n");
    hub.commit("org/llama", llama);
    fixture.fetch("org/llama");
    assertThat(hub.requests())
        .filteredOn(request -> !request.storage())
        .isNotEmpty()
        .allMatch(request -> request.authorization().orElse("").equals("Bearer hf_secret"));
    assertThat(hub.requests())
        .filteredOn(Request::storage)
        .isNotEmpty()
        .allMatch(request -> request.authorization().isEmpty())
        .allMatch(request -> request.host().startsWith("localhost:"));
  }

  @Test
  void usesTheLastKnownCopyWhereTheHubIsDown() throws IOException {
    String commit = hub.commit("org/llama", llama);
    fixture.fetch("org/llama");
    hub.answer(request -> true, 1000, TestHub.status(503));
    assertThat(fixture.fetch("org/llama").commit()).isEqualTo(commit);
    assertThat(fixture.pauses).hasSize(4);
    fixture.environment.put("HF_ENDPOINT", "http://127.0.0.1:1");
    assertThat(fixture.fetch("org/llama").commit()).isEqualTo(commit);
    assertThatThrownBy(() -> fixture.fetch("org/other"))
        .isInstanceOf(UnreachableHubException.class)
        .hasMessageContaining("http://127.0.0.1:1 cannot be reached")
        .hasMessageContaining("not in the local cache");
  }

  /** Who may no longer read a model is told so, rather than given what was read before. */
  @ParameterizedTest
  @CsvSource({"401, ''", "404, RepoNotFound", "403, GatedRepo", "401, GatedRepo", "403, ''"})
  void usesNoCopyWhereTheHubRefusesTheModel(int status, String code) throws IOException {
    hub.commit("org/llama", llama);
    fixture.fetch("org/llama");
    hub.answer(request -> true, 1000, TestHub.status(status, "X-Error-Code", code));
    assertThatThrownBy(() -> fixture.fetch("org/llama"))
        .isInstanceOfAny(AccessRefusedException.class, UnresolvedReferenceException.class)
        .hasMessageContaining("HTTP " + status);
  }

  @Test
  void listsTheHubAmongWhatWasTried() {
    assertThatThrownBy(() -> fixture.hfModels(OpenOptions.DEFAULT).openModel("models/typo"))
        .isInstanceOf(UnresolvedReferenceException.class)
        .hasMessageContaining("tried the path ")
        .hasMessageContaining("tried the Hub: " + hub.endpoint() + "/models/typo: no such")
        .hasMessageContaining("set HF_TOKEN")
        .hasMessageContaining("HTTP 401");
    assertThatThrownBy(() -> fixture.hfModels(OpenOptions.DEFAULT).openModel("../typo"))
        .isInstanceOf(UnresolvedReferenceException.class)
        .hasMessageContaining("tried the Hub: expected NAME or OWNER/NAME");
  }

  @Test
  void refusesAListingWithoutWeightsByName() throws IOException {
    hub.commit("org/data", Map.of("data.csv", bytes("1")));
    assertThatThrownBy(() -> fixture.fetch("org/data"))
        .isInstanceOf(UnresolvedReferenceException.class)
        .hasMessageContaining("expected model.safetensors")
        .hasMessageEndingWith("found data.csv");
    hub.commit(
        "org/broken",
        Map.of("model.safetensors.index.json", bytes("{\"weight_map\":{\"t\":\"../x\"}}")));
    assertThatThrownBy(() -> fixture.fetch("org/broken"))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("../x");
    assertThat(Files.exists(temp.resolve("x"))).isFalse();
  }
}
