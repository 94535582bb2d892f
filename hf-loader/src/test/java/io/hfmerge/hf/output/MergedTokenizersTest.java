package io.hfmerge.hf.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.hf.testing.TokenizerFolder;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Merges of reference checkpoints that have been given small tokenizers. */
class MergedTokenizersTest {

  /** Rows of the reference checkpoints' embeddings. */
  private static final int ROWS = 96;

  @TempDir Path temp;

  private Path model(String family, String name, List<String> words, List<String> added)
      throws IOException {
    return model(family, name, words, added, ROWS);
  }

  /** A reference checkpoint, cut or grown to some rows, with a tokenizer. */
  private Path model(String family, String name, List<String> words, List<String> added, int rows)
      throws IOException {
    Path folder =
        ModelFolders.copy(
            ModelFolders.golden(family, name.replaceAll("[^a-z].*", "")),
            temp.resolve(name),
            tensor -> resized(tensor, rows));
    TokenizerFolder.write(folder, words, added);
    return folder;
  }

  private static StoredTensor resized(StoredTensor tensor, int rows) {
    List<Long> dimensions = new ArrayList<>(tensor.spec().shape().dimensions());
    if (dimensions.isEmpty() || dimensions.getFirst() != ROWS || rows == ROWS) {
      return tensor;
    }
    dimensions.set(0, (long) rows);
    double[] old = tensor.values();
    double[] values = new double[old.length / ROWS * rows];
    for (int i = 0; i < values.length; i++) {
      values[i] = i < old.length ? old[i] : 1 + i / 1024.0;
    }
    return StoredTensor.of(
        tensor.name(),
        tensor.spec().dtype(),
        Shape.of(dimensions.stream().mapToLong(Long::longValue).toArray()),
        values);
  }

  private static List<String> words(String start, int count) {
    List<String> words = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    for (int i = words.size(); i < count; i++) {
      words.add(start + i);
    }
    return words;
  }

  private static JsonNode json(Path file) throws IOException {
    return JsonMapper.shared().readTree(Files.readString(file));
  }

  private static double[] row(Map<String, StoredTensor> tensors, String name, int row) {
    StoredTensor tensor = tensors.get(name);
    int width = tensor.values().length / (int) tensor.spec().shape().dimension(0);
    return java.util.Arrays.copyOfRange(tensor.values(), row * width, (row + 1) * width);
  }

  @Test
  void aUnionHasEveryTokenAtTheIdThatItsTokenizerGives() throws IOException {
    Path base = model("llama", "base", words("w", 90), List.of("<pad>"));
    Path a = model("llama", "a", words("w", 90), List.of("<|im_start|>", "<|im_end|>"));
    Path b = model("llama", "b", words("x", 60), List.of("<pad>", "<|im_end|>"));
    Path out = temp.resolve("out");

    MergedModel merged =
        Merging.merge(Merging.sum(base, a, 0.5, b, 0.25) + "tokenizer_source: union\n", out);

    int added = 2 + 57;
    int rows = 91 + added;
    assertThat(json(out.resolve("config.json")).path("vocab_size").intValue()).isEqualTo(rows);
    assertThat(String.join("\n", merged.lines()))
        .contains("150 rows: 91 of the tokenizer of " + base + ", 59 tokens added, 0 of padding")
        .contains("57 of the added tokens are ordinary ones")
        .contains(
            "0 as the recipe says, 88 of the base, 58 of the only model that has them, 1 means")
        .doesNotContain("cut off");
    Map<String, StoredTensor> output = ModelFolders.read(out);
    Map<String, StoredTensor> baseTensors = ModelFolders.read(base);
    Map<String, StoredTensor> aTensors = ModelFolders.read(a);
    Map<String, StoredTensor> bTensors = ModelFolders.read(b);
    for (String name : List.of("model.embed_tokens.weight", "lm_head.weight")) {
      assertThat(output.get(name).spec().shape()).isEqualTo(Shape.of(rows, 32));
      // w70 is the same row of base and a, and the base's row for b
      double[] baseRow = row(baseTensors, name, 70);
      double[] aRow = row(aTensors, name, 70);
      double[] mean = new double[32];
      double[] sum = new double[32];
      for (int k = 0; k < 32; k++) {
        sum[k] = baseRow[k] + 0.5 * (aRow[k] - baseRow[k]);
        // <|im_end|>: base has the mean of a's and b's rows
        mean[k] = (row(aTensors, name, 91)[k] + row(bTensors, name, 61)[k]) / 2;
        mean[k] +=
            0.5 * (row(aTensors, name, 91)[k] - mean[k])
                + 0.25 * (row(bTensors, name, 61)[k] - mean[k]);
      }
      assertThat(row(output, name, 70)).containsExactly(sum, within(1e-7));
      assertThat(row(output, name, 92)).containsExactly(mean, within(3e-7));
      // only a has <|im_start|>, only b has x3
      assertThat(row(output, name, 91)).isEqualTo(row(aTensors, name, 90));
      assertThat(row(output, name, 93)).isEqualTo(row(bTensors, name, 3));
    }

    try (HuggingFaceTokenizer tokenizer =
        HuggingFaceTokenizer.newInstance(out.resolve("tokenizer.json"))) {
      Encoding encoding =
          tokenizer.encode("w5 <|im_start|> <pad> x3 w7<|im_end|> x59 nothing", false, false);
      assertThat(encoding.getIds()).containsExactly(5, 91, 90, 93, 7, 92, 149, 0);
      assertThat(tokenizer.decode(new long[] {5, 91, 93}, true)).isEqualTo("w5 x3");
    }
  }

