package io.hfmerge.hf.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.arch.ModelStructure;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.plan.MergeInput;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.plan.MergePlanner;
import io.hfmerge.plan.MergedTensor;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeReader;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Slices, modules and what they change in the folder. */
class StackedModelsTest {

  static final List<String> FAMILIES = ModelFolders.FAMILIES;

  @TempDir Path temp;

  private static String slices(Object... modelsAndRanges) {
    StringBuilder yaml = new StringBuilder("merge_method: linear\nslices:\n");
    for (int i = 0; i < modelsAndRanges.length; i += 2) {
      yaml.append(
          "- sources: [{model: '%s', layer_range: %s}]\n"
              .formatted(modelsAndRanges[i], modelsAndRanges[i + 1]));
    }
    return yaml.append("parameters: {weight: 1}\n").toString();
  }

  private static JsonNode config(Path folder) throws IOException {
    return JsonMapper.shared().readTree(Files.readString(folder.resolve("config.json")));
  }

  @Test
  void stacksLayersOfTwoModelsAsMergekitDoes() throws IOException {
    Path a = ModelFolders.golden("llama", "a");
    Path b = ModelFolders.golden("llama", "b");
    Path out = temp.resolve("out");
    MergedModel merged = Merging.merge(slices(a, "[0, 3]", b, "[1, 4]"), out);

    Map<String, StoredTensor> first = ModelFolders.read(a);
    Map<String, StoredTensor> last = ModelFolders.read(b);
    Map<String, StoredTensor> stacked = ModelFolders.read(out);
    assertThat(stacked).hasSize(3 + 6 * (first.size() - 3) / 4);
    stacked.forEach((name, tensor) -> {
      int layer = name.contains("layers.") ? Integer.parseInt(name.split("\\.")[2]) : -1;
      StoredTensor source =
          layer >= 3
              ? last.get(name.replace("layers." + layer + ".", "layers." + (layer - 2) + "."))
              : (layer >= 0 || name.contains("embed") ? first : last).get(name);
      assertThat(tensor.spec().shape()).as(name).isEqualTo(source.spec().shape());
      assertThat(tensor.bytes()).as(name).isEqualTo(source.bytes());
    });
    assertThat(Files.readString(out.resolve("config.json")))
        .isEqualTo(
            Files.readString(a.resolve("config.json"))
                .replace("\"num_hidden_layers\": 4", "\"num_hidden_layers\": 6"));
    try (HfModel opened = HfModels.open(out.toString())) {
      assertThat(opened.structure().dimensions().orElseThrow().layers()).isEqualTo(6);
      assertThat(opened.structure().layerMatrices().getLast().layer()).isEqualTo(5);
    }
    assertThat(merged.lines())
        .contains("layers of " + a + " that no slice takes: 3")
        .contains("layers of " + b + " that no slice takes: 0");
  }

  @ParameterizedTest
  @FieldSource("FAMILIES")
  void slicesThatCoverAModelGiveItBackByteForByte(String family) throws IOException {
    Path model = ModelFolders.golden(family, "a");
    int layers;
    try (HfModel opened = HfModels.open(model.toString())) {
      layers = opened.structure().dimensions().orElseThrow().layers();
    }
    Random random = new Random(family.hashCode());
    for (int run = 0; run < 3; run++) {
      List<Object> cuts = new ArrayList<>();
      for (int start = 0; start < layers; ) {
        int end = start + 1 + random.nextInt(layers - start);
        cuts.add(model);
        cuts.add("[" + start + ", " + end + "]");
        start = end;
      }
      Path out = temp.resolve(family + run);
      Merging.merge(slices(cuts.toArray()), out);
      Map<String, StoredTensor> expected = ModelFolders.read(model);
      Map<String, StoredTensor> actual = ModelFolders.read(out);
      assertThat(actual.keySet()).containsExactlyInAnyOrderElementsOf(expected.keySet());
      expected.forEach((name, tensor) ->
          assertThat(actual.get(name).bytes())
              .as("%s of %s", name, cuts)
              .isEqualTo(tensor.bytes()));
      assertThat(out.resolve("config.json")).hasSameBinaryContentAs(model.resolve("config.json"));
    }
  }

