package io.hfmerge.hf.output;

import io.hfmerge.hf.files.ChecksummedWriter;
import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.hf.torchbin.TorchWriter;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Formats that weights are written in. */
public enum WeightFormat {
  /** {@code model.safetensors} or its shards. */
  SAFETENSORS {
    @Override
    ChecksummedWriter create(Path folder, List<TensorSpec> tensors, long maxShardBytes)
        throws IOException {
      return SafetensorsWriter.create(folder, tensors, maxShardBytes);
    }
  },
  /** {@code pytorch_model.bin} or its shards, in PyTorch's zip format. */
  TORCH {
    @Override
    ChecksummedWriter create(Path folder, List<TensorSpec> tensors, long maxShardBytes)
        throws IOException {
      return TorchWriter.create(folder, tensors, maxShardBytes);
    }
  };

  abstract ChecksummedWriter create(Path folder, List<TensorSpec> tensors, long maxShardBytes)
      throws IOException;
}
