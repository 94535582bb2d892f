package io.hfmerge.hf.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.CodedOutputStream;
import io.hfmerge.error.HfMergeException;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OnnxModelTest {

  private static final int FLOAT = 1;

  @Test
  void readsInitializersAndTheLayersOfMatMuls() {
    OnnxModel model = OnnxModel.parse("x", model(initializer("w", FLOAT, 24, 2, 3), matMul()));
    assertThat(model.initializers())
        .extracting(OnnxModel.Initializer::spec)
        .containsExactly(new TensorSpec("w", DType.F32, Shape.of(2, 3)));
    assertThat(model.matMuls()).containsExactly(Map.entry("w", "/layer/MatMul"));
  }

  @Test
  void readsDimensionsThatAreNotPacked() {
    byte[] tensor =
        message(out -> {
          out.writeInt64(1, 2);
          out.writeInt64(1, 1);
          out.writeInt32(2, FLOAT);
          out.writeByteArray(9, new byte[8]);
        });
    assertThat(OnnxModel.parse("x", model(tensor, matMul())).initializers().getFirst().spec())
        .isEqualTo(new TensorSpec("", DType.F32, Shape.of(2, 1)));
  }

  @Test
  void refusesSizesThatDoNotFit() {
    assertMalformed(initializer("w", FLOAT, 23, 2, 3), "needs 24 bytes of raw data, found 23");
    assertMalformed(initializer("w", FLOAT, 25, 2, 3), "needs 24 bytes of raw data, found 25");
    assertMalformed(initializer("w", FLOAT, 0, 2, 3), "found 0");
    assertMalformed(initializer("w", FLOAT, 24, -2, -3), "dimensions from 0 on");
    assertMalformed(initializer("w", FLOAT, 0, Long.MAX_VALUE, 8), "overflow");
    assertMalformed(initializer("w", FLOAT, 0, Long.MAX_VALUE), "overflow");
  }

  private static void assertMalformed(byte[] initializer, String message) {
    assertThatThrownBy(() -> OnnxModel.parse("file.onnx", model(initializer, matMul())))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageStartingWith("file.onnx: ")
        .hasMessageContaining(message);
  }

  @Test
  void refusesElementTypesThatItDoesNotKnow() {
    byte[] text = initializer("w", 8, 0, 0);
    assertThatThrownBy(() -> OnnxModel.parse("x", model(text, matMul())))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("ONNX type 8");
  }

  @Test
  void refusesEveryTruncation() {
    byte[] whole = model(initializer("w", FLOAT, 24, 2, 3), matMul());
    for (int length = 0; length < whole.length; length++) {
      byte[] part = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> OnnxModel.parse("x", part))
          .as("%d of %d bytes", length, whole.length)
          .isInstanceOf(MalformedCheckpointException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void refusesRandomBytesInOneWay(long seed) {
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[random.nextInt(64)];
      random.nextBytes(bytes);
      parse(bytes, seed, i);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {4, 5, 6})
  void refusesFlippedBytesInOneWay(long seed) {
    Random random = new Random(seed);
    byte[] whole = model(initializer("w", FLOAT, 24, 2, 3), matMul());
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = whole.clone();
      int changes = 1 + random.nextInt(4);
      for (int change = 0; change < changes; change++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      parse(bytes, seed, i);
    }
  }

  /** Any other exception fails the test. */
  private static void parse(byte[] bytes, long seed, int round) {
    try {
      OnnxModel.parse("x", bytes);
    } catch (HfMergeException e) {
      assertThat(e).as("seed %d, round %d", seed, round).message().isNotBlank();
    }
  }

  @Test
  void refusesDeepNestingWithoutExhaustingTheStack() {
    byte[] groups = new byte[100_000];
    Arrays.fill(groups, (byte) (15 << 3 | 3)); // start of group 15, again and again
    assertThatThrownBy(() -> OnnxModel.parse("x", groups))
        .isInstanceOf(MalformedCheckpointException.class);
  }

  private interface Fields {
    void write(CodedOutputStream out) throws IOException;
  }

  private static byte[] message(Fields fields) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    try {
      fields.write(out);
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static byte[] initializer(String name, int type, int bytes, long... dimensions) {
    byte[] packed =
        message(out -> {
          for (long dimension : dimensions) {
            out.writeInt64NoTag(dimension);
          }
        });
    return message(out -> {
      out.writeByteArray(1, packed);
      out.writeInt32(2, type);
      out.writeString(8, name);
      out.writeByteArray(9, new byte[bytes]);
    });
  }

  private static byte[] matMul() {
    return message(out -> {
      for (String input : List.of("x", "w")) {
        out.writeString(1, input);
      }
      out.writeString(3, "/layer/MatMul");
      out.writeString(4, "MatMul");
    });
  }

  private static byte[] model(byte[] initializer, byte[] node) {
    byte[] graph =
        message(out -> {
          out.writeByteArray(1, node);
          out.writeByteArray(5, initializer);
        });
    return message(out -> {
      out.writeInt64(1, 8);
      out.writeByteArray(7, graph);
    });
  }
}