  @ParameterizedTest
  @FieldSource("FAMILIES")
  void aModelOnTopOfItselfIsTwiceAsDeepAndOpens(String family) throws IOException {
    Path model = ModelFolders.golden(family, "a");
    int layers;
    try (HfModel opened = HfModels.open(model.toString())) {
      layers = opened.structure().dimensions().orElseThrow().layers();
    }
    Path out = temp.resolve("out");
    String range = "[0, " + layers + "]";
    Merging.merge(slices(model, range, model, range), out);
    try (HfModel opened = HfModels.open(out.toString())) {
      ModelStructure structure = opened.structure();
      assertThat(structure.dimensions().orElseThrow().layers()).isEqualTo(2 * layers);
      assertThat(structure.layerMatrices().stream().mapToInt(matrix -> matrix.layer()).max())
          .hasValue(2 * layers - 1);
    }
  }

  @Test
  void parametersOfTheGoldenRecipesAreThoseOfTheirGradients() throws IOException {
    Path models = ModelFolders.GOLDEN.resolve("checkpoints").toAbsolutePath();
    // the recipe of the reference merge, its t as the lambda of another method
    MergePlan slerp =
        plan(
            """
            merge_method: task_arithmetic
            base_model: '{MODELS}/llama/a'
            slices:
            - sources:
              - {model: '{MODELS}/llama/a', layer_range: [0, 4]}
              - {model: '{MODELS}/llama/b', layer_range: [0, 4]}
            parameters:
              weight: 1
              lambda:
              - filter: self_attn
                value: [0, 0.5, 0.3, 1]
              - filter: mlp
                value: [1, 0.5, 0.0]
              - value: 0.5
            dtype: float32
            """
                .replace("{MODELS}", models.toString()));
    double[] attention = {0, 0.5, 0.3, 1};
    double[] mlp = {1, 2 / 3.0, 1 / 3.0, 0};
    for (MergedTensor tensor : merged(slerp)) {
      String name = tensor.output().name();
      int layer = name.contains("layers.") ? Integer.parseInt(name.split("\\.")[2]) : -1;
      double expected =
          name.contains("self_attn") ? attention[layer] : name.contains("mlp") ? mlp[layer] : 0.5;
      assertThat(tensor.context().parameters().number("lambda"))
          .as(name)
          .isCloseTo(expected, within(1e-15));
    }
    MergePlan ties =
        plan(
            """
            merge_method: task_arithmetic
            base_model: '{MODELS}/llama/base'
            models:
            - model: '{MODELS}/llama/a'
              parameters:
                weight:
                - filter: mlp
                  value: [0.2, 1.0]
                - value: 0.5
                density: 0.5
            - model: '{MODELS}/llama/b'
              parameters:
                weight: 1.0
                density: [0.2, 0.8]
            """
                .replace("{MODELS}", models.toString()));
    for (MergedTensor tensor : merged(ties)) {
      String name = tensor.output().name();
      int layer = name.contains("layers.") ? Integer.parseInt(name.split("\\.")[2]) : 0;
      double weight = name.contains("mlp") ? 0.2 + 0.8 * layer / 3 : 0.5;
      assertThat(tensor.context().parameters().number("weight", 1))
          .isCloseTo(weight, within(1e-15));
      assertThat(tensor.context().parameters().number("density", 2))
          .isCloseTo(0.2 + 0.6 * layer / 3, within(1e-15));
    }
  }

  private static List<MergedTensor> merged(MergePlan plan) {
    return plan.tensors().stream().map(tensor -> (MergedTensor) tensor).toList();
  }

