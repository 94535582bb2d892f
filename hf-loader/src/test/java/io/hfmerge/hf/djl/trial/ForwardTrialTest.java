package io.hfmerge.hf.djl.trial;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.checklist.Finding;
import io.hfmerge.hf.checklist.ModelTrial.Outcome;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.hf.testing.TokenizerFolder;
import io.hfmerge.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ForwardTrialTest {

  private static final List<String> WORDS =
      List.of("<unk>", "The", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog.");

  @TempDir Path temp;

  private static Outcome run(Path folder) throws IOException {
    return run(folder, Long.MAX_VALUE);
  }

  private static Outcome run(Path folder, long memory) throws IOException {
    try (HfModel model = HfModels.open(folder.toString())) {
      return new ForwardTrial(() -> memory).run(model);
    }
  }

  private Path copy(String family, UnaryOperator<StoredTensor> change) throws IOException {
    return ModelFolders.copy(ModelFolders.golden(family, "base"), temp.resolve("m"), change);
  }

  private static void edit(Path folder, String key, String value) throws IOException {
    Path config = folder.resolve("config.json");
    String text = Files.readString(config);
    String edited = text.replaceFirst('"' + key + "\": [^,\n]+", '"' + key + "\": " + value);
    assertThat(edited).isNotEqualTo(text);
    Files.writeString(config, edited);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          bert     | 8 ids, since no tokenizer can be read here: finite last_hidden_state [1, 8, 24], logits [1, 8, 96]
          roberta  | 8 ids, since no tokenizer can be read here: finite last_hidden_state [1, 8, 24], logits [1, 8, 96]
          gpt2     | 8 ids, since no tokenizer can be read here: finite last_hidden_state [1, 8, 24], logits [1, 8, 96]
          gptj     | 8 ids, since no tokenizer can be read here: finite last_hidden_state [1, 8, 32], logits [1, 8, 96]
          gpt_neox | 8 ids, since no tokenizer can be read here: finite last_hidden_state [1, 8, 32], logits [1, 8, 96]
          phi      | 8 ids, since no tokenizer can be read here: finite last_hidden_state [1, 8, 32], logits [1, 8, 96]
          llama    | 8 ids, since no tokenizer can be read here: finite last_hidden_state [1, 8, 32], logits [1, 8, 96]
          mistral  | 8 ids, since no tokenizer can be read here: finite last_hidden_state [1, 8, 32], logits [1, 8, 96]
          qwen2    | 8 ids, since no tokenizer can be read here: finite last_hidden_state [1, 8, 32], logits [1, 8, 96]
          vit      | a blank image of 32 x 32: finite last_hidden_state [1, 17, 24], logits [1, 5]
          """)
  void runsEveryFamily(String family, String seen) throws IOException {
    Outcome outcome = run(ModelFolders.golden(family, "base"));
    assertThat(outcome.findings()).isEmpty();
    assertThat(outcome.notes()).containsExactly("one forward pass over " + seen);
  }

  @Test
  void readsTextWhereThereIsATokenizer() throws IOException {
    Path folder = copy("llama", tensor -> tensor);
    TokenizerFolder.write(folder, WORDS, List.of());
    Outcome outcome = run(folder);
    assertThat(outcome.findings()).isEmpty();
    assertThat(outcome.notes())
        .singleElement()
        .asString()
        .startsWith("one forward pass over 9 tokens of text: finite last_hidden_state [1, 9, 32]");
    edit(folder, "max_position_embeddings", "4");
    assertThat(run(folder).notes())
        .singleElement()
        .asString()
        .startsWith("one forward pass over 4 tokens of text");
  }

  @Test
  void findsATokenizerThatDoesNotFitTheModelOrCannotBeRead() throws IOException {
    Path folder = copy("llama", tensor -> tensor);
    List<String> many = new ArrayList<>(Collections.nCopies(96, ""));
    for (int i = 0; i < many.size(); i++) {
      many.set(i, "w" + i);
    }
    many.add("fox");
    TokenizerFolder.write(folder, many, List.of());
    assertThat(run(folder).findings())
        .containsExactly(
            new Finding(
                "tokenizer",
                "tokens of the model's vocabulary of 96",
                "token 96 in \"The quick brown fox jumps over the lazy dog.\""));
    Files.writeString(folder.resolve("tokenizer.json"), "{\"model\": 1}");
    assertThat(run(folder).findings())
        .singleElement()
        .satisfies(
            finding -> assertThat(finding.describe()).startsWith("tokenizer: expected a tok"));
  }

  /** Sums of F32 that overflow, though each weight is finite. */
  @Test
  void findsNumbersThatAreNotFiniteInWhatComesOut() throws IOException {
    Path folder =
        copy(
            "llama",
            tensor -> {
              if (!tensor.name().equals("lm_head.weight")) {
                return tensor;
              }
              double[] values = tensor.values().clone();
              Arrays.fill(values, 0, 32, 3e38);
              return StoredTensor.of(tensor.name(), DType.F32, tensor.spec().shape(), values);
            });
    assertThat(run(folder).findings())
        .singleElement()
        .satisfies(finding ->
            assertThat(finding.describe())
                .matches("forward pass: expected finite logits, found \\d of 768 that are NaN .*"));
  }

  @Test
  void findsTensorsThatTheModelLacks() throws IOException {
    Collection<StoredTensor> tensors =
        ModelFolders.read(ModelFolders.golden("gpt2", "base")).values();
    Path folder =
        ModelFolders.write(
            temp.resolve("m"),
            tensors.stream().filter(t -> !t.name().endsWith("ln_f.weight")).toList());
    Files.copy(
        ModelFolders.golden("gpt2", "base").resolve("config.json"), folder.resolve("config.json"));
    assertThat(run(folder).findings())
        .singleElement()
        .satisfies(finding ->
            assertThat(finding.describe())
                .contains("forward pass: expected a model that runs", "missing \"ln_f.weight\""));
  }

  @Test
  void notesTensorsThatHaveNoPlaceInTheModel() throws IOException {
    Path folder =
        copy(
            "gpt2",
            tensor ->
                tensor.name().endsWith("h.0.ln_1.bias")
                    ? tensor.named("transformer.extra")
                    : tensor);
    Collection<StoredTensor> tensors = ModelFolders.read(folder).values();
    List<StoredTensor> both = new ArrayList<>(tensors);
    StoredTensor extra = ModelFolders.read(folder).get("transformer.extra");
    both.add(extra.named("transformer.h.0.ln_1.bias"));
    Path more = ModelFolders.write(temp.resolve("more"), both);
    Files.copy(folder.resolve("config.json"), more.resolve("config.json"));
    Outcome outcome = run(more);
    assertThat(outcome.findings()).isEmpty();
    assertThat(outcome.notes())
        .hasSize(2)
        .contains(
            "tensors that a model of this config has no place for, so that programs leave them out:"
                + " transformer.extra");
  }

  @Test
  void findsAClassifierOfAnotherSizeThanTheLabels() throws IOException {
    Path folder = copy("vit", tensor -> tensor);
    Path config = folder.resolve("config.json");
    Files.writeString(
        config,
        Files.readString(config)
            .replaceFirst("\"id2label\": \\{", "\"id2label\": {\"7\": \"another\","));
    assertThat(run(folder).findings())
        .containsExactly(new Finding("forward pass", "logits of shape [1, 6]", "[1, 5]"));
  }

  @Test
  void leavesOutWhatDoesNotFitTheMemoryAndSaysSo() throws IOException {
    // mapped as they are
    assertThat(run(ModelFolders.golden("llama", "base"), 0).notes())
        .singleElement()
        .asString()
        .startsWith("one forward pass");
    Path half = copy("llama", tensor -> tensor.as(DType.BF16));
    assertThat(run(half, 1000).notes())
        .singleElement()
        .asString()
        .matches(
            "the model was not run: its weights in F32 take \\d+,\\d+ bytes, and 1,000 are"
                + " available");
    assertThat(new ForwardTrial().run(HfModels.open(half.toString())).notes())
        .singleElement()
        .asString()
        .startsWith("one forward pass");
  }

  @Test
  void leavesOutFamiliesThatNothingHereRunsAndSaysSo() throws IOException {
    Path folder = copy("llama", tensor -> tensor);
    edit(folder, "model_type", "\"newest\"");
    Outcome outcome = run(folder);
    assertThat(outcome.findings()).isEmpty();
    assertThat(outcome.notes())
        .containsExactly("the model was not run: nothing here runs a model of type newest");
    Files.delete(folder.resolve("config.json"));
    assertThat(run(folder).notes())
        .containsExactly("the model was not run: nothing here runs a model without a model_type");
  }

  @Test
  void leavesOutClassesWhoseHeadIsNotKnown() throws IOException {
    Path folder = copy("bert", tensor -> tensor);
    Path config = folder.resolve("config.json");
    Files.writeString(
        config, Files.readString(config).replaceFirst("\"Bert\\w+\"", "\"BertForSomethingElse\""));
    assertThat(run(folder).notes())
        .singleElement()
        .asString()
        .contains("the model was not run:", "class BertForSomethingElse");
  }
}
