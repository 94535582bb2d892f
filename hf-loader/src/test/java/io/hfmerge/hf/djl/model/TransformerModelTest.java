package io.hfmerge.hf.djl.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.djl.block.TransformerBlock.Wanted;
import io.hfmerge.hf.djl.block.TransformerInputs;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.tensor.DType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TransformerModelTest {

  /** Sums in another order. */
  private static final float TOLERANCE = 1e-5f;

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"bert", "roberta", "gpt2", "gptj", "gpt_neox", "phi", "llama", "qwen2"})
  void givesEachSequenceOfABatchWhatItGetsAlone(String family) throws Exception {
    try (HfModel files = HfModels.open(ModelFolders.golden(family, "base").toString());
        TransformerModel model = TransformerModel.load(files, Device.cpu());
        NDManager manager = model.newManager()) {
      NDArray ids = manager.create(new long[][] {{5, 6, 7, 8}, {50, 1, 1, 1}});
      NDArray mask = manager.create(new long[][] {{1, 1, 1, 1}, {1, 0, 0, 0}});
      NDArray both = model.run(TransformerInputs.of(ids, mask), Wanted.LOGITS).logits();
      NDArray first = model.run(TransformerInputs.of(ids.get("0:1")), Wanted.LOGITS).logits();
      NDArray oneToken =
          model
              .run(TransformerInputs.of(manager.create(new long[][] {{50}})), Wanted.LOGITS)
              .logits();

      assertThat(largest(both.get("0:1").sub(first))).isLessThan(TOLERANCE);
      assertThat(largest(both.get("1:2, :1").sub(oneToken))).isLessThan(TOLERANCE);
    }
  }

  /** More scores than are computed at a time: sequences go in groups, the last one shorter. */
  @ParameterizedTest
  @ValueSource(strings = {"bert", "gpt2"})
  void givesEachSequenceOfALargeBatchWhatItGetsAlone(String family) throws Exception {
    int batch = 1700;
    int length = 40;
    try (HfModel files = HfModels.open(ModelFolders.golden(family, "base").toString());
        TransformerModel model = TransformerModel.load(files, Device.cpu());
        NDManager manager = model.newManager()) {
      NDArray ids =
          manager
              .arange(batch * length)
              .mul(7)
              .mod(89)
              .toType(DataType.INT64, false)
              .reshape(batch, length);
      NDArray mask = manager.ones(new Shape(batch, length), DataType.INT64);
      mask.set(new NDIndex("::3, 25:"), 0);
      NDArray all = model.run(TransformerInputs.of(ids, mask), Wanted.HIDDEN).lastHidden();
      for (int i : new int[] {0, 1, 1400, batch - 2, batch - 1}) {
        int visible = i % 3 == 0 ? 25 : length;
        NDArray one = ids.get("{}:{}, :{}", i, i + 1, visible);
        NDArray alone = model.run(TransformerInputs.of(one), Wanted.HIDDEN).lastHidden();

        assertThat(largest(all.get("{}:{}, :{}", i, i + 1, visible).sub(alone)))
            .as("sequence %d", i)
            .isLessThan(TOLERANCE);
      }
    }
  }

  /** A causal model's early tokens do not depend on later ones, in whatever blocks it computes. */
  @Test
  void givesLongInputsWhatTheirStartsGet() throws Exception {
    Path model = longer("llama", 1024);
    try (HfModel files = HfModels.open(model.toString());
        TransformerModel loaded = TransformerModel.load(files, Device.cpu());
        NDManager manager = loaded.newManager()) {
      NDArray ids = manager.arange(1000).mul(7).mod(96).toType(DataType.INT64, false);
      NDArray all = loaded.run(TransformerInputs.of(ids.reshape(2, 500)), Wanted.LOGITS).logits();
      for (int length : new int[] {1, 127, 128, 129, 300}) {
        NDArray start = ids.reshape(2, 500).get("1:2, :" + length);
        NDArray alone = loaded.run(TransformerInputs.of(start), Wanted.LOGITS).logits();

        assertThat(largest(alone.sub(all.get("1:2, :" + length))))
            .as("%d tokens", length)
            .isLessThan(TOLERANCE);
      }
    }
  }

  private Path longer(String family, int positions) throws Exception {
    Path model =
        ModelFolders.copy(ModelFolders.golden(family, "base"), folder.resolve("m"), t -> t);
    Path config = model.resolve("config.json");
    Files.writeString(
        config,
        Files.readString(config)
            .replace(
                "\"max_position_embeddings\": 64", "\"max_position_embeddings\": " + positions));
    return model;
  }

  @ParameterizedTest
  @CsvSource({"BF16, 0.05", "F16, 0.01", "F64, 0.00001"})
  void runsWeightsOfOtherTypesInF32(DType type, float tolerance) throws Exception {
    Path source = ModelFolders.golden("qwen2", "base");
    Path rounded = ModelFolders.copy(source, folder.resolve("m"), tensor -> tensor.as(type));
    try (HfModel first = HfModels.open(source.toString());
        HfModel second = HfModels.open(rounded.toString());
        TransformerModel exact = TransformerModel.load(first, Device.cpu());
        TransformerModel model = TransformerModel.load(second, Device.cpu());
        NDManager manager = model.newManager()) {
      TransformerInputs inputs = TransformerInputs.of(manager.create(new long[][] {{4, 5, 6}}));
      NDArray difference =
          model.run(inputs, Wanted.LOGITS).logits().sub(exact.run(inputs, Wanted.LOGITS).logits());

      assertThat(largest(difference)).isLessThan(tolerance);
    }
  }

  @Test
  void refusesMissingTensorsByName() throws Exception {
    Path model =
        changed(
            "gpt2",
            tensors ->
                tensors.stream()
                    .filter(tensor -> !tensor.name().endsWith("h.1.mlp.c_fc.bias"))
                    .filter(tensor -> !tensor.name().endsWith("ln_f.weight"))
                    .toList());
    assertRefused(model, "missing \"h.1.mlp.c_fc.bias\", \"ln_f.weight\"");
  }

  @Test
  void refusesTensorsThatNothingUses() throws Exception {
    Path model =
        changed(
            "llama",
            tensors -> {
              List<StoredTensor> more = new ArrayList<>(tensors);
              more.add(tensors.getFirst().named("model.layers.9.extra.weight"));
              return more;
            });
    assertRefused(model, "not expected \"model.layers.9.extra.weight\"");
  }

  @Test
  void refusesBiasesThatTheFamilyDoesNotHave() throws Exception {
    Path model =
        changed(
            "mistral",
            tensors -> {
              List<StoredTensor> more = new ArrayList<>(tensors);
              StoredTensor norm =
                  tensors.stream()
                      .filter(t -> t.name().equals("model.norm.weight"))
                      .findFirst()
                      .get();
              more.add(norm.named("model.layers.0.self_attn.q_proj.bias"));
              return more;
            });
    assertRefused(model, "not expected \"model.layers.0.self_attn.q_proj.bias\"");
  }

  @Test
  void refusesShapesThatContradictTheConfig() throws Exception {
    Path model =
        changed(
            "gpt2",
            tensors ->
                tensors.stream()
                    .map(tensor ->
                        tensor.name().endsWith("wpe.weight")
                            ? StoredTensor.of(
                                tensor.name(),
                                DType.F32,
                                io.hfmerge.tensor.Shape.of(2, 24),
                                new double[48])
                            : tensor)
                    .toList());
    assertRefused(model, "wpe.weight\": expected shape [48, 24], found [2, 24]");
  }

  private Path changed(String family, UnaryOperator<List<StoredTensor>> change) throws Exception {
    Path source = ModelFolders.golden(family, "base");
    Path target = folder.resolve("changed");
    ModelFolders.write(target, change.apply(new ArrayList<>(ModelFolders.read(source).values())));
    Files.copy(source.resolve("config.json"), target.resolve("config.json"));
    return target;
  }

  private static void assertRefused(Path model, String message) throws Exception {
    try (HfModel files = HfModels.open(model.toString())) {
      assertThatThrownBy(() -> TransformerModel.load(files, Device.cpu()))
          .isInstanceOf(MalformedCheckpointException.class)
          .hasMessageContaining(message);
    }
  }

  @Test
  void refusesInputsThatDoNotFit() throws Exception {
    try (HfModel files = HfModels.open(ModelFolders.golden("bert", "base").toString());
        TransformerModel model = TransformerModel.load(files, Device.cpu());
        NDManager manager = model.newManager()) {
      NDArray two = manager.create(new long[][] {{1, 2}});

      assertInvalid(model, of(manager, 96), "expected every token id from 0 to 95, found 96");
      assertInvalid(model, of(manager, -1), "expected every token id from 0 to 95, found -1");
      assertInvalid(
          model,
          TransformerInputs.of(manager.ones(new Shape(1, 41)).toType(two.getDataType(), false)),
          "expected at most 40 tokens, the model's limit, found 41");
      assertInvalid(
          model,
          TransformerInputs.of(two, manager.create(new long[][] {{1}})),
          "attention_mask: expected shape (1, 2), found (1, 1)");
      assertInvalid(
          model,
          TransformerInputs.of(two, manager.create(new long[][] {{1, 2}})),
          "attention_mask: expected 0 and 1");
      assertInvalid(
          model,
          new TransformerInputs(two, null, manager.create(new long[][] {{0, 2}}), null),
          "expected every token type id from 0 to 1, found 2");
      assertInvalid(
          model,
          new TransformerInputs(two, null, null, manager.create(new long[][] {{0, 40}})),
          "expected every position from 0 to 39, found 40");
      assertInvalid(
          model,
          TransformerInputs.of(manager.create(new long[] {1})),
          "expected shape [batch, tokens]");
    }
  }

  private static TransformerInputs of(NDManager manager, long id) {
    return TransformerInputs.of(manager.create(new long[][] {{1, id}}));
  }

  private static void assertInvalid(
      TransformerModel model, TransformerInputs inputs, String message) {
    assertThatThrownBy(() -> model.run(inputs, Wanted.LOGITS))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(message);
  }

  @Test
  void refusesFamiliesAndHeadsThatItDoesNotHave() throws Exception {
    try (HfModel files = HfModels.open(ModelFolders.golden("vit", "base").toString())) {
      LoadOptions options = LoadOptions.cpu().task(Task.CAUSAL_LM);
      assertThatThrownBy(() -> TransformerModel.load(files, options))
          .isInstanceOf(UnsupportedFeatureException.class)
          .hasMessageContaining("a vit model has no head for CAUSAL_LM here");
      assertThatThrownBy(() ->
              TransformerModel.load(files, LoadOptions.cpu().precision(LoadOptions.Precision.F16)))
          .isInstanceOf(UnsupportedFeatureException.class)
          .hasMessageContaining("F16 runs on a GPU only");
    }
    Path model =
        ModelFolders.copy(ModelFolders.golden("bert", "base"), folder.resolve("m"), t -> t);
    Path config = model.resolve("config.json");
    Files.writeString(
        config,
        Files.readString(config).replace("\"model_type\": \"bert\"", "\"model_type\": \"x\""));
    try (HfModel files = HfModels.open(model.toString())) {
      assertThatThrownBy(() -> TransformerModel.load(files, Device.cpu()))
          .isInstanceOf(UnsupportedFeatureException.class)
          .hasMessageContaining("model_type \"x\": this version runs bert, roberta");
    }
  }

  @Test
  void leavesNoArraysBehind() throws Exception {
    try (HfModel files = HfModels.open(ModelFolders.golden("llama", "base").toString());
        TransformerModel model = TransformerModel.load(files, Device.cpu());
        NDManager manager = model.newManager()) {
      NDArray ids = manager.create(new long[][] {{1, 2, 3}, {4, 5, 6}});
      NDArray mask = manager.create(new long[][] {{1, 1, 1}, {0, 1, 1}});
      int before = manager.getManagedArrays().size();
      model.run(TransformerInputs.of(ids, mask), Wanted.LOGITS);

      // the last hidden states and the logits
      assertThat(manager.getManagedArrays()).hasSize(before + 2);
    }
  }

  private static float largest(NDArray differences) {
    return differences.abs().max().getFloat();
  }
}
