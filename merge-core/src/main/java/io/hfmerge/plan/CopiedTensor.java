package io.hfmerge.plan;

import io.hfmerge.tensor.TensorSpec;
import java.util.List;

/**
 * A tensor carried over from one checkpoint: byte for byte where the dtype stays, otherwise with
 * one rounding.
 *
 * @param output name, dtype and shape in the output
 * @param source where it comes from
 * @param reason why it is not merged
 */
public record CopiedTensor(TensorSpec output, TensorSource source, String reason)
    implements PlannedTensor {

  @Override
  public List<TensorSource> sources() {
    return List.of(source);
  }
}
