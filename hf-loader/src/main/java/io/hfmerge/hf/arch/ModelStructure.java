package io.hfmerge.hf.arch;

import io.hfmerge.plan.TensorNaming;
import io.hfmerge.tensor.TensorSpec;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An architecture applied to one checkpoint: where its layers, roles, heads and buffers are. Also
 * the {@link TensorNaming} by which the checkpoint is matched with others.
 */
public interface ModelStructure extends TensorNaming {

  /** The config's {@code model_type}; {@code unknown} where there is no config. */
  String modelType();

  /** Whether a definition of this family exists; else everything is by tensor name and shape. */
  boolean known();

  /** Numbers of the model; empty for unknown families. */
  Optional<ModelDimensions> dimensions();

  /**
   * Matrices of the layers in report order (stack, layer, role, expert), QKV included wherever Q, K
   * and V are all there. For unknown families empty: see {@link #otherMatrices()}.
   */
  List<WeightMatrix> layerMatrices();

  /**
   * Every other float tensor of rank 2 or more (embeddings, heads, convolutions flattened to {@code
   * [out, rest]}), with role {@link Role#OTHER}; for unknown families every such tensor.
   */
  List<WeightMatrix> otherMatrices();

  /**
   * What a tensor is, in a few words for people: {@code Q}, {@code embedding}, {@code norm}, ...
   */
  String describe(TensorSpec tensor);

  /**
   * Canonical names of tensors with a row or an element for each token of the vocabulary, the token
   * embedding first, whether or not this checkpoint has them; empty where no definition says.
   */
  default List<String> vocabularyTensors() {
    return List.of();
  }

  /**
   * By stack, as in {@link LayerPosition#stack}, the config keys that count its layers, of which
   * the first present one holds; empty for unknown families.
   */
  default Map<String, List<String>> layerCountKeys() {
    return Map.of();
  }

  /**
   * Whether output and input embedding are taken as tied although the config says otherwise,
   * because the file has only one of them.
   */
  default boolean tiedAgainstConfig() {
    return false;
  }

  /**
   * Canonical names that stand for one weight in this model, group by group, the name under which
   * transformers saves it first.
   */
  List<List<String>> tiedNames();

  /** Which balance identities hold at a stationary point of this architecture. */
  BalanceTraits balanceTraits();
}