  @Test
  void stackedModelsHaveOneVocabulary() throws IOException {
    Path a = model("llama", "a", words("w", 90), List.of());
    Path b = model("llama", "b", words("w", 90), List.of("<|im_end|>"));
    Path out = temp.resolve("out");
    Merging.merge(
        """
        merge_method: linear
        slices:
        - sources: [{model: '%s', layer_range: [0, 3]}]
        - sources: [{model: '%s', layer_range: [1, 4]}]
        parameters: {weight: 1}
        tokenizer_source: union
        """
            .formatted(a, b),
        out);
    assertThat(json(out.resolve("config.json")).path("vocab_size").intValue()).isEqualTo(ROWS);
    assertThat(json(out.resolve("config.json")).path("num_hidden_layers").intValue()).isEqualTo(6);
    Map<String, StoredTensor> output = ModelFolders.read(out);
    Map<String, StoredTensor> first = ModelFolders.read(a);
    Map<String, StoredTensor> last = ModelFolders.read(b);
    assertThat(row(output, "model.embed_tokens.weight", 5))
        .isEqualTo(row(first, "model.embed_tokens.weight", 5));
    assertThat(row(output, "model.embed_tokens.weight", 90))
        .isEqualTo(row(last, "model.embed_tokens.weight", 90));
    assertThat(row(output, "lm_head.weight", 5)).isEqualTo(row(last, "lm_head.weight", 5));
  }

  @Test
  void aUnionWithTheSameTokenizerChangesNothing() throws IOException {
    Path base = model("llama", "base", words("w", 90), List.of("<pad>"));
    Path a = model("llama", "a", words("w", 90), List.of("<pad>"));
    Merging.merge(Merging.sum(base, a, 0.7), temp.resolve("plain"));
    Merging.merge(Merging.sum(base, a, 0.7) + "tokenizer_source: union\n", temp.resolve("union"));
    for (String file : List.of("model.safetensors", "tokenizer.json", "config.json")) {
      assertThat(temp.resolve("union").resolve(file))
          .hasSameBinaryContentAs(temp.resolve("plain").resolve(file));
    }
  }