  private static MergePlan plan(String yaml) throws IOException {
    MergeMethods methods = MergeMethods.installed();
    Recipe recipe = new RecipeReader(methods).read(yaml, "recipe.yaml");
    List<HfModel> open = new ArrayList<>();
    try {
      List<MergeInput> inputs = new ArrayList<>();
      for (String reference : recipe.references()) {
        HfModel model = HfModels.open(reference);
        open.add(model);
        inputs.add(new MergeInput(reference, model.checkpoint(), model.structure()));
      }
      return new MergePlanner(methods).plan(recipe, inputs);
    } finally {
      for (HfModel model : open) {
        model.close();
      }
    }
  }

  @Test
  void settingsOfLayersFollowTheirLayers() throws IOException {
    Path a = withSettings("a", "[\"full\", \"sliding\", \"full\", \"sliding\"]", 3, "[0, 3]");
    Path b = withSettings("b", "[\"b0\", \"b1\", \"b2\", \"b3\"]", 4, "[1]");
    Path out = temp.resolve("out");
    MergedModel merged = Merging.merge(slices(a, "[0, 2]", b, "[1, 4]"), out);
    JsonNode config = config(out);
    assertThat(config.get("num_hidden_layers").intValue()).isEqualTo(5);
    assertThat(config.get("layer_types").toString())
        .isEqualTo("[\"full\",\"sliding\",\"b1\",\"b2\",\"b3\"]");
    assertThat(config.get("max_window_layers").intValue()).isEqualTo(5);
    assertThat(config.get("mlp_only_layers").toString()).isEqualTo("[0,2]");
    assertThat(config.get("sliding_window_pattern").intValue()).isEqualTo(2);
    assertThat(merged.notes())
        .anySatisfy(note -> assertThat(note).contains("sliding_window_pattern is left at 2"))
        .anySatisfy(note -> assertThat(note).contains("own_list has as many entries"));
    Path other = temp.resolve("other");
    MergedModel mixed = Merging.merge(slices(a, "[3, 4]", a, "[0, 2]"), other);
    assertThat(config(other).get("max_window_layers").intValue()).isEqualTo(3);
    assertThat(mixed.notes())
        .anySatisfy(note -> assertThat(note).contains("max_window_layers is left at 3"));
  }

  private Path withSettings(String name, String types, int window, String only) throws IOException {
    Path model = ModelFolders.copy(ModelFolders.golden("llama", name), temp.resolve(name), t -> t);
    String more =
        """
        {"layer_types": %s, "max_window_layers": %d, "mlp_only_layers": %s,
         "sliding_window_pattern": 2, "own_list": [1, 2, 3, 4],\
        """
            .formatted(types, window, only);
    Path config = model.resolve("config.json");
    Files.writeString(config, Files.readString(config).replaceFirst("\\{", more));
    return model;
  }

  @Test
  void unknownFamiliesAreStackedByTheUsualNames() throws IOException {
    List<StoredTensor> tensors = new ArrayList<>();
    for (String name : List.of("net.embed.weight", "net.layers.0.w", "net.layers.1.w", "out.w")) {
      tensors.add(StoredTensor.of(name, DType.F32, Shape.of(1), tensors.size()));
    }
    Path model = ModelFolders.write(temp.resolve("own"), tensors);
    Files.writeString(
        model.resolve("config.json"),
        "{\"model_type\": \"own\", \"text_config\": {\"n_layer\": 2}}");
    Path out = temp.resolve("out");
    Merging.merge(slices(model, "[0, 2]", model, "[1, 2]"), out);
    assertThat(ModelFolders.read(out).get("net.layers.2.w").values()).containsExactly(2);
    assertThat(config(out).at("/text_config/n_layer").intValue()).isEqualTo(3);

    Files.writeString(
        model.resolve("config.json"), "{\"model_type\": \"own\", \"n_layer\": 2, \"depth\": 2}");
    assertThat(Merging.merge(slices(model, "[0, 1]"), temp.resolve("by-hand")).notes())
        .anySatisfy(note -> assertThat(note).contains("to 1 by hand", "n_layer, depth"));
  }

