package io.hfmerge.hf.djl.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.inference.Predictor;
import ai.djl.modality.Classifications;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.SoftmaxCrossEntropyLoss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.hfmerge.hf.djl.block.TransformerInputs;
import io.hfmerge.hf.djl.model.TokenLosses;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.hf.testing.TokenizerFolder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a program sees that knows DJL alone. */
class CriteriaTest {

  /** As for the forward passes themselves. */
  private static final float TOLERANCE = 1e-4f;

  @TempDir private Path folder;

  private static Criteria.Builder<NDList, NDList> arrays(String url) {
    return Criteria.builder().setTypes(NDList.class, NDList.class).optModelUrls(url);
  }

  private static float[] logits(ZooModel<NDList, NDList> model, StoredTensor ids) throws Exception {
    long[] values = new long[ids.bytes().length / Long.BYTES];
    ByteBuffer.wrap(ids.bytes()).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().get(values);
    try (NDManager manager = NDManager.newBaseManager();
        Predictor<NDList, NDList> predictor = model.newPredictor()) {
      NDArray input = manager.create(values).reshape(2, values.length / 2);
      input.setName(TransformerInputs.IDS);
      return predictor.predict(new NDList(input)).singletonOrThrow().toFloatArray();
    }
  }

  @Test
  void aFolderRunsAsItDoesInTransformers() throws Exception {
    Map<String, StoredTensor> golden =
        ModelFolders.read(ModelFolders.golden("gpt2", "forward-base.safetensors"));
    Path model = ModelFolders.golden("gpt2", "base").toAbsolutePath();
    try (ZooModel<NDList, NDList> loaded = arrays("hf://" + model).build().loadModel()) {
      float[] found = logits(loaded, Objects.requireNonNull(golden.get("input_ids")));
      double[] expected = Objects.requireNonNull(golden.get("logits")).values();
      assertThat(found).hasSize(expected.length);
      for (int i = 0; i < found.length; i++) {
        assertThat((double) found[i]).isCloseTo(expected[i], within((double) TOLERANCE));
      }
    }
  }

  /** See make_eval.py. */
  @Test
  void aFolderWithAnAdapterRunsAsItsMerge() throws Exception {
    Path base = ModelFolders.golden("llama", "base");
    Path adapter = ModelFolders.GOLDEN.resolve("formats/lora-llama").toAbsolutePath();
    JsonNode expected = expected("adapter");
    long[] ids = new long[expected.get("ids").size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = expected.get("ids").get(i).longValue();
    }
    try (ZooModel<NDList, NDList> model =
            arrays("hf://" + base + "+" + adapter).build().loadModel();
        Predictor<NDList, NDList> predictor = model.newPredictor();
        NDManager manager = NDManager.newBaseManager()) {
      NDArray all =
          predictor.predict(new NDList(manager.create(ids).expandDims(0))).singletonOrThrow();
      float[] found = all.get(0, ids.length - 1).toFloatArray();

      assertThat(found).hasSize(expected.get("logits").size());
      for (int i = 0; i < found.length; i++) {
        assertThat((double) found[i])
            .isCloseTo(expected.get("logits").get(i).doubleValue(), within((double) TOLERANCE));
      }
    }
  }

  /** Half of two models, written and loaded against merged in memory. */
  @Test
  void aRecipeIsMergedInMemory() throws Exception {
    Path a = ModelFolders.golden("gpt2", "a").toAbsolutePath();
    Path base = ModelFolders.golden("gpt2", "base").toAbsolutePath();
    Path recipe =
        Files.writeString(
            folder.resolve("recipe.yaml"),
            """
            merge_method: linear
            dtype: float32
            models:
              - model: %s
                parameters: {weight: 1.0}
              - model: %s
                parameters: {weight: 0.0}
            """
                .formatted(a, base));
    StoredTensor ids =
        Objects.requireNonNull(
            ModelFolders.read(ModelFolders.golden("gpt2", "forward-a.safetensors"))
                .get("input_ids"));
    try (ZooModel<NDList, NDList> merged = arrays("hfmerge://" + recipe).build().loadModel();
        ZooModel<NDList, NDList> alone = arrays("hf://" + a).build().loadModel()) {
      assertThat(logits(merged, ids)).containsExactly(logits(alone, ids), within(TOLERANCE));
    }
    try (var left = Files.list(folder)) {
      assertThat(left).containsExactly(recipe);
    }
  }

  /** Steps of plain gradient descent make one sentence likelier. */
  @Test
  void aModelCanBeTrained() throws Exception {
    Path path = ModelFolders.golden("gpt2", "base").toAbsolutePath();
    try (ZooModel<NDList, NDList> model = arrays("hf://" + path).build().loadModel();
        Trainer trainer =
            model.newTrainer(
                new DefaultTrainingConfig(new SoftmaxCrossEntropyLoss())
                    .optOptimizer(
                        Optimizer.sgd().setLearningRateTracker(Tracker.fixed(0.05f)).build())
                    .optDevices(new Device[] {Device.cpu()}))) {
      trainer.initialize(new Shape(1, 5));
      NDArray ids = trainer.getManager().create(new long[][] {{5, 9, 40, 2, 77}});
      double first = step(trainer, ids);
      double last = first;
      for (int i = 0; i < 3; i++) {
        last = step(trainer, ids);
      }
      assertThat(last).isLessThan(first - 0.01);
    }
  }

  private static double step(Trainer trainer, NDArray ids) {
    double value;
    try (GradientCollector collector = trainer.newGradientCollector()) {
      NDArray logits = trainer.forward(new NDList(ids)).singletonOrThrow();
      NDArray loss = TokenLosses.next(logits, ids).mean();
      collector.backward(loss);
      value = loss.getFloat();
    }
    trainer.step();
    return value;
  }

