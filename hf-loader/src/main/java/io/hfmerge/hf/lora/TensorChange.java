package io.hfmerge.hf.lora;

import io.hfmerge.tensor.TensorSpec;
import java.util.Optional;

/** What an adapter does to one tensor of its base. */
sealed interface TensorChange {

  /** The adapter's tensor in place of the base's, in the base's dtype. */
  record Replaced(TensorSpec source) implements TensorChange {}

  /**
   * A low-rank update, scaled by DoRA's magnitudes where there are any.
   *
   * @param transposed whether the tensor is stored as {@code [in, out]}
   * @param source the adapter's tensor that is updated in place of the base's; usually empty
   */
  record Updated(AdapterModule module, boolean transposed, Optional<TensorSpec> source)
      implements TensorChange {}

  /** Something added to a bias: {@code scale * shift}, to the base's or to {@code source}. */
  record Shifted(TensorSpec shift, double scale, Optional<TensorSpec> source)
      implements TensorChange {}
}