  @Test
  void theKeyThatSoundsLikeTheStackCountsItsLayers() throws IOException {
    List<StoredTensor> tensors = new ArrayList<>();
    for (String name : List.of("decoder.layers.0.w", "encoder.layers.0.w", "shared.weight")) {
      tensors.add(StoredTensor.of("model." + name, DType.F32, Shape.of(1), tensors.size()));
    }
    Path model = ModelFolders.write(temp.resolve("own"), tensors);
    Files.writeString(
        model.resolve("config.json"),
        "{\"model_type\": \"own\", \"encoder_layers\": 1, \"decoder_layers\": 1,"
            + " \"num_hidden_layers\": 1}");
    Path out = temp.resolve("out");
    String slice = "{sources: [{model: '" + model + "', layer_range: [0, 1]}]}";
    Merging.merge(
        "{merge_method: linear, parameters: {weight: 1}, modules: {decoder: {slices: ["
            + slice
            + ", "
            + slice
            + "]}}}",
        out);
    assertThat(config(out).get("decoder_layers").intValue()).isEqualTo(2);
    assertThat(config(out).get("encoder_layers").intValue()).isEqualTo(1);
    assertThat(ModelFolders.read(out))
        .containsOnlyKeys(
            "model.decoder.layers.0.w",
            "model.decoder.layers.1.w",
            "model.encoder.layers.0.w",
            "model.shared.weight");
  }

