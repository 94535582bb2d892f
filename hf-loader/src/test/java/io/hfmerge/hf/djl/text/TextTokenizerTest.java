package io.hfmerge.hf.djl.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.testing.ModelFolders;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class TextTokenizerTest {

  private static final List<String> TEXTS =
      List.of(
          "Summing task vectors merges two fine-tuned checkpoints.",
          "Café déjà vu — 北京 🙂 naïve co-operation, e.g. U.S.A. 3.14!",
          "An [MASK] in the middle\tof\u0000 a line\nand unaffable antidisestablishmentarianism",
          "");

  @TempDir private Path folder;

  /** See make_tokenizers.py beside them. */
  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "roberta", "qwen2"})
  void readsBytePairFilesAsTransformersDoes(String type) throws Exception {
    Path files = ModelFolders.GOLDEN.resolve("tokenizers").resolve(type);
    try (TextTokenizer tokenizer = TextTokenizer.open(type, files, type)) {
      for (JsonNode entry : JsonMapper.shared().readTree(files.resolve("expected.json").toFile())) {
        String text = entry.get("text").stringValue();
        long[] expected = new long[entry.get("ids").size()];
        Arrays.setAll(expected, i -> entry.get("ids").get(i).longValue());
        long[] ids = tokenizer.encode(text).ids();

        assertThat(ids).as(text).isEqualTo(expected);
        assertThat(tokenizer.decode(ids, true)).isEqualTo(entry.get("decoded").stringValue());
      }
    }
  }

  /** The published tokenizer.json of the same vocabulary is the reference. */
  @Test
  void readsWordPieceFilesAsTheirTokenizerJson() throws Exception {
    try (HfModel sample = HfModels.open("sample:all-MiniLM-L6-v2");
        TextTokenizer published = TextTokenizer.open(sample)) {
      Path json = sample.location().folder().resolve("tokenizer.json");
      Map<Integer, String> tokens = new TreeMap<>();
      for (Map.Entry<String, JsonNode> entry :
          JsonMapper.shared().readTree(json.toFile()).get("model").get("vocab").properties()) {
        tokens.put(entry.getValue().intValue(), entry.getKey());
      }
      Files.write(folder.resolve("vocab.txt"), new ArrayList<>(tokens.values()));
      try (TextTokenizer converted = TextTokenizer.open("vocab.txt", folder, "bert")) {
        for (String text : TEXTS) {
          assertThat(converted.encode(text).ids()).as(text).isEqualTo(published.encode(text).ids());
        }
        TokenIds pair = converted.encode(TEXTS.get(0), TEXTS.get(1));
        assertThat(pair.ids()).isEqualTo(published.encode(TEXTS.get(0), TEXTS.get(1)).ids());
        assertThat(pair.types()).startsWith(0).endsWith(1);
        assertThat(converted.decode(converted.encode(TEXTS.get(0)).ids(), true))
            .isEqualTo("summing task vectors merges two fine - tuned checkpoints.");
      }
    }
  }

  @Test
  void neitherCutsNorPads() throws Exception {
    try (HfModel sample = HfModels.open("sample:all-MiniLM-L6-v2");
        TextTokenizer tokenizer = TextTokenizer.open(sample)) {
      assertThat(tokenizer.encode("a ".repeat(1000)).length()).isEqualTo(1002);
      assertThat(tokenizer.encode("a").length()).isEqualTo(3);
      assertThat(tokenizer.encodePlain("a").length()).isEqualTo(1);
    }
  }

  @Test
  void refusesFoldersWithoutTokenizerNamingItsFiles() {
    assertThatThrownBy(() -> TextTokenizer.open("org/name", folder, "bert"))
        .isInstanceOf(UnresolvedReferenceException.class)
        .hasMessageContaining("org/name: expected tokenizer.json, vocab.txt, or vocab.json and");
  }

  @Test
  void refusesBrokenFiles() throws Exception {
    Path broken = Files.createDirectories(folder.resolve("broken"));
    Files.writeString(broken.resolve("tokenizer.json"), "{\"version\": 3}");
    assertThatThrownBy(() -> TextTokenizer.open("broken", broken, "bert"))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("tokenizer.json: expected a tokenizer that the tokenizers library");

    Path merges = Files.createDirectories(folder.resolve("merges"));
    Files.writeString(merges.resolve("vocab.json"), "{\"a\": 0}");
    Files.writeString(merges.resolve("merges.txt"), "#version: 0.2\na b\na b c\n");
    assertThatThrownBy(() -> TextTokenizer.open("merges", merges, "gpt2"))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("merges.txt: line 3: expected two tokens");
    assertThatThrownBy(() -> TextTokenizer.open("merges", merges, "t5"))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("\"t5\" without tokenizer.json");

    Path words = Files.createDirectories(folder.resolve("words"));
    Files.writeString(words.resolve("vocab.txt"), "a\nb\n");
    assertThatThrownBy(() -> TextTokenizer.open("words", words, "bert"))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("expected the special token \"[CLS]\"");
  }
}
