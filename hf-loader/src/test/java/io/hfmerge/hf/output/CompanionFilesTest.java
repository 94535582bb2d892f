package io.hfmerge.hf.output;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.hf.testing.ModelFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompanionFilesTest {

  private static final List<String> COPIED =
      List.of(
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "vocab.json",
          "merges.txt",
          "vocab.txt",
          "tokenizer.model",
          "spiece.model",
          "chat_template.jinja",
          "chat_template.json",
          "additional_chat_templates/tools.jinja",
          "generation_config.json",
          "preprocessor_config.json",
          "processor_config.json",
          "video_preprocessor_config.json",
          "LICENSE",
          "LICENSE.txt",
          "license.md",
          "NOTICE",
          "USE_POLICY.md",
          "modules.json",
          "1_Pooling/config.json",
          "2_Normalize/config.json");

  private static final List<String> LEFT_BEHIND =
      List.of(
          "README.md",
          "config.json",
          "model.safetensors",
          "model-00001-of-00002.safetensors",
          "model.safetensors.index.json",
          "pytorch_model.bin",
          "pytorch_model.bin.index.json",
          "tf_model.h5",
          "flax_model.msgpack",
          "rust_model.ot",
          "training_args.bin",
          "trainer_state.json",
          "optimizer.pt",
          "scheduler.pt",
          "rng_state.pth",
          ".gitattributes",
          "onnx/model.onnx",
          "original/consolidated.00.pth",
          "coreml/model.mlpackage",
          "checkpoint-500/tokenizer.json",
          "additional_chat_templates/weights.bin");

  @TempDir Path temp;

  private Path source;
  private Path target;

  @BeforeEach
  void setUp() throws IOException {
    source = Files.createDirectory(temp.resolve("source"));
    target = Files.createDirectory(temp.resolve("target"));
  }

  @Test
  void copiesWhatTransformersNeedsAndLeavesTheRest() throws IOException {
    List<String> all = new ArrayList<>(COPIED);
    all.addAll(LEFT_BEHIND);
    all.add("modeling_own.py");
    for (String name : all) {
      put(name);
    }

    List<String> copied = CompanionFiles.copy(source, target, false);

    assertThat(copied).containsExactlyInAnyOrderElementsOf(COPIED);
    assertThat(ModelFolders.list(target))
        .filteredOn(name -> !name.endsWith("/"))
        .containsExactlyInAnyOrderElementsOf(COPIED);
    for (String name : COPIED) {
      assertThat(target.resolve(name)).hasContent("content of " + name);
    }
  }

  @Test
  void copiesPythonFilesOfRemoteCodeOnly() throws IOException {
    put("modeling_own.py");
    put("helper.pyc");
    assertThat(CompanionFiles.copy(source, target, true)).containsExactly("modeling_own.py");
  }

  @Test
  void copiesTheContentThatALinkOfTheHubsCachePointsTo() throws IOException {
    Path blobs = Files.createDirectories(temp.resolve("models--org--name/blobs"));
    Path snapshot = Files.createDirectories(temp.resolve("models--org--name/snapshots/0123"));
    Path blob = Files.writeString(blobs.resolve("4567"), "tokens");
    Files.createSymbolicLink(snapshot.resolve("tokenizer.json"), snapshot.relativize(blob));
    assertThat(CompanionFiles.copy(snapshot, target, false)).containsExactly("tokenizer.json");
    assertThat(target.resolve("tokenizer.json")).isRegularFile().hasContent("tokens");
    assertThat(Files.isSymbolicLink(target.resolve("tokenizer.json"))).isFalse();
  }

  @Test
  void passesOverAFolderThatHasTheNameOfAFile() throws IOException {
    put("tokenizer.json/inner");
    assertThat(CompanionFiles.copy(source, target, false)).isEmpty();
    assertThat(target).isEmptyDirectory();
  }

  private void put(String name) throws IOException {
    Path file = source.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "content of " + name);
  }
}
