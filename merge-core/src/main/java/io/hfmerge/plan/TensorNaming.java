package io.hfmerge.plan;

import io.hfmerge.tensor.TensorSpec;
import java.util.List;
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

        @Override
        public String inLayer(String name, int layer) {
          return name;
        }

        @Override
        public boolean precedesLayers(String canonicalName) {
          return false;
        }

        @Override
        public boolean isVocabulary(String canonicalName) {
          return false;
        }
      };

  /** Name of the only module of most models. */
  String WHOLE = "default";

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
   * The name that the same tensor has in another layer of its stack; names outside the layers stay
   * as they are.
   *
   * @param name a stored or a canonical name
   * @param layer from 0; may lie beyond the layers that the checkpoint has
   */
  String inLayer(String name, int layer);

  /**
   * Whether a tensor outside the layers acts before them, as embeddings do; others (final norms,
   * heads) act after them.
   */
  boolean precedesLayers(String canonicalName);

  /** Whether a matrix has a row for each token: an input or output embedding. */
  boolean isVocabulary(String canonicalName);

  /** Names of the modules, such as {@code encoder} and {@code decoder}; {@link #WHOLE} alone. */
  default List<String> modules() {
    return List.of(WHOLE);
  }

  /** The module of a tensor, one of {@link #modules()}. */
  default String module(String canonicalName) {
    return WHOLE;
  }

  /** What is odd about the checkpoint and how it is read, a line each. */
  default List<String> remarks() {
    return List.of();
  }

  /**
   * Place of a layer in its stack.
   *
   * @param stack start of the canonical names of the stack's tensors; the same for all its layers
   * @param index layer index from 0
   * @param count number of layers of that stack
   */
  record LayerPosition(String stack, int index, int count) {}
}
