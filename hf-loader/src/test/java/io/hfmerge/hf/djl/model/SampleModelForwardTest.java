package io.hfmerge.hf.djl.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.djl.block.TransformerBlock.Wanted;
import io.hfmerge.hf.djl.block.TransformerInputs;
import io.hfmerge.hf.djl.text.TextTokenizer;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A real pretrained model: all-MiniLM-L6-v2. */
class SampleModelForwardTest {

  private static final long SEED = 20260117;

  /** Hidden states are of size 1; both sides sum in f32, each in its own order. */
  private static final float TOLERANCE = 1e-4f;

  private static HfModel files;
  private static TransformerModel model;
  private static TextTokenizer tokenizer;

  @BeforeAll
  static void open() throws Exception {
    files = HfModels.open("sample:all-MiniLM-L6-v2");
    model = TransformerModel.load(files, Device.cpu());
    tokenizer = TextTokenizer.open(files);
  }

  @AfterAll
  static void close() throws Exception {
    tokenizer.close();
    model.close();
    files.close();
  }

  @Test
  void givesTransformersIdsAndHiddenStates() throws Exception {
    Map<String, StoredTensor> expected =
        ModelFolders.read(ModelFolders.GOLDEN.resolve("all-MiniLM-L6-v2-forward.safetensors"));
    JsonNode sentences =
        JsonMapper.shared()
            .readTree(ModelFolders.GOLDEN.resolve("all-MiniLM-L6-v2-sentences.json").toFile());

    assertThat(sentences.size()).isEqualTo(3);
    for (int i = 0; i < sentences.size(); i++) {
      long[] ids = tokenizer.encode(sentences.get(i).stringValue()).ids();
      assertThat(ids).isEqualTo(longs(expected.get("ids." + i)));
      float[] hidden = hidden(new long[][] {ids}, null);
      double[] reference = expected.get("last_hidden_state." + i).values();
      for (int j = 0; j < hidden.length; j++) {
        assertThat(hidden[j]).isCloseTo((float) reference[j], Offset.offset(TOLERANCE));
      }
      assertThat(hidden).hasSize(reference.length);
    }
  }

  @Test
  void givesOnnxRuntimesHiddenStatesOnFiftySentences() throws Exception {
    List<long[]> texts = new ArrayList<>();
    for (String sentence : sentences()) {
      texts.add(tokenizer.encode(sentence).ids());
    }
    int width = texts.stream().mapToInt(ids -> ids.length).max().getAsInt();
    long[][] ids = new long[texts.size()][width];
    long[][] mask = new long[texts.size()][width];
    for (int i = 0; i < ids.length; i++) {
      System.arraycopy(texts.get(i), 0, ids[i], 0, texts.get(i).length);
      Arrays.fill(mask[i], 0, texts.get(i).length, 1);
    }

    float[] hidden = hidden(ids, mask);
    float[] reference = onnxHidden(ids, mask);

    assertThat(hidden).hasSameSizeAs(reference);
    int states = hidden.length / (ids.length * width);
    float largest = 0;
    for (int i = 0; i < hidden.length; i++) {
      int token = i / states;
      if (mask[token / width][token % width] == 1) {
        largest = Math.max(largest, Math.abs(hidden[i] - reference[i]));
      }
    }
    assertThat(largest).isLessThan(TOLERANCE);
  }

  /** Random words of three sentences, so that lengths differ from 3 to 40 tokens. */
  private static List<String> sentences() {
    String[] words =
        ("Summing task vectors merges two fine-tuned checkpoints and the stable rank of a matrix is"
                + " the ratio of its Frobenius norm to its spectral norm Café déjà vu 北京 3.14")
            .split(" ");
    Random random = new Random(SEED);
    List<String> sentences = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      List<String> chosen = new ArrayList<>();
      int length = 1 + random.nextInt(30);
      for (int j = 0; j < length; j++) {
        chosen.add(words[random.nextInt(words.length)]);
      }
      sentences.add(String.join(" ", chosen) + ".");
    }
    return sentences;
  }

  private static float[] hidden(long[][] ids, long[][] mask) {
    try (NDManager manager = model.newManager()) {
      NDArray input = manager.create(ids);
      TransformerInputs inputs =
          mask == null
              ? TransformerInputs.of(input)
              : TransformerInputs.of(input, manager.create(mask));
      return model.run(inputs, Wanted.HIDDEN).lastHidden().toFloatArray();
    }
  }

  private static float[] onnxHidden(long[][] ids, long[][] mask) throws Exception {
    byte[] bytes;
    try (InputStream in =
        SampleModelForwardTest.class.getResourceAsStream("/all-minilm-l6-v2.onnx")) {
      bytes = in.readAllBytes();
    }
    long[][] types = new long[ids.length][ids[0].length];
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession session = environment.createSession(bytes);
        OnnxTensor first = OnnxTensor.createTensor(environment, ids);
        OnnxTensor second = OnnxTensor.createTensor(environment, mask);
        OnnxTensor third = OnnxTensor.createTensor(environment, types);
        OrtSession.Result result =
            session.run(
                Map.of("input_ids", first, "attention_mask", second, "token_type_ids", third))) {
      OnnxTensor output = (OnnxTensor) result.get(0);
      float[] values = new float[output.getFloatBuffer().remaining()];
      output.getFloatBuffer().get(values);
      return values;
    }
  }

  private static long[] longs(StoredTensor tensor) {
    LongBuffer buffer =
        ByteBuffer.wrap(tensor.bytes()).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer();
    long[] values = new long[buffer.remaining()];
    buffer.get(values);
    return values;
  }
}