  @Test
  void paddingIsKeptUnlessAMultipleIsAskedFor() throws IOException {
    Path base = model("gpt2", "base", words("w", 80), List.of());
    Path a = model("gpt2", "a", words("w", 80), List.of("<x>"));
    Merging.merge(Merging.linear(base, 0.5, a, 0.5) + "tokenizer: {}\n", temp.resolve("kept"));
    Merging.merge(
        Merging.linear(base, 0.5, a, 0.5) + "tokenizer: {pad_to_multiple_of: 64}\n",
        temp.resolve("more"));
    Merging.merge(
        Merging.linear(base, 0.5, a, 0.5) + "tokenizer: {pad_to_multiple_of: 1}\n",
        temp.resolve("none"));

    String name = "transformer.wte.weight";
    Map<String, StoredTensor> plain = ModelFolders.read(temp.resolve("kept"));
    Map<String, StoredTensor> more = ModelFolders.read(temp.resolve("more"));
    Map<String, StoredTensor> none = ModelFolders.read(temp.resolve("none"));
    assertThat(plain.get(name).spec().shape()).isEqualTo(Shape.of(96, 24));
    assertThat(more.get(name).spec().shape()).isEqualTo(Shape.of(128, 24));
    assertThat(none.get(name).spec().shape()).isEqualTo(Shape.of(81, 24));
    Map<String, StoredTensor> baseTensors = ModelFolders.read(base);
    Map<String, StoredTensor> aTensors = ModelFolders.read(a);
    double[] kept = new double[24];
    double[] mean = new double[24];
    for (int k = 0; k < 24; k++) {
      kept[k] = (row(baseTensors, name, 90)[k] + row(aTensors, name, 90)[k]) / 2;
      for (int i = 0; i < 81; i++) {
        mean[k] += row(none, name, i)[k] / 81;
      }
    }
    assertThat(row(plain, name, 90)).containsExactly(kept, within(1e-7));
    assertThat(row(more, name, 90)).containsExactly(kept, within(1e-7));
    assertThat(row(more, name, 120)).containsExactly(mean, within(1e-6));
    assertThat(json(temp.resolve("more/config.json")).path("vocab_size").intValue()).isEqualTo(128);
  }

  @Test
  void biasesOfMaskedLanguageModelsAreReindexedToo() throws IOException {
    Path base = model("bert", "base", words("w", 96), List.of());
    List<String> reversed = new ArrayList<>(words("w", 96).reversed());
    Path a = model("bert", "a", reversed, List.of("[NEW]"), 97);
    Path out = temp.resolve("out");
    Merging.merge(Merging.linear(base, 0.5, a, 0.5) + "tokenizer_source: union\n", out);

    Map<String, StoredTensor> output = ModelFolders.read(out);
    Map<String, StoredTensor> baseTensors = ModelFolders.read(base);
    Map<String, StoredTensor> aTensors = ModelFolders.read(a);
    String name = "cls.predictions.bias";
    assertThat(output.get(name).spec().shape()).isEqualTo(Shape.of(97));
    for (int i = 0; i < 96; i++) {
      assertThat(row(output, name, i)[0])
          .isCloseTo(
              (row(baseTensors, name, i)[0] + row(aTensors, name, 95 - i)[0]) / 2, within(1e-7));
    }
    assertThat(row(output, name, 96)).isEqualTo(row(aTensors, name, 96));
    assertThat(output.get("bert.embeddings.position_embeddings.weight").spec().shape())
        .isEqualTo(Shape.of(40, 24));
  }

  @Test
  void aTiedModelLendsItsEmbeddingToAHead() throws IOException {
    Path base = model("llama", "base", words("w", 90), List.of());
    Path tied = model("llama", "a", words("w", 90), List.of("<x>"));
    List<StoredTensor> tensors =
        ModelFolders.read(tied).values().stream()
            .filter(tensor -> !tensor.name().equals("lm_head.weight"))
            .toList();
    ModelFolders.write(temp.resolve("tied"), tensors);
    Files.copy(tied.resolve("tokenizer.json"), temp.resolve("tied/tokenizer.json"));
    Files.writeString(
        temp.resolve("tied/config.json"),
        Files.readString(tied.resolve("config.json"))
            .replace("\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true"));
    Path out = temp.resolve("out");

    MergedModel merged =
        Merging.merge(
            Merging.linear(base, 0.5, temp.resolve("tied"), 0.5) + "tokenizer_source: union\n",
            out);

    assertThat(String.join("\n", merged.lines()))
        .contains("ties lm_head.weight; read from model.embed_tokens.weight");
    Map<String, StoredTensor> output = ModelFolders.read(out);
    Map<String, StoredTensor> baseTensors = ModelFolders.read(base);
    Map<String, StoredTensor> tiedTensors = ModelFolders.read(temp.resolve("tied"));
    double[] expected = new double[32];
    for (int k = 0; k < 32; k++) {
      expected[k] =
          (row(baseTensors, "lm_head.weight", 7)[k]
                  + row(tiedTensors, "model.embed_tokens.weight", 7)[k])
              / 2;
    }
    assertThat(row(output, "lm_head.weight", 7)).containsExactly(expected, within(1e-7));
    assertThat(row(output, "lm_head.weight", 90))
        .isEqualTo(row(tiedTensors, "model.embed_tokens.weight", 90));
  }

