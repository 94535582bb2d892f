package io.hfmerge.hf.djl.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.djl.block.TransformerBlock.Wanted;
import io.hfmerge.hf.djl.block.TransformerInputs;
import io.hfmerge.hf.djl.model.TransformerModel;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.TestHub;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Names on the Hub as model URLs, in a process whose environment names the Hub. */
class HubCriteriaTest {

  /** As for the forward passes themselves. */
  private static final float TOLERANCE = 1e-4f;

  private static final long[] IDS = {5, 9, 40, 2, 77, 31};

  @TempDir Path temp;

  /** The other process: the last logits of each URL, a line each. */
  public static void main(String[] arguments) throws Exception {
    List<String> lines = new ArrayList<>();
    for (int i = 1; i < arguments.length; i++) {
      Criteria<NDList, NDList> criteria =
          Criteria.builder()
              .setTypes(NDList.class, NDList.class)
              .optModelUrls(arguments[i])
              .build();
      try (ZooModel<NDList, NDList> model = criteria.loadModel();
          Predictor<NDList, NDList> predictor = model.newPredictor();
          NDManager manager = model.getNDManager().newSubManager()) {
        NDArray logits =
            predictor.predict(new NDList(manager.create(new long[][] {IDS}))).singletonOrThrow();
        lines.add(Arrays.toString(logits.get(0, IDS.length - 1).toFloatArray()));
      }
    }
    Files.write(Path.of(arguments[0]), lines);
  }

  @Test
  void namesRevisionsAndAdaptersAreLoaded() throws Exception {
    Path adapter = ModelFolders.GOLDEN.resolve("formats/lora-llama").toAbsolutePath();
    Path result = temp.resolve("result");
    Path out = temp.resolve("out");
    try (TestHub hub = TestHub.start()) {
      String first = hub.commit("org/llama", TestHub.files(ModelFolders.golden("llama", "base")));
      hub.commit("org/llama", TestHub.files(ModelFolders.golden("llama", "a")));
      hub.commit("org/lora", TestHub.files(adapter));
      ProcessBuilder builder =
          new ProcessBuilder(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "--enable-native-access=ALL-UNNAMED",
              "-cp",
              System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
              HubCriteriaTest.class.getName(),
              result.toString(),
              "hf://org/llama",
              "hf://org/llama@" + first,
              "hf://org/llama@" + first + "+org/lora");
      builder.environment().remove("HF_HUB_OFFLINE");
      builder.environment().put("HF_HUB_CACHE", temp.resolve("cache").toString());
      builder.environment().put("HF_ENDPOINT", hub.endpoint());
      Process process = builder.redirectErrorStream(true).redirectOutput(out.toFile()).start();
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as(Files.readString(out)).isZero();
    }
    List<String> lines = Files.readAllLines(result);
    JsonNode expected =
        JsonMapper.shared()
            .readTree(Files.readString(ModelFolders.GOLDEN.resolve("eval/expected.json")))
            .get("adapter")
            .get("logits");
    float[] adapted = new float[expected.size()];
    for (int i = 0; i < adapted.length; i++) {
      adapted[i] = expected.get(i).floatValue();
    }

    assertThat(floats(lines.get(0))).containsExactly(local("a"), within(TOLERANCE));
    assertThat(floats(lines.get(1))).containsExactly(local("base"), within(TOLERANCE));
    assertThat(floats(lines.get(2))).containsExactly(adapted, within(TOLERANCE));
  }

  private static float[] floats(String line) {
    return JsonMapper.shared().readValue(line, float[].class);
  }

  /** The same files without a Hub; they are held against transformers elsewhere. */
  private static float[] local(String which) throws Exception {
    try (HfModel files = HfModels.open(ModelFolders.golden("llama", which).toString());
        TransformerModel model = TransformerModel.load(files, Device.cpu());
        NDManager manager = model.newManager()) {
      NDArray ids = manager.create(new long[][] {IDS});
      return Objects.requireNonNull(model.run(TransformerInputs.of(ids), Wanted.LOGITS).logits())
          .get(0, IDS.length - 1)
          .toFloatArray();
    }
  }
}
