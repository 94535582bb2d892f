package io.hfmerge.examples.readme;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.djl.DjlTensors;
import java.io.IOException;

/** A checkpoint's tensors as DJL arrays. */
public final class DjlSample {

  private DjlSample() {}

  /** Cosine of the embeddings of two tokens. */
  public static float cosine(String reference, long first, long second) throws IOException {
    // [begin README djl]
    try (HfModel model = HfModels.open(reference); // a folder, a file, sample:NAME
        DjlTensors tensors = DjlTensors.load(model.checkpoint(), Device.cpu())) {
      NDArray embeddings = tensors.get("embeddings.word_embeddings.weight"); // mapped, not copied
      NDArray a = embeddings.get(first);
      NDArray b = embeddings.get(second);
      return a.dot(b).getFloat() / (a.norm().getFloat() * b.norm().getFloat());
    }
    // [end README djl]
  }
}
