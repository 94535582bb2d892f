package io.hfmerge.hf.lora;

import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.DoubleStream;

/** Adapters made by tests. */
final class AdapterFolders {

  private AdapterFolders() {}

  static Path write(Path folder, String config, List<StoredTensor> tensors) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve(AdapterConfig.FILE), config);
    Path file = folder.resolve(Adapter.FILES.getFirst());
    try (SafetensorsWriter writer =
        SafetensorsWriter.createFile(file, tensors.stream().map(StoredTensor::spec).toList())) {
      for (StoredTensor tensor : tensors) {
        writer.write(tensor.name(), 0, MemorySegment.ofArray(tensor.bytes()));
      }
      writer.finish();
    }
    return folder;
  }

  static StoredTensor random(String name, DType dtype, Random random, long... shape) {
    Shape full = Shape.of(shape);
    double[] values = DoubleStream.generate(random::nextGaussian).limit(full.elements()).toArray();
    return StoredTensor.of(name, dtype, full, values);
  }

  static String config(String more) {
    return "{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 4, \"target_modules\": [\"proj\"]"
        + (more.isEmpty() ? "" : ", " + more)
        + "}";
  }
}
