package io.hfmerge.hf.vocab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.CodedOutputStream;
import io.hfmerge.error.HfMergeException;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.testing.TokenizerFolder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VocabularyReaderTest {

  @TempDir Path folder;

  private Vocabulary read() throws IOException {
    return VocabularyReader.read("model", folder);
  }

  private static List<@Nullable String> tokens(Vocabulary vocabulary) {
    List<@Nullable String> tokens = new ArrayList<>();
    for (int id = 0; id < vocabulary.size(); id++) {
      tokens.add(vocabulary.token(id));
    }
    return tokens;
  }

  private void file(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  @Test
  void readsModelAndAddedTokensOfTokenizerJson() throws IOException {
    TokenizerFolder.write(folder, List.of("<unk>", "a", "é"), List.of("<x>", "y z"));
    Vocabulary vocabulary = read();
    assertThat(tokens(vocabulary)).containsExactly("<unk>", "a", "é", "<x>", "y z");
    assertThat(vocabulary.added("<x>").orElseThrow().special()).isTrue();
    assertThat(vocabulary.added("y z").orElseThrow().special()).isFalse();
    assertThat(vocabulary.added("a")).isEmpty();
    assertThat(vocabulary.nextId()).isEqualTo(5);
  }

  @Test
  void readsUnigramPiecesByPlace() throws IOException {
    file(
        "tokenizer.json",
        "{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"<pad>\",0.0],[\"▁a\",-1.5],[\"b\",-2]]}}");
    assertThat(tokens(read())).containsExactly("<pad>", "▁a", "b");
  }

  @Test
  void addsWhatOnlyTheFilesBesideItName() throws IOException {
    TokenizerFolder.write(folder, List.of("<unk>", "a"), List.of("<x>"));
    file(
        "tokenizer_config.json",
        """
        {"added_tokens_decoder": {"2": {"content": "<x>", "special": true},
          "3": {"content": "<pad>", "lstrip": true, "special": true}}}
        """);
    file("added_tokens.json", "{\"<pad>\": 3, \"<late>\": 4, \"a\": 9}");
    Vocabulary vocabulary = read();
    assertThat(tokens(vocabulary)).containsExactly("<unk>", "a", "<x>", "<pad>", "<late>");
    assertThat(vocabulary.outside())
        .extracting(AddedToken::content)
        .containsExactly("<pad>", "<late>");
    assertThat(vocabulary.outside().getFirst().lstrip()).isTrue();
    assertThat(vocabulary.nextId()).isEqualTo(5);
    assertThat(vocabulary.notes())
        .singleElement()
        .asString()
        .contains("added_tokens.json: token \"a\" has id 9; tokenizer.json has 1, which counts");
  }

  @Test
  void readsVocabJsonAndVocabTxt() throws IOException {
    file("vocab.txt", "[PAD]\r\n[UNK]\nthe\n##s\n");
    assertThat(tokens(read())).containsExactly("[PAD]", "[UNK]", "the", "##s");
    file("vocab.json", "{\"b\": 1, \"a\": 0}");
    file("merges.txt", "#version: 0.2\n");
    file("added_tokens.json", "{\"<x>\": 2}");
    Vocabulary vocabulary = read();
    assertThat(tokens(vocabulary)).containsExactly("a", "b", "<x>");
    assertThat(vocabulary.nextId()).isEqualTo(3);
  }

  @Test
  void ofEqualLinesTheLastCounts() throws IOException {
    file("vocab.txt", "a\nb\na\n");
    Vocabulary vocabulary = read();
    assertThat(tokens(vocabulary)).containsExactly(null, "b", "a");
    assertThat(vocabulary.notes())
        .singleElement()
        .asString()
        .contains("line 3: \"a\" is in line 1");
  }

  @Test
  void readsSentencePieceModels() throws IOException {
    Files.write(folder.resolve("tokenizer.model"), pieces("<unk>", "<s>", "▁the", "é"));
    assertThat(tokens(read())).containsExactly("<unk>", "<s>", "▁the", "é");
  }

  private static byte[] pieces(String... pieces) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    for (String piece : pieces) {
      ByteArrayOutputStream inner = new ByteArrayOutputStream();
      CodedOutputStream message = CodedOutputStream.newInstance(inner);
      message.writeString(1, piece);
      message.writeFloat(2, -1.5f);
      message.writeEnum(3, 2);
      message.flush();
      out.writeByteArray(1, inner.toByteArray());
    }
    out.writeString(9, "trainer and normaliser settings are passed over");
    out.flush();
    return bytes.toByteArray();
  }

  @Test
  void refusesModelsWithoutTokenizer() {
    assertThatThrownBy(this::read)
        .isInstanceOf(UnresolvedReferenceException.class)
        .hasMessageStartingWith("model: ")
        .hasMessageContaining(
            "expected tokenizer.json, vocab.json, vocab.txt or tokenizer.model in ")
        .hasMessageContaining("copy the tokenizer's files");
  }

  @Test
  void refusesPiecesWhoseIdsDependOnCode() throws IOException {
    file("spiece.model", "");
    assertThatThrownBy(this::read)
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("spiece.model")
        .hasMessageContaining("save_pretrained");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"model":{"vocab":{"a":-1}}}                 | an id from 0 to 16777215 for "a", found -1
          {"model":{"vocab":{"a":99999999999999}}}     | found 99999999999999
          {"model":{"vocab":{"a":16777216}}}           | found 16777216
          {"model":{"vocab":{"a":1.0}}}                | found 1.0
          {"model":{"vocab":{"a":"1"}}}                | an id from 0
          {"model":{"vocab":{"a":0,"a":1}}}            | token "a" once
          {"model":{"vocab":{"a":0,"b":0}}}            | an id of its own for token "b"
          {"model":{"vocab":7}}                        | an object or a list for "vocab"
          {"model":{"vocab":[["a",0],["a",0]]}}        | token "a" once
          {"model":{"vocab":[["a"]]}}                  | a score
          {"model":{"vocab":[["a",0,1]]}}              | a pair of piece and score
          {"model":{"vocab":{},"vocab":{}}}            | key "vocab" once
          {"model":{}}                                 | expected a key "vocab"
          {"model":[]}                                 | an object for "model"
          {}                                           | expected a key "model"
          []                                           | an object, found [
          {"model":{"vocab":{"a":0}}} x                | expected JSON
          {"model":{"vocab":{"a":0                     | expected JSON
          {"model":{"vocab":{"a":0}},"added_tokens":[{"id":0,"content":"b"}]} | added token "b": expected an id of its own, found 0, which the vocabulary has
          {"model":{"vocab":{"a":0}},"added_tokens":[{"id":1,"content":"a"}]} | expected one id, found 0 in the vocabulary and 1 among the added
          {"model":{"vocab":{"a":0}},"added_tokens":[{"id":1,"content":"b"},{"id":1,"content":"c"}]} | an id of its own
          {"model":{"vocab":{"a":0}},"added_tokens":[{"id":1,"content":"b"},{"id":2,"content":"b"}]} | added token "b" once
          {"model":{"vocab":{"a":0}},"added_tokens":[{"id":1}]} | "id" and "content"
          {"model":{"vocab":{"a":0}},"added_tokens":{}} | a list for "added_tokens"
          """)
  void refusesHostileTokenizers(String json, String expected) throws IOException {
    file("tokenizer.json", json);
    assertThatThrownBy(this::read)
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("tokenizer.json")
        .hasMessageContaining(expected);
  }

  @Test
  void refusesDeepNestingWithoutOverflowingTheStack() throws IOException {
    file("tokenizer.json", "{\"normalizer\":" + "[".repeat(100_000));
    assertThatThrownBy(this::read).isInstanceOf(MalformedCheckpointException.class);
  }

  @ParameterizedTest
  @CsvSource({"-1", "x", "16777216", "99999999999"})
  void refusesHostileDecoderIds(String id) throws IOException {
    TokenizerFolder.write(folder, List.of("a"), List.of());
    file(
        "tokenizer_config.json",
        "{\"added_tokens_decoder\": {\"%s\": {\"content\": \"b\"}}}".formatted(id));
    assertThatThrownBy(this::read)
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("added_tokens_decoder");
  }

  @Test
  void refusesAnAddedTokenOnAnotherTokensId() throws IOException {
    TokenizerFolder.write(folder, List.of("a", "b"), List.of());
    file("tokenizer_config.json", "{\"added_tokens_decoder\": {\"1\": {\"content\": \"c\"}}}");
    assertThatThrownBy(this::read)
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("\"c\"");
  }

  @Test
  void refusesBrokenSentencePieceModels() throws IOException {
    Files.write(folder.resolve("tokenizer.model"), new byte[0]);
    assertThatThrownBy(this::read).hasMessageContaining("found no pieces");
    Files.write(folder.resolve("tokenizer.model"), pieces("a", "a"));
    assertThatThrownBy(this::read).hasMessageContaining("piece 1: expected a new piece");
    Random random = new Random(5);
    byte[] good = pieces("<unk>", "<s>", "▁the", "é");
    for (int i = 0; i < 500; i++) {
      byte[] bad = Arrays.copyOf(good, random.nextInt(good.length) + 1);
      bad[random.nextInt(bad.length)] = (byte) random.nextInt();
      Files.write(folder.resolve("tokenizer.model"), bad);
      try {
        assertThat(read().size()).isPositive();
      } catch (HfMergeException e) {
        assertThat(e).isInstanceOf(MalformedCheckpointException.class);
      }
    }
  }

  @Test
  void everyMutationOfATokenizerIsReadOrRefused() throws IOException {
    TokenizerFolder.write(folder, List.of("<unk>", "a", "b"), List.of("<x>"));
    byte[] good = Files.readAllBytes(folder.resolve("tokenizer.json"));
    Random random = new Random(3);
    for (int i = 0; i < 1000; i++) {
      byte[] bad = good.clone();
      for (int k = random.nextInt(3); k >= 0; k--) {
        bad[random.nextInt(bad.length)] = (byte) "{}[]\",:0-9x\\".charAt(random.nextInt(12));
      }
      try {
        TokenizerJson.readTokenizer("tokenizer.json", bad);
      } catch (MalformedCheckpointException e) {
        assertThat(e).hasMessageStartingWith("tokenizer.json: ");
      }
    }
    assertThat(read().size()).isEqualTo(4);
  }
}