  @Test
  void anotherModelsTokenizerBringsItsFilesAndIds() throws IOException {
    Path base = model("llama", "base", words("w", 96), List.of());
    Path chat = model("llama", "a", words("w", 80), List.of("<|end|>"));
    Files.writeString(base.resolve("special_tokens_map.json"), "{\"eos_token\": \"</s>\"}");
    Files.writeString(base.resolve("generation_config.json"), "{\"eos_token_id\": 2}");
    Files.writeString(chat.resolve("chat_template.jinja"), "{{ messages }}");
    Files.writeString(
        chat.resolve("config.json"),
        Files.readString(chat.resolve("config.json"))
            .replace("\"eos_token_id\": 2", "\"eos_token_id\": [2, 80]"));
    Path out = temp.resolve("out");

    MergedModel merged =
        Merging.merge(Merging.sum(base, chat, 1) + "tokenizer_source: '" + chat + "'\n", out);

    assertThat(out.resolve("tokenizer.json"))
        .hasSameBinaryContentAs(chat.resolve("tokenizer.json"));
    assertThat(out.resolve("chat_template.jinja")).hasContent("{{ messages }}");
    assertThat(out.resolve("special_tokens_map.json")).doesNotExist();
    JsonNode config = json(out.resolve("config.json"));
    assertThat(config.path("vocab_size").intValue()).isEqualTo(96);
    assertThat(config.path("eos_token_id").toString()).isEqualTo("[2,80]");
    assertThat(config.path("bos_token_id").intValue()).isEqualTo(1);
    assertThat(json(out.resolve("generation_config.json")).path("eos_token_id").toString())
        .isEqualTo("[2,80]");
    assertThat(String.join("\n", merged.lines()))
        .contains(base + ": 16 tokens are not in the output's vocabulary: \"w80\"")
        .doesNotContain("copied from the base: special_tokens_map.json");
    Map<String, StoredTensor> output = ModelFolders.read(out);
    String name = "model.embed_tokens.weight";
    // <|end|>, which the base lacks, and padding that only the chat model has there
    assertThat(row(output, name, 80)).isEqualTo(row(ModelFolders.read(chat), name, 80));
    assertThat(row(output, name, 90)).isEqualTo(row(ModelFolders.read(chat), name, 90));
  }

  @Test
  void tokensBeyondTheEmbeddingAreMissingNotAHole() throws IOException {
    Path base = model("llama", "base", words("w", 96), List.of("[PAD]", "<x>"));
    Path a = model("llama", "a", words("w", 96), List.of("[PAD]"), 97);
    Path out = temp.resolve("out");
    MergedModel merged = Merging.merge(Merging.sum(base, a, 0.5) + "tokenizer_source: base\n", out);
    assertThat(String.join("\n", merged.lines()))
        .contains(
            base
                + ": 2 tokens have no row in its embedding of 96 rows, and are taken for missing:"
                + " \"[PAD]\" (96), \"<x>\" (97)")
        .contains("no model has a row for these tokens, theirs are zeros: \"<x>\"");
    Map<String, StoredTensor> output = ModelFolders.read(out);
    String name = "model.embed_tokens.weight";
    assertThat(output.get(name).spec().shape()).isEqualTo(Shape.of(98, 32));
    assertThat(row(output, name, 96)).isEqualTo(row(ModelFolders.read(a), name, 96));
    assertThat(row(output, name, 97)).containsOnly(0);
  }

  @Test
  void rulesForTokensAreFollowedAndNewTokensAdded() throws IOException {
    Path base = model("llama", "base", words("w", 90), List.of());
    Path a = model("llama", "a", words("w", 90), List.of("<eot>"));
    Path out = temp.resolve("out");
    Merging.merge(
        Merging.linear(base, 0.5, a, 0.5)
            + """
            tokenizer:
              source: base
              tokens:
                "<eot>": {source: '%s', force: true}
                "<new>": {source: {kind: model_token, model: '%s', token: w9}}
                w4: {source: {kind: zero}, force: true}
                w5: {source: {kind: zero}}
            """
                .formatted(a, base),
        out);
    Map<String, StoredTensor> output = ModelFolders.read(out);
    Map<String, StoredTensor> baseTensors = ModelFolders.read(base);
    String name = "lm_head.weight";
    assertThat(row(output, name, 90)).isEqualTo(row(ModelFolders.read(a), name, 90));
    assertThat(row(output, name, 91)).isEqualTo(row(baseTensors, name, 9));
    assertThat(row(output, name, 4)).containsOnly(0);
    assertThat(row(output, name, 5)).doesNotContain(0);
    JsonNode tokens = json(out.resolve("tokenizer.json")).path("added_tokens");
    assertThat(tokens.size()).isEqualTo(2);
    assertThat(tokens.get(0).path("special").booleanValue()).isTrue();
    assertThat(tokens.get(0).path("id").intValue()).isEqualTo(90);
    assertThat(tokens.get(1).path("content").stringValue()).isEqualTo("<new>");
  }

