package io.hfmerge.hf.arch;

import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;

/** Names and shapes of a checkpoint written by hand, and questions asked of its structure. */
final class TensorList {

  final List<TensorSpec> tensors = new ArrayList<>();

  TensorList f32(String name, long... shape) {
    return add(DType.F32, name, shape);
  }

  TensorList add(DType dtype, String name, long... shape) {
    tensors.add(new TensorSpec(name, dtype, Shape.of(shape)));
    return this;
  }

  /** A linear module with bias. */
  TensorList linear(String module, long out, long in) {
    return f32(module + ".weight", out, in).f32(module + ".bias", out);
  }

  /** A norm with bias. */
  TensorList norm(String module, long width) {
    return f32(module + ".weight", width).f32(module + ".bias", width);
  }

  ModelStructure structure(String config) {
    return Architectures.load()
        .structure(ModelConfig.parse(config, "config.json"), tensors, "model.safetensors");
  }

  /** As {@code stack/layer/role/expert label [rows, columns]}, one text per matrix. */
  static List<String> describe(List<WeightMatrix> matrices) {
    return matrices.stream()
        .map(matrix ->
            matrix.stack()
                + matrix.layer()
                + ' '
                + matrix.role()
                + (matrix.expert().isPresent() ? "#" + matrix.expert().getAsInt() : "")
                + ' '
                + matrix.label()
                + " ["
                + matrix.rows()
                + ", "
                + matrix.columns()
                + ']')
        .toList();
  }

  static TensorSpec spec(String name, long... shape) {
    return new TensorSpec(name, DType.F32, Shape.of(shape));
  }
}
