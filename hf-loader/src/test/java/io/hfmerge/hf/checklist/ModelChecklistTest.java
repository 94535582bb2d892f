package io.hfmerge.hf.checklist;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class ModelChecklistTest {

  @SuppressWarnings("unused") // read by name
  private static final List<String> FAMILIES = ModelFolders.FAMILIES;

  private static final Path LLAMA = ModelFolders.golden("llama", "base");

  @TempDir Path temp;

  private Path folder;
  private Map<String, StoredTensor> tensors;
  private String config;

  @BeforeEach
  void readModel() throws IOException {
    folder = temp.resolve("model");
    tensors = ModelFolders.read(LLAMA);
    config = Files.readString(LLAMA.resolve("config.json"));
  }

  private ModelChecklist.Result check() throws IOException {
    return check(tensors.values(), Long.MAX_VALUE);
  }

  private ModelChecklist.Result check(Collection<StoredTensor> stored, long maxShardBytes)
      throws IOException {
    ModelFolders.write(folder, stored, maxShardBytes);
    Files.writeString(folder.resolve("config.json"), config);
    return check(folder);
  }

  private static ModelChecklist.Result check(Path folder) throws IOException {
    try (HfModel model = HfModels.open(folder.toString())) {
      return ModelChecklist.check(
          model,
          NonFiniteScan.of(
              model.checkpoint(), ModelChecklist.measured(model), 2, ProgressListener.NONE));
    }
  }

  private static List<String> findings(ModelChecklist.Result result) {
    return result.findings().stream().map(Finding::describe).toList();
  }

  private StoredTensor zeros(String name, long... shape) {
    return StoredTensor.of(
        name, DType.F32, Shape.of(shape), new double[(int) Shape.of(shape).elements()]);
  }

  @ParameterizedTest
  @FieldSource("FAMILIES")
  void findsNothingInCheckpointsAsTransformersSavesThem(String family) throws IOException {
    Path model = ModelFolders.golden(family, "base");
    assertThat(findings(check(model))).isEmpty();
  }

  @Test
  void missesATensorThatOtherLayersHave() throws IOException {
    tensors.remove("model.layers.1.mlp.up_proj.weight");
    assertThat(findings(check()))
        .singleElement()
        .asString()
        .contains("layer 1 of", "found none called layers.1.mlp.up_proj.weight");
  }

  @Test
  void missesWholeLayersThatTheConfigPromises() throws IOException {
    tensors.keySet().removeIf(name -> name.startsWith("model.layers.1."));
    assertThat(findings(check()))
        .singleElement()
        .asString()
        .contains("layers, as config.json says, found no tensors of layer 1");
  }

  @Test
  void comparesEmbeddingsWithTheVocabularyOfTheConfig() throws IOException {
    config = config.replaceFirst("\"vocab_size\": \\d+", "\"vocab_size\": 95");
    assertThat(findings(check()))
        .anySatisfy(
            line -> assertThat(line).contains("embed_tokens", "expected 95 rows", "found 96 rows"));
  }

  @Test
  void notesSpecialTokensOutsideTheVocabulary() throws IOException {
    config = config.replaceFirst("\"bos_token_id\": \\w+", "\"bos_token_id\": 96");
    ModelChecklist.Result result = check();
    assertThat(findings(result)).isEmpty();
    assertThat(result.notes())
        .contains("config.json: bos_token_id 96 is outside the vocabulary of 96 tokens");
    Files.writeString(
        folder.resolve("generation_config.json"),
        "{\"eos_token_id\": [2, 97], \"pad_token_id\": null, \"bos_token_id\": -1}");
    assertThat(check(folder).notes())
        .filteredOn(note -> note.startsWith("generation_config.json"))
        .containsExactly(
            "generation_config.json: eos_token_id 97 is outside the vocabulary of 96 tokens");
    Files.writeString(folder.resolve("generation_config.json"), "{");
    assertThat(findings(check(folder)))
        .singleElement()
        .asString()
        .startsWith("generation_config.json: expected a JSON object, found ");
  }

  @Test
  void comparesTheDTypeOfTheConfigWithThatOfTheTensors() throws IOException {
    config = config.replaceFirst("\"dtype\": \"\\w+\"", "\"dtype\": \"bfloat16\"");
    assertThat(findings(check()))
        .containsExactly("config.json: expected dtype float32, found dtype bfloat16");
  }

  @Test
  void countsNumbersThatAreNotFiniteInEveryDType() throws IOException {
    int i = 0;
    DType[] dtypes = {DType.F32, DType.BF16, DType.F16, DType.F64};
    for (String name : List.copyOf(tensors.keySet())) {
      if (name.contains("layernorm")) {
        StoredTensor tensor = tensors.get(name);
        double[] values = tensor.values().clone();
        values[0] = Double.NaN;
        values[values.length - 1] = Double.NEGATIVE_INFINITY;
        if (dtypes[i % dtypes.length] == DType.F64) {
          values[1] = 1e300; // beyond float, yet finite
        }
        tensors.put(
            name,
            StoredTensor.of(name, dtypes[i++ % dtypes.length], tensor.spec().shape(), values));
      }
    }
    assertThat(i).isGreaterThanOrEqualTo(dtypes.length);
    assertThat(findings(check()))
        .hasSize(i)
        .allSatisfy(line ->
            assertThat(line)
                .endsWith("expected finite numbers, found 2 that are NaN or" + " infinite"));
  }

  @Test
  void seesShardsThatTheIndexDoesNotUse() throws IOException {
    check(tensors.values(), 50_000);
    Path stale = folder.resolve("model-00009-of-00009.safetensors");
    Files.copy(LLAMA.resolve("model.safetensors"), stale);
    assertThat(findings(check(folder)))
        .containsExactly(
            "model-00009-of-00009.safetensors: expected no file beside the model's own, found one"
                + " not used");
  }

  @Test
  void comparesTheIndexWithTheTensors() throws IOException {
    assertThat(findings(check(tensors.values(), 50_000))).isEmpty();
    Path index = folder.resolve("model.safetensors.index.json");
    String text = Files.readString(index);
    Files.writeString(index, text.replaceFirst("\"total_size\": (\\d+)", "\"total_size\": $1.0"));
    assertThat(findings(check(folder))).isEmpty();
    Files.writeString(index, text.replaceFirst("\"total_size\": \\d+", "\"total_size\": 1"));
    assertThat(findings(check(folder))).singleElement().asString().endsWith("found 1");
  }

  @Test
  void wantsTheMetadataThatTransformersLooksFor() throws IOException {
    check();
    Path file = folder.resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    Files.write(
        file,
        text.replaceFirst("\"format\":\"pt\"", "\"format\":\"tf\"")
            .getBytes(StandardCharsets.ISO_8859_1));
    assertThat(findings(check(folder)))
        .singleElement()
        .asString()
        .contains("\"format\": \"pt\"", "found \"tf\"");
  }

  @Test
  void saysThatOneEmbeddingStandsForTwo() throws IOException {
    tensors.remove("lm_head.weight");
    config = config.replaceFirst("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false");
    assertThat(findings(check()))
        .containsExactly(
            "config.json: expected tie_word_embeddings true, since there is one embedding, found"
                + " false: transformers would make up the other at random");
  }

  @Test
  void saysWhatAFamilyWithoutDefinitionIsNotComparedWith() throws IOException {
    tensors = Map.of("w", zeros("w", 3, 4));
    config = "{\"model_type\": \"newest\"}";
    ModelChecklist.Result result = check();
    assertThat(findings(result)).isEmpty();
    assertThat(result.notes()).singleElement().asString().contains("no definition of newest");
  }
}
