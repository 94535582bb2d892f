package io.hfmerge.plan;

import io.hfmerge.tensor.TensorSpec;
import java.util.Optional;

/**
 * How one checkpoint's tensor names relate to the names of others of its family.
 *
 * <p>The same weight may be {@code bert.encoder...LayerNorm.gamma} in one file and {@code
 * encoder...LayerNorm.weight} in another; both have the same canonical name.
 */
public interface TensorNaming {

  /** Names as they are: for families that no definition describes. */
  TensorNaming PLAIN =
      new TensorNaming() {
        @Override
        public String canonical(String name) {
          return name;
        }

        @Override
        public Optional<String> tiedWith(String canonicalName) {
          return Optional.empty();
        }

        @Override
        public boolean isBuffer(TensorSpec tensor) {
          return tensor.dtype().isIntegral();
        }

        @Override
        public Optional<LayerPosition> layer(String canonicalName) {
          return Optional.empty();
        }
      };

  /** The name without optional prefix and with today's spelling; unique within a checkpoint. */
  String canonical(String name);

  /**
   * The canonical name of the tensor that holds the same values where the model ties its output
   * embedding to its input embedding.
   */
  Optional<String> tiedWith(String canonicalName);

  /** Whether a tensor is carried through unchanged, never summed: masks, positions, integers. */
  boolean isBuffer(TensorSpec tensor);

  /** Which layer a tensor belongs to; empty for embeddings, final norms and heads. */
  Optional<LayerPosition> layer(String canonicalName);

  /**
   * Place of a layer in its stack, for parameter gradients.
   *
   * @param index layer index from 0
   * @param count number of layers of that stack
   */
  record LayerPosition(int index, int count) {}
}