  @Test
  void unknownFamiliesAreReindexedByShape() throws IOException {
    Path base = model("llama", "base", words("w", 90), List.of());
    Path a = model("llama", "a", words("x", 90), List.of());
    for (Path folder : List.of(base, a)) {
      Files.writeString(
          folder.resolve("config.json"),
          Files.readString(folder.resolve("config.json"))
              .replace("\"model_type\": \"llama\"", "\"model_type\": \"novel\""));
    }
    MergedModel merged =
        Merging.merge(
            Merging.linear(base, 0.5, a, 0.5) + "tokenizer_source: union\n", temp.resolve("out"));
    assertThat(String.join("\n", merged.lines()))
        .contains(
            "taken for rows of the vocabulary by their shape: lm_head.weight,"
                + " model.embed_tokens.weight");
    assertThat(ModelFolders.read(temp.resolve("out")).get("lm_head.weight").spec().shape())
        .isEqualTo(Shape.of(177, 32));
  }

  @Test
  void everyFileThatListsAddedTokensGetsThem() throws IOException {
    Path base = model("llama", "base", words("w", 90), List.of("<pad>"));
    Files.writeString(
        base.resolve("tokenizer_config.json"),
        "{\n  \"added_tokens_decoder\": {\n    \"90\": {\"content\": \"<pad>\", \"special\": true},\n"
            + "    \"91\": {\"content\": \"<extra>\", \"special\": true}\n  },\n"
            + "  \"eos_token\": \"</s>\"\n}\n");
    Files.writeString(base.resolve("added_tokens.json"), "{\"<pad>\": 90}");
    Path a = model("llama", "a", words("w", 90), List.of("<pad>", "<x>"));
    Path out = temp.resolve("out");
    Merging.merge(Merging.sum(base, a, 1) + "tokenizer_source: union\n", out);
    JsonNode tokens = json(out.resolve("tokenizer.json")).path("added_tokens");
    assertThat(tokens.findValuesAsString("content")).containsExactly("<pad>", "<extra>", "<x>");
    assertThat(tokens.get(2).path("id").intValue()).isEqualTo(92);
    JsonNode decoder = json(out.resolve("tokenizer_config.json")).path("added_tokens_decoder");
    assertThat(decoder.propertyNames()).containsExactly("90", "91", "92");
    assertThat(decoder.path("92").path("special").booleanValue()).isTrue();
    assertThat(json(out.resolve("added_tokens.json")).path("<x>").intValue()).isEqualTo(92);
  }

  @Test
  void slowTokenizersGetAddedTokensBesideThem() throws IOException {
    Path base = model("bert", "base", words("w", 90), List.of());
    Path a = model("bert", "a", words("w", 90), List.of("<x>", "y"));
    Files.delete(base.resolve("tokenizer.json"));
    Files.writeString(base.resolve("vocab.txt"), String.join("\n", words("w", 90)) + "\n");
    Path out = temp.resolve("out");
    Merging.merge(Merging.linear(base, 1, a, 1) + "tokenizer_source: union\n", out);
    assertThat(out.resolve("vocab.txt")).hasSameBinaryContentAs(base.resolve("vocab.txt"));
    assertThat(json(out.resolve("added_tokens.json")).toString())
        .isEqualTo("{\"<x>\":90,\"y\":91}");
    assertThat(json(out.resolve("special_tokens_map.json")).toString())
        .isEqualTo("{\"additional_special_tokens\":[\"<x>\"]}");
  }

