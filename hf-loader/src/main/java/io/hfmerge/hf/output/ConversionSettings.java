package io.hfmerge.hf.output;

import io.hfmerge.tensor.DType;
import java.util.Optional;

/**
 * How a model is converted.
 *
 * @param output how it is written
 * @param format what it is written as
 * @param dtype dtype of its float tensors, buffers left alone; empty to keep each as it is
 */
public record ConversionSettings(MergeSettings output, WeightFormat format, Optional<DType> dtype) {

  public ConversionSettings {
    if (dtype.filter(d -> !d.isFloat()).isPresent()) {
      throw new IllegalArgumentException("weights cannot be converted to " + dtype);
    }
  }
}