  @Test
  void aTextBecomesAnEmbedding() throws Exception {
    Criteria<String, float[]> criteria =
        Criteria.builder()
            .setTypes(String.class, float[].class)
            .optModelUrls("hf://sample:all-MiniLM-L6-v2")
            .build();
    try (ZooModel<String, float[]> model = criteria.loadModel();
        Predictor<String, float[]> predictor = model.newPredictor()) {
      float[] fruit = predictor.predict("a ripe apple");
      assertThat(fruit).hasSize(384);
      assertThat(cosine(fruit, predictor.predict("a sweet pear")))
          .isGreaterThan(cosine(fruit, predictor.predict("a law about taxes")) + 0.1);
    }
  }

  private static double cosine(float[] a, float[] b) {
    double dot = 0;
    double first = 0;
    double second = 0;
    for (int i = 0; i < a.length; i++) {
      dot += a[i] * b[i];
      first += a[i] * a[i];
      second += b[i] * b[i];
    }
    return dot / Math.sqrt(first * second);
  }

  private static JsonNode expected(String key) throws Exception {
    Path file = ModelFolders.GOLDEN.resolve("eval/expected.json");
    return JsonMapper.shared().readTree(Files.readString(file)).get(key);
  }

  /** See make_eval.py. */
  @Test
  void aTextIsClassifiedAsTransformersDo() throws Exception {
    Path source = ModelFolders.GOLDEN.resolve("forward/bert-sequence").toAbsolutePath();
    Path copy = ModelFolders.copy(source, folder.resolve("bert"), tensor -> tensor);
    Files.copy(
        ModelFolders.GOLDEN.resolve("eval/bert-sequence-vocab.txt"), copy.resolve("vocab.txt"));
    JsonNode expected = expected("sequence");
    Criteria<String, Classifications> criteria =
        Criteria.builder()
            .setTypes(String.class, Classifications.class)
            .optModelUrls("hf://" + copy)
            .build();
    try (ZooModel<String, Classifications> model = criteria.loadModel();
        Predictor<String, Classifications> predictor = model.newPredictor()) {
      Classifications found = predictor.predict(expected.get("text").stringValue());

      for (int i = 0; i < 3; i++) {
        assertThat(found.get("LABEL_" + i).getProbability())
            .isEqualTo(expected.get("probabilities").get(i).doubleValue(), within(1e-5));
      }
    }
  }

  /** See make_eval.py. */
  @Test
  void aTextIsContinuedAsTransformersDo() throws Exception {
    Path copy =
        ModelFolders.copy(
            ModelFolders.golden("gpt2", "a"), folder.resolve("gpt2"), tensor -> tensor);
    TokenizerFolder.writeCharacters(copy);
    JsonNode expected = expected("generation");
    Criteria<String, String> criteria =
        Criteria.builder()
            .setTypes(String.class, String.class)
            .optModelUrls("hf://" + copy)
            .optArgument("maxNewTokens", 12)
            .build();
    try (ZooModel<String, String> model = criteria.loadModel();
        Predictor<String, String> predictor = model.newPredictor()) {
      assertThat(predictor.predict(expected.get("prompt").stringValue()))
          .isEqualTo(expected.get("text").stringValue());
    }
  }

  /** See make_images.py. */
  @Test
  void anImageIsClassifiedAsTransformersDo() throws Exception {
    Path images = ModelFolders.GOLDEN.resolve("images");
    Path copy =
        ModelFolders.copy(
            ModelFolders.golden("vit", "base"), folder.resolve("vit"), tensor -> tensor);
    Files.copy(
        images.resolve("preprocessor_config.json"), copy.resolve("preprocessor_config.json"));
    JsonNode expected =
        JsonMapper.shared().readTree(Files.readString(images.resolve("expected.json")));
    Criteria<Image, Classifications> criteria =
        Criteria.builder()
            .setTypes(Image.class, Classifications.class)
            .optModelUrls("hf://" + copy)
            .build();
    try (ZooModel<Image, Classifications> model = criteria.loadModel();
        Predictor<Image, Classifications> predictor = model.newPredictor()) {
      for (int i = 0; i < expected.get("names").size(); i++) {
        String name = expected.get("names").get(i).stringValue();
        if (name.endsWith(".jpg")) {
          continue; // its levels depend on the decoder
        }
        Image image = ImageFactory.getInstance().fromFile(images.resolve("classes").resolve(name));
        Classifications found = predictor.predict(image);
        double sum = 0;
        for (int c = 0; c < 5; c++) {
          sum += Math.exp(expected.get("logits").get(i).get(c).doubleValue());
        }
        for (int c = 0; c < 5; c++) {
          double logit = expected.get("logits").get(i).get(c).doubleValue();
          assertThat(found.get("LABEL_" + c).getProbability())
              .as(name)
              .isEqualTo(Math.exp(logit) / sum, within(1e-5));
        }
      }
    }
  }

  @Test
  void theHeadDecidesWhatAModelCanBeAskedFor() {
    Criteria<String, Classifications> criteria =
        Criteria.builder()
            .setTypes(String.class, Classifications.class)
            .optModelUrls("hf://sample:all-MiniLM-L6-v2")
            .build();

    assertThatThrownBy(criteria::loadModel)
        .rootCause()
        .hasMessageContaining("expected a model for SEQUENCE_CLASSIFICATION");
  }

  @Test
  void aModelThatDoesNotExistIsNamed() {
    assertThatThrownBy(() -> arrays("hf:///no/such/folder/anywhere").build().loadModel())
        .hasStackTraceContaining("no/such/folder/anywhere");
  }
}
