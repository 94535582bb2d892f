package io.hfmerge.hf.sample;

import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.hf.json.PythonJson;
import io.hfmerge.hf.output.StagedFolder;
import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes a sample as a Hugging Face folder.
 *
 * <p>PyTorch's exporter keeps the published names of all initializers but the linear weights, which
 * become constants {@code [in, out]} of MatMul nodes under generated names; the node's name holds
 * the module's path ({@code /encoder/layer.0/attention/self/query/MatMul}). They are transposed
 * back to {@code [out, in]} and named after the module.
 */
final class SampleConverter {

  private record Output(TensorSpec spec, MemorySegment data) {}

  private SampleConverter() {}

  /**
   * Converts a sample; the folder appears whole or not at all.
   *
   * @param target folder to create
   * @throws UnresolvedReferenceException if its artifact is not on the class path
   * @throws IOException if the folder cannot be written
   */
  static void convert(SampleModel sample, Path target) throws IOException {
    OnnxModel onnx =
        OnnxModel.parse(
            sample.artifact() + "!" + sample.onnxResource(),
            resource(sample, sample.onnxResource()));
    List<Output> outputs = new ArrayList<>();
    for (OnnxModel.Initializer initializer : onnx.initializers()) {
      if (initializer.spec().dtype().isFloat()) {
        outputs.add(output(initializer, onnx.matMuls()));
      }
    }
    Path parent = target.toAbsolutePath().getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    try (StagedFolder staged = StagedFolder.create(target, false)) {
      try (SafetensorsWriter writer =
          SafetensorsWriter.create(
              staged.path(),
              outputs.stream().map(Output::spec).toList(),
              SafetensorsWriter.DEFAULT_MAX_SHARD_BYTES)) {
        for (Output output : outputs) {
          writer.write(output.spec().name(), 0, output.data());
        }
        writer.finish();
      }
      Map<String, Object> config = new LinkedHashMap<>(sample.config());
      config.put("dtype", outputs.getFirst().spec().dtype().torchName());
      Files.writeString(staged.path().resolve("config.json"), PythonJson.write(config));
      Files.write(
          staged.path().resolve("tokenizer.json"), resource(sample, sample.tokenizerResource()));
      Files.writeString(
          staged.path().resolve("README.md"),
          """
          ---
          license: %s
          library_name: transformers
          ---
          # %s

          Converted by hfmerge from the ONNX export in the Maven artifact `%s`.
          Published at %s.
          """
              .formatted(sample.licence(), sample.name(), sample.artifact(), sample.source()));
      staged.publish();
    }
  }

  private static Output output(OnnxModel.Initializer initializer, Map<String, String> matMuls) {
    TensorSpec spec = initializer.spec();
    String node = matMuls.get(spec.name());
    if (node == null || !node.endsWith("/MatMul") || spec.shape().rank() != 2) {
      return new Output(spec, MemorySegment.ofBuffer(initializer.data()));
    }
    String module = node.substring(1, node.length() - "/MatMul".length()).replace('/', '.');
    int rows = Math.toIntExact(spec.shape().dimension(0));
    int columns = Math.toIntExact(spec.shape().dimension(1));
    return new Output(
        new TensorSpec(module + ".weight", spec.dtype(), Shape.of(columns, rows)),
        MemorySegment.ofArray(transpose(initializer.data(), rows, columns, spec.dtype().bytes())));
  }

  private static byte[] transpose(ByteBuffer source, int rows, int columns, int elementBytes) {
    byte[] transposed = new byte[source.remaining()];
    ByteBuffer in = source.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    int start = in.position();
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        in.get(
            start + (row * columns + column) * elementBytes,
            transposed,
            (column * rows + row) * elementBytes,
            elementBytes);
      }
    }
    return transposed;
  }

  private static byte[] resource(SampleModel sample, String name) throws IOException {
    ClassLoader loader = Thread.currentThread().getContextClassLoader();
    try (InputStream in =
        (loader == null ? SampleConverter.class.getClassLoader() : loader)
            .getResourceAsStream(name)) {
      if (in == null) {
        throw new UnresolvedReferenceException(
            "sample:%s: expected the Maven artifact %s on the class path, found none; add it"
                .formatted(sample.name(), sample.artifact()));
      }
      return in.readAllBytes();
    }
  }
}