  @Test
  void stacksOneModuleOfT5AndKeepsTheOthersDepth() throws IOException {
    Path model = t5();
    String recipe =
        """
        merge_method: linear
        modules:
          encoder:
            slices:
            - sources: [{model: '%1$s', layer_range: [1, 2]}]
            - sources: [{model: '%1$s', layer_range: [0, 2]}]
          decoder: {models: [{model: '%1$s'}]}
          shared: {models: [{model: '%1$s'}]}
        parameters: {weight: 1}
        """
            .formatted(model);
    Path out = temp.resolve("out");
    Merging.merge(recipe, out);
    Map<String, StoredTensor> merged = ModelFolders.read(out);
    String norm = "encoder.block.%d.layer.0.layer_norm.weight";
    assertThat(merged.get(norm.formatted(0)).values()).containsExactly(1, 1);
    assertThat(merged.get(norm.formatted(1)).values()).containsExactly(0, 0);
    assertThat(merged.get(norm.formatted(2)).values()).containsExactly(1, 1);
    assertThat(merged.keySet())
        .filteredOn(name -> name.contains("relative_attention_bias"))
        .containsExactly("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
    assertThat(config(out).get("num_layers").intValue()).isEqualTo(3);
    assertThat(config(out).get("num_decoder_layers").intValue()).isEqualTo(2);
  }

  private Path t5() throws IOException {
    List<StoredTensor> tensors = new ArrayList<>();
    tensors.add(StoredTensor.of("shared.weight", DType.F32, Shape.of(3, 2), 1, 2, 3, 4, 5, 6));
    tensors.add(
        StoredTensor.of(
            "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
            DType.F32,
            Shape.of(1, 1),
            9));
    for (String stack : List.of("encoder", "decoder")) {
      for (int i = 0; i < 2; i++) {
        String name = stack + ".block." + i + ".layer.0.layer_norm.weight";
        tensors.add(StoredTensor.of(name, DType.F32, Shape.of(2), i, i));
      }
      String last = stack + ".final_layer_norm.weight";
      tensors.add(StoredTensor.of(last, DType.F32, Shape.of(2), 5, 5));
    }
    Path folder = ModelFolders.write(temp.resolve("t5"), tensors);
    Files.writeString(
        folder.resolve("config.json"),
        "{\"model_type\": \"t5\", \"num_layers\": 2, \"d_model\": 2, \"num_heads\": 1,"
            + " \"d_kv\": 2, \"d_ff\": 4, \"feed_forward_proj\": \"relu\"}");
    return folder;
  }

  @Test
  void croppedVocabulariesAreInTheConfig() throws IOException {
    Path a = ModelFolders.golden("llama", "a");
    Path longer =
        ModelFolders.copy(
            ModelFolders.golden("llama", "b"),
            temp.resolve("longer"),
            tensor -> tensor.spec().shape().dimension(0) == 96 ? withRows(tensor, 100) : tensor);
    Path config = longer.resolve("config.json");
    Files.writeString(
        config, Files.readString(config).replace("\"vocab_size\": 96", "\"vocab_size\": 100"));
    String recipe = Merging.linear(longer, 0.5, a, 0.5);
    assertThatThrownBy(() -> Merging.merge(recipe, temp.resolve("refused")))
        .isInstanceOf(IncompatibleCheckpointsException.class)
        .hasMessageContaining("on_mismatch: crop");
    MergedModel merged = Merging.merge(recipe + "on_mismatch: crop\n", temp.resolve("out"));
    assertThat(config(temp.resolve("out")).get("vocab_size").intValue()).isEqualTo(96);
    assertThat(ModelFolders.read(temp.resolve("out")).get("lm_head.weight").spec().shape())
        .isEqualTo(Shape.of(96, 32));
    assertThat(merged.lines())
        .anySatisfy(line -> assertThat(line).contains("vocab_size is 96 now"))
        .anySatisfy(line -> assertThat(line).contains("[100, 32] to [96, 32]"));
  }

  private static StoredTensor withRows(StoredTensor tensor, int rows) {
    int columns = Math.toIntExact(tensor.spec().shape().dimension(1));
    double[] values = new double[rows * columns];
    System.arraycopy(tensor.values(), 0, values, 0, tensor.values().length);
    return StoredTensor.of(tensor.name(), DType.F32, Shape.of(rows, columns), values);
  }

  @Test
  void aMissingHeadIsTiedInTheOutputToo() throws IOException {
    Path headless = temp.resolve("headless");
    Path golden = ModelFolders.golden("llama", "base");
    ModelFolders.write(
        headless,
        ModelFolders.read(golden).values().stream()
            .filter(tensor -> !tensor.name().equals("lm_head.weight"))
            .toList());
    Files.copy(golden.resolve("config.json"), headless.resolve("config.json"));
    Path a = ModelFolders.golden("llama", "a");

    MergedModel merged = Merging.merge(Merging.sum(headless, a, 1), temp.resolve("tied"));
    assertThat(config(temp.resolve("tied")).get("tie_word_embeddings").booleanValue()).isTrue();
    assertThat(merged.lines())
        .anySatisfy(line -> assertThat(line).contains("headless: the config says that lm_head"))
        .anySatisfy(line -> assertThat(line).contains("tie_word_embeddings is true now"));

    Merging.merge(Merging.linear(a, 0, headless, 1), temp.resolve("untied"));
    Map<String, StoredTensor> untied = ModelFolders.read(temp.resolve("untied"));
    assertThat(untied.get("lm_head.weight").bytes())
        .isEqualTo(untied.get("model.embed_tokens.weight").bytes());
    assertThat(config(temp.resolve("untied")).get("tie_word_embeddings").booleanValue()).isFalse();
  }

  @Test
  void saysEveryReferenceThatLeadsNowhere() {
    String recipe = Merging.linear("no/model@v1", 1, "no/other+no/adapter", 1);
    assertThatThrownBy(() -> Merging.merge(recipe, temp.resolve("out")))
        .isInstanceOf(UnresolvedReferenceException.class)
        .hasMessageContaining("\"no/model@v1\"")
        .hasMessageContaining("\"no/other\"");
  }
}