  @Test
  void chatTemplatesAreTheSameInEveryFile() throws IOException {
    Path base = model("llama", "base", words("w", 90), List.of());
    Path a = model("llama", "a", words("w", 90), List.of());
    Path b = model("llama", "b", words("w", 90), List.of());
    Files.writeString(base.resolve("tokenizer_config.json"), "{\"chat_template\": \"{{ 0 }}\"}");
    Files.writeString(a.resolve("chat_template.jinja"), "{{ 1 }}");
    Files.writeString(
        b.resolve("tokenizer_config.json"),
        "{\"chat_template\": [{\"name\": \"tool\", \"template\": \"x\"},"
            + " {\"name\": \"default\", \"template\": \"{{ 1 }}\"}]}");
    String recipe = Merging.sum(base, a, 1, b, 1);
    Merging.merge(recipe + "chat_template: auto\n", temp.resolve("auto"));
    Merging.merge(recipe + "chat_template: chatml\n", temp.resolve("named"));
    Merging.merge(recipe + "chat_template: \"{{ 'é\\n' }}\"\n", temp.resolve("own"));
    assertTemplate(temp.resolve("auto"), "{{ 1 }}");
    assertTemplate(temp.resolve("own"), "{{ 'é\n' }}");
    assertThat(Files.readString(temp.resolve("named/chat_template.jinja")))
        .contains("<|im_start|>");
    assertTemplate(
        temp.resolve("named"), Files.readString(temp.resolve("named/chat_template.jinja")));
  }

  private static void assertTemplate(Path folder, String template) throws IOException {
    assertThat(Files.readString(folder.resolve("chat_template.jinja"))).isEqualTo(template);
    assertThat(json(folder.resolve("tokenizer_config.json")).path("chat_template").stringValue())
        .isEqualTo(template);
  }

  @Test
  void withoutTokenizerKeysAnotherVocabularyIsAnErrorThatSaysWhatToDo() throws IOException {
    Path base = model("llama", "base", words("w", 90), List.of());
    Path a = model("llama", "a", words("w", 90), List.of(), 97);
    assertThatThrownBy(() -> Merging.merge(Merging.sum(base, a, 1), temp.resolve("out")))
        .isInstanceOf(IncompatibleCheckpointsException.class)
        .hasMessageContaining("F32[96, 32]")
        .hasMessageContaining("F32[97, 32]")
        .hasMessageContaining("add \"tokenizer_source: union\" to the recipe");
  }

  @Test
  void aModelWithoutTokenizerOrEmbeddingIsRefused() throws IOException {
    Path base = model("llama", "base", words("w", 90), List.of());
    Path bare = ModelFolders.golden("llama", "a");
    assertThatThrownBy(() ->
            Merging.merge(
                Merging.sum(base, bare, 1) + "tokenizer_source: base\n", temp.resolve("out")))
        .isInstanceOf(UnresolvedReferenceException.class)
        .hasMessageStartingWith(bare.toString());
    Path vit = model("vit", "base2", words("w", 90), List.of());
    assertThatThrownBy(() ->
            Merging.merge(Merging.linear(vit, 1) + "tokenizer_source: base\n", temp.resolve("out")))
        .isInstanceOf(IncompatibleCheckpointsException.class)
        .hasMessageContaining("expected a token embedding");
    assertThat(temp.resolve("out")).doesNotExist();
  }

  @Test
  void tokensCannotBeAddedWhereATokenizerWouldNumberThemOtherwise() throws IOException {
    Path base = model("llama", "base", words("w", 90), List.of());
    Path a = model("llama", "a", words("w", 90), List.of("<x>"));
    Files.writeString(
        base.resolve("tokenizer.json"),
        Files.readString(base.resolve("tokenizer.json")).replace(": 89", ": 95"));
    assertThatThrownBy(() ->
            Merging.merge(
                Merging.sum(base, a, 1) + "tokenizer_source: union\n", temp.resolve("out")))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("its ids have gaps");
  }

  @Test
  void specsOfOtherTensorsStayAsTheyAre() throws IOException {
    Path base = model("llama", "base", words("w", 90), List.of());
    Path a = model("llama", "a", words("x", 90), List.of());
    Merging.merge(Merging.sum(base, a, 1) + "tokenizer_source: union\n", temp.resolve("out"));
    List<TensorSpec> others =
        ModelFolders.read(base).values().stream()
            .map(StoredTensor::spec)
            .filter(spec -> spec.shape().dimension(0) != ROWS)
            .toList();
    assertThat(ModelFolders.read(temp.resolve("out")).values().stream().map(StoredTensor::spec))
        .containsAll(others);
  }
}
