package io.hfmerge.hf.arch;

import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A small reference checkpoint of F32 tensors, read in the plainest way. */
final class GoldenCheckpoint {

  private static final JsonMapper JSON = new JsonMapper();

  final ModelConfig config;
  final List<TensorSpec> tensors = new ArrayList<>();
  final JsonNode spectra;
  private final Map<String, Integer> offsets = new LinkedHashMap<>();
  private final ByteBuffer data;

  GoldenCheckpoint(String family) {
    try {
      Path folder =
          Path.of(GoldenCheckpoint.class.getResource("/golden/checkpoints/" + family).toURI());
      config = ModelConfig.read(folder.resolve("base/config.json"));
      spectra = JSON.readTree(folder.resolve("spectra-base.json"));
      data =
          ByteBuffer.wrap(Files.readAllBytes(folder.resolve("base/model.safetensors")))
              .order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
    int headerLength = Math.toIntExact(data.getLong(0));
    JsonNode header = JSON.readTree(data.array(), 8, headerLength);
    for (Map.Entry<String, JsonNode> entry : header.properties()) {
      if (entry.getKey().equals("__metadata__")) {
        continue;
      }
      List<Long> shape = new ArrayList<>();
      entry.getValue().get("shape").forEach(dimension -> shape.add(dimension.longValue()));
      DType dtype = DType.valueOf(entry.getValue().get("dtype").stringValue());
      tensors.add(new TensorSpec(entry.getKey(), dtype, new Shape(shape)));
      offsets.put(
          entry.getKey(),
          8 + headerLength + entry.getValue().get("data_offsets").get(0).intValue());
    }
  }

  ModelStructure structure() {
    return Architectures.load().structure(config, tensors, "golden");
  }

  /** Rows and columns of a matrix, gathered through its blocks. */
  double[][] read(WeightMatrix matrix) {
    double[][] rows = new double[Math.toIntExact(matrix.rows())][];
    int next = 0;
    for (MatrixBlock block : matrix.blocks()) {
      Shape shape = spec(block.tensor()).shape();
      int width = Math.toIntExact(shape.elements() / shape.dimension(0));
      for (int row = 0; row < block.rows(); row++) {
        double[] values = new double[Math.toIntExact(block.columns())];
        for (int column = 0; column < values.length; column++) {
          int stored = Math.toIntExact(block.firstRow()) + row;
          int element = block.transposed() ? column * width + stored : stored * width + column;
          values[column] = data.getFloat(offsets.get(block.tensor()) + 4 * element);
        }
        rows[next++] = values;
      }
    }
    if (next != rows.length) {
      throw new IllegalStateException(matrix.label() + ": blocks have " + next + " rows");
    }
    return rows;
  }

  private TensorSpec spec(String name) {
    return tensors.stream().filter(tensor -> tensor.name().equals(name)).findFirst().orElseThrow();
  }
}
