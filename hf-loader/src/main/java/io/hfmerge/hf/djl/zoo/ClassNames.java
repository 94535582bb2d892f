package io.hfmerge.hf.djl.zoo;

import ai.djl.modality.Classifications;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.djl.model.TransformerModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** Probabilities of classes, by the names in the config. */
final class ClassNames {

  private ClassNames() {}

  /**
   * Of a batch of one.
   *
   * @param list logits {@code [1, classes]}
   */
  static Classifications classify(TransformerModel model, NDList list) {
    NDArray probabilities = list.singletonOrThrow().squeeze(0).softmax(0);
    Optional<ModelConfig> names = model.config().object("id2label");
    List<String> classes = new ArrayList<>();
    for (int i = 0; i < probabilities.size(); i++) {
      String id = String.valueOf(i);
      classes.add(
          names
              .map(config -> config.tree().get(id))
              .filter(JsonNode::isString)
              .map(JsonNode::stringValue)
              .orElse("LABEL_" + id));
    }
    return new Classifications(classes, probabilities);
  }
}
