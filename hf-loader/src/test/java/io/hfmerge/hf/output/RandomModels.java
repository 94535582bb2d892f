package io.hfmerge.hf.output;

import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Models of a few megabytes: large and small tensors, one empty, two dtypes. */
final class RandomModels {

  static final int TENSORS = 29;

  private RandomModels() {}

  /** Creates a folder without a config. */
  static Path write(Path folder, long seed) throws IOException {
    Random random = new Random(seed);
    List<StoredTensor> tensors = new ArrayList<>();
    tensors.add(tensor("embeddings", DType.F32, Shape.of(700, 900), random));
    for (int i = 0; i < 26; i++) {
      DType dtype = i % 3 == 0 ? DType.F32 : DType.BF16;
      tensors.add(tensor("layers." + i, dtype, Shape.of(i % 5 == 4 ? 3 : 150, 400), random));
    }
    tensors.add(tensor("empty", DType.F32, Shape.of(0, 7), random));
    tensors.add(tensor("head", DType.BF16, Shape.of(900, 700), random));
    return ModelFolders.write(folder, tensors);
  }

  private static StoredTensor tensor(String name, DType dtype, Shape shape, Random random) {
    double[] values = new double[Math.toIntExact(shape.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat() - 0.5;
    }
    return StoredTensor.of(name, dtype, shape, values);
  }
}
