package io.hfmerge.examples.experiment.taskvector;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import io.hfmerge.hf.djl.DjlTensors;
import io.hfmerge.hf.safetensors.SafetensorsCheckpoint;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A linear classifier of sentence vectors, {@code x Wᵀ + b}, which belongs to a task and is not
 * merged.
 *
 * @param weight W, {@code [classes, d]}
 * @param bias b, {@code [classes]}
 */
record Head(NDArray weight, NDArray bias) {

  static final String WEIGHT = "classifier.weight";
  static final String BIAS = "classifier.bias";

  /** A head from its file. */
  static final class Stored implements AutoCloseable {
    private final SafetensorsCheckpoint checkpoint;
    private final DjlTensors tensors;

    Stored(Path file, Device device) throws IOException {
      checkpoint = SafetensorsCheckpoint.openFile(file.toString(), file);
      tensors = DjlTensors.load(checkpoint, device);
    }

    Head head() {
      return new Head(tensors.get(WEIGHT), tensors.get(BIAS));
    }

    @Override
    public void close() throws IOException {
      tensors.close();
      checkpoint.close();
    }
  }

  /** Scores of each class, {@code [n, classes]}. */
  NDArray logits(NDArray sentences) {
    return sentences.matMul(weight.transpose()).add(bias);
  }
}
