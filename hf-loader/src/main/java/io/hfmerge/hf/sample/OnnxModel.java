package io.hfmerge.hf.sample;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The weights of an ONNX model: its graph's initializers, and the MatMul nodes that say which layer
 * an unnamed one belongs to. Nothing else of the model is read.
 *
 * <p>Source: onnx/onnx.proto, messages ModelProto, GraphProto, NodeProto and TensorProto.
 *
 * @param initializers in file order
 * @param matMuls node name by the name of its second input, for the nodes of type MatMul
 */
record OnnxModel(List<Initializer> initializers, Map<String, String> matMuls) {

  private static final int MODEL_GRAPH = 7;
  private static final int GRAPH_NODE = 1;
  private static final int GRAPH_INITIALIZER = 5;
  private static final int NODE_INPUT = 1;
  private static final int NODE_NAME = 3;
  private static final int NODE_OPERATOR = 4;
  private static final int TENSOR_DIMENSIONS = 1;
  private static final int TENSOR_TYPE = 2;
  private static final int TENSOR_NAME = 8;
  private static final int TENSOR_RAW_DATA = 9;

  /**
   * A weight.
   *
   * @param spec name, dtype and shape as stored
   * @param data raw little-endian bytes
   */
  record Initializer(TensorSpec spec, ByteBuffer data) {}

  /**
   * Reads a serialised ModelProto.
   *
   * @param source name for messages
   * @param bytes the whole file
   * @throws MalformedCheckpointException if the bytes are not such a message
   */
  static OnnxModel parse(String source, byte[] bytes) {
    try {
      CodedInputStream in = CodedInputStream.newInstance(bytes);
      in.enableAliasing(true);
      List<Initializer> initializers = new ArrayList<>();
      Map<String, String> matMuls = new LinkedHashMap<>();
      boolean found = false;
      while (!in.isAtEnd()) {
        int tag = in.readTag();
        if (WireFormat.getTagFieldNumber(tag) == MODEL_GRAPH) {
          found = true;
          readGraph(source, in, initializers, matMuls);
        } else {
          in.skipField(tag);
        }
      }
      if (!found) {
        throw new MalformedCheckpointException(
            source + ": expected an ONNX model, found a message without a graph");
      }
      return new OnnxModel(initializers, matMuls);
    } catch (IOException | ArithmeticException e) {
      throw new MalformedCheckpointException(
          source + ": expected an ONNX model, found: " + e.getMessage(), e);
    }
  }

  private static void readGraph(
      String source,
      CodedInputStream in,
      List<Initializer> initializers,
      Map<String, String> matMuls)
      throws IOException {
    int outer = in.pushLimit(in.readRawVarint32());
    while (!in.isAtEnd()) {
      int tag = in.readTag();
      switch (WireFormat.getTagFieldNumber(tag)) {
        case GRAPH_NODE -> readNode(in, matMuls);
        case GRAPH_INITIALIZER -> initializers.add(readInitializer(source, in));
        default -> in.skipField(tag);
      }
    }
    in.popLimit(outer);
  }

  private static void readNode(CodedInputStream in, Map<String, String> matMuls)
      throws IOException {
    int outer = in.pushLimit(in.readRawVarint32());
    List<String> inputs = new ArrayList<>();
    String name = "";
    String operator = "";
    while (!in.isAtEnd()) {
      int tag = in.readTag();
      switch (WireFormat.getTagFieldNumber(tag)) {
        case NODE_INPUT -> inputs.add(in.readStringRequireUtf8());
        case NODE_NAME -> name = in.readStringRequireUtf8();
        case NODE_OPERATOR -> operator = in.readStringRequireUtf8();
        default -> in.skipField(tag);
      }
    }
    in.popLimit(outer);
    if (operator.equals("MatMul") && inputs.size() == 2) {
      matMuls.put(inputs.get(1), name);
    }
  }

  private static Initializer readInitializer(String source, CodedInputStream in)
      throws IOException {
    int outer = in.pushLimit(in.readRawVarint32());
    List<Long> dimensions = new ArrayList<>();
    int type = 0;
    String name = "";
    ByteBuffer data = ByteBuffer.allocate(0);
    while (!in.isAtEnd()) {
      int tag = in.readTag();
      switch (WireFormat.getTagFieldNumber(tag)) {
        case TENSOR_DIMENSIONS -> readDimensions(in, tag, dimensions);
        case TENSOR_TYPE -> type = in.readInt32();
        case TENSOR_NAME -> name = in.readStringRequireUtf8();
        case TENSOR_RAW_DATA -> data = in.readByteBuffer();
        default -> in.skipField(tag);
      }
    }
    in.popLimit(outer);
    for (long dimension : dimensions) {
      if (dimension < 0) {
        throw new MalformedCheckpointException(
            "%s: initializer \"%s\": expected dimensions from 0 on, found %s"
                .formatted(source, name, dimensions));
      }
    }
    TensorSpec spec = new TensorSpec(name, dtype(source, name, type), new Shape(dimensions));
    if (spec.sizeBytes() != data.remaining()) {
      throw new MalformedCheckpointException(
          "%s: initializer \"%s\": %s needs %d bytes of raw data, found %d"
              .formatted(source, name, spec.describe(), spec.sizeBytes(), data.remaining()));
    }
    return new Initializer(spec, data);
  }

  private static void readDimensions(CodedInputStream in, int tag, List<Long> dimensions)
      throws IOException {
    if (WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_VARINT) {
      dimensions.add(in.readInt64());
      return;
    }
    int outer = in.pushLimit(in.readRawVarint32());
    while (!in.isAtEnd()) {
      dimensions.add(in.readInt64());
    }
    in.popLimit(outer);
  }

  private static DType dtype(String source, String name, int type) {
    return switch (type) {
      case 1 -> DType.F32;
      case 7 -> DType.I64;
      case 10 -> DType.F16;
      case 11 -> DType.F64;
      default ->
          throw new UnsupportedFeatureException(
              "%s: initializer \"%s\": expected float32, float64, float16 or int64, found ONNX type"
                      .formatted(source, name)
                  + " "
                  + type);
    };
  }
}
