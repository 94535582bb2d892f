package io.hfmerge.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.arch.Architectures;
import io.hfmerge.hf.testing.ModelFolders;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HfModelsTest {

  @TempDir Path temp;

  @Test
  void opensAFolderAFileAndShards() throws IOException {
    Path golden = ModelFolders.golden("llama", "a");
    try (HfModel model = HfModels.open(golden.toString())) {
      assertThat(model.reference()).isEqualTo(golden.toString());
      assertThat(model.structure().modelType()).isEqualTo("llama");
      assertThat(model.config()).isPresent();
    }
    Path alone = Files.copy(golden.resolve("model.safetensors"), temp.resolve("x.safetensors"));
    try (HfModel model = HfModels.open(alone.toString())) {
      assertThat(model.structure().modelType()).isEqualTo("unknown");
      assertThat(model.config()).isEmpty();
    }
    Path shards = temp.resolve("shards");
    ModelFolders.write(shards, ModelFolders.read(golden).values(), 20_000);
    try (HfModel model = HfModels.open(shards.toString());
        HfModel single = HfModels.open(golden.toString())) {
      assertThat(model.checkpoint().tensors())
          .containsExactlyInAnyOrderElementsOf(single.checkpoint().tensors());
    }
  }

  @Test
  void prefersTheSingleFileAsTransformersDoes() throws IOException {
    Path folder = ModelFolders.write(temp.resolve("m"), ModelFolders.read(llama()).values());
    Files.writeString(folder.resolve("model.safetensors.index.json"), "not read");
    Files.writeString(folder.resolve("pytorch_model.bin"), "not read");
    try (HfModel model = HfModels.open(folder.toString())) {
      assertThat(model.checkpoint().tensors()).isNotEmpty();
    }
  }

  @Test
  void listsWhatWasTriedForAReferenceThatNobodyKnows() {
    assertThatThrownBy(() -> HfModels.open("gpt5"))
        .isInstanceOf(UnresolvedReferenceException.class)
        .hasMessage(
            """
            "gpt5": expected a folder, a .safetensors or .bin file, sample:NAME or a model on the Hub, found none of them
              tried the path %s: no such file or folder
              tried a sample: those are written sample:NAME, one of all-MiniLM-L6-v2
              tried the Hub: gpt5: not in the local cache (%s/models--gpt5) and offline (HF_HUB_OFFLINE)\
            """
                .formatted(Path.of("gpt5").toAbsolutePath(), System.getenv("HF_HUB_CACHE")));
  }

  @Test
  void saysWhatAFolderWithoutWeightsHolds() throws IOException {
    assertThatThrownBy(() -> HfModels.open(temp.toString()))
        .isInstanceOf(UnresolvedReferenceException.class)
        .hasMessage(
            temp
                + ": expected model.safetensors, pytorch_model.bin or their indexes in it, found an"
                + " empty folder");
    for (int i = 0; i < 10; i++) {
      Files.createFile(temp.resolve("file" + i));
    }
    assertThatThrownBy(() -> HfModels.open(temp.toString()))
        .isInstanceOf(UnresolvedReferenceException.class)
        .hasMessageContaining("found file0, file1, file2")
        .hasMessageEndingWith("file7, and 2 more");
  }

  @ParameterizedTest
  @ValueSource(strings = {"pytorch_model-00001-of-00002.bin", "model.pt", "m.pth"})
  void saysHowToNameAFileThatIsNotFoundByItself(String name) throws IOException {
    Files.createFile(temp.resolve(name));
    Files.writeString(temp.resolve("config.json"), "{}");
    assertThatThrownBy(() -> HfModels.open(temp.toString()))
        .isInstanceOf(UnresolvedReferenceException.class)
        .hasMessageContaining(name + ", give that file as the reference");
  }

  @Test
  void opensPyTorchFilesAsFoldersAndAsFiles() throws IOException {
    Path folder = Path.of("src/test/resources/golden/formats/bin-legacy").toAbsolutePath();
    try (HfModel model = HfModels.open(folder.toString());
        HfModel file = HfModels.open(folder.resolve("pytorch_model.bin").toString())) {
      assertThat(model.structure().modelType()).isEqualTo("gpt2");
      assertThat(file.checkpoint().tensors()).isEqualTo(model.checkpoint().tensors());
      assertThat(model.notes()).singleElement().asString().contains("2 tensors share their data");
    }
    Path blob = Files.copy(folder.resolve("pytorch_model.bin"), temp.resolve("0a1b2c"));
    try (HfModel model = HfModels.open(blob.toString())) {
      assertThat(model.checkpoint().tensors()).hasSize(53);
    }
    Path shards = Path.of("src/test/resources/golden/torch/sharded").toAbsolutePath();
    try (HfModel model = HfModels.open(shards.toString())) {
      assertThat(model.checkpoint().tensors()).hasSize(27);
    }
  }

  @Test
  void notesThatSafetensorsWon() throws IOException {
    Path folder = ModelFolders.write(temp.resolve("m"), ModelFolders.read(llama()).values());
    Files.writeString(folder.resolve("pytorch_model.bin"), "not read");
    try (HfModel model = HfModels.open(folder.toString())) {
      assertThat(model.notes())
          .containsExactly(
              folder + ": read model.safetensors, not pytorch_model.bin, as transformers does");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.safetensors", "config.json"})
  void followsNoLinkOutOfTheFolder(String name) throws IOException {
    Path folder = Files.createDirectory(temp.resolve("m"));
    for (String file : List.of("model.safetensors", "config.json")) {
      if (file.equals(name)) {
        Files.createSymbolicLink(folder.resolve(file), llama().resolve(file));
      } else {
        Files.copy(llama().resolve(file), folder.resolve(file));
      }
    }
    assertThatThrownBy(() -> HfModels.open(folder.toString()))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining(folder.resolve(name).toString())
        .hasMessageContaining("symbolic link to " + llama().resolve(name).toRealPath());
  }

  @Test
  void followsTheLinksOfTheHubsCache() throws IOException {
    Path repository = temp.resolve("models--org--name");
    Path blobs = Files.createDirectories(repository.resolve("blobs"));
    Path snapshot = Files.createDirectories(repository.resolve("snapshots/0123abcd"));
    for (String file : List.of("model.safetensors", "config.json")) {
      Path blob = Files.copy(llama().resolve(file), blobs.resolve("blob-of-" + file));
      Files.createSymbolicLink(snapshot.resolve(file), snapshot.relativize(blob));
    }
    try (HfModel model = HfModels.open(snapshot.toString())) {
      assertThat(model.structure().modelType()).isEqualTo("llama");
    }
    Files.createSymbolicLink(temp.resolve("mine"), snapshot);
    try (HfModel model = HfModels.open(temp.resolve("mine").toString())) {
      assertThat(model.structure().modelType()).isEqualTo("llama");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"adapter_model.safetensors", "adapter_model.bin"})
  void saysWhatToDoWithAnAdapter(String name) throws IOException {
    Files.createFile(temp.resolve(name));
    Files.writeString(temp.resolve("adapter_config.json"), "{}");
    assertThatThrownBy(() -> HfModels.open(temp.toString()))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("the adapter " + name)
        .hasMessageContaining("BASE+");
  }

  @Test
  void reportsAFolderThatCannotBeRead() throws IOException {
    assumeFalse(System.getProperty("user.name").equals("root"), "root may read everything");
    Path folder = Files.createDirectory(temp.resolve("locked"));
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("---------"));
    assertThatThrownBy(() -> HfModels.open(folder.toString()))
        .isInstanceOf(AccessDeniedException.class)
        .hasMessageContaining(folder.toString());
  }

  @Test
  void closesTheWeightsWhenTheConfigIsBad() throws IOException {
    Path folder = ModelFolders.write(temp.resolve("m"), ModelFolders.read(llama()).values());
    Files.writeString(folder.resolve("config.json"), "{\"model_type\": ");
    assertThatThrownBy(() -> HfModels.open(folder.toString()))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("config.json");
  }

  @Test
  void asksResolversInTheirOrderUntilOneKnows() throws IOException {
    List<String> asked = new ArrayList<>();
    HfModels models =
        new HfModels(
            List.of(resolver(7, asked, true), resolver(-1, asked, false), resolver(3, asked, true)),
            Architectures.load());
    try (HfModel model = models.openModel("mine")) {
      assertThat(model.location().folder()).isEqualTo(llama());
    }
    assertThat(asked).containsExactly("-1 mine", "3 mine");
  }

  private static ModelResolver resolver(int order, List<String> asked, boolean knows) {
    return new ModelResolver() {
      @Override
      public int order() {
        return order;
      }

      @Override
      public Optional<ModelLocation> resolve(String reference, ResolutionAttempts attempts) {
        asked.add(order + " " + reference);
        return knows ? Optional.of(ModelLocation.folder(llama())) : Optional.empty();
      }
    };
  }

  private static Path llama() {
    return ModelFolders.golden("llama", "base");
  }
}
