package io.hfmerge.hf.vocab;

import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.arch.ModelStructure;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Finds the tensors of a model that have a row, or an element, for each token.
 *
 * <p>The family's definition names them. Beside those, and for families without a definition, it is
 * every float tensor of rank 1 or 2 outside the layers with as many rows as the token embedding (by
 * the definition, else the config's {@code vocab_size}), unless that number is the model's width
 * too or the name is that of a position or type embedding.
 */
final class VocabularyTensors {

  private static final List<String> OTHER_EMBEDDINGS = List.of("position", "token_type");

  private final HfModel model;
  private final ModelStructure structure;
  private final Map<String, TensorSpec> byCanonical = new LinkedHashMap<>();
  private final Map<String, TensorSpec> defined = new LinkedHashMap<>();
  private final List<String> guessed = new ArrayList<>();

  private VocabularyTensors(HfModel model) {
    this.model = model;
    this.structure = model.structure();
    for (TensorSpec tensor : model.checkpoint().tensors()) {
      byCanonical.putIfAbsent(structure.canonical(tensor.name()), tensor);
    }
    for (String name : structure.vocabularyTensors()) {
      TensorSpec tensor = byCanonical.get(name);
      if (tensor != null && tensor.dtype().isFloat() && tensor.shape().rank() >= 1) {
        defined.put(name, tensor);
      }
    }
  }

  /** All of a model that takes part, without knowing more than its own definition. */
  static VocabularyTensors of(HfModel model) {
    VocabularyTensors tensors = new VocabularyTensors(model);
    tensors.guess();
    return tensors;
  }

  /** By canonical name, in the order of the definition, then of the files. */
  Map<String, TensorSpec> tensors() {
    return defined;
  }

  /** Stored names of those that no definition names. */
  List<String> guessed() {
    return guessed;
  }

  /**
   * Rows of the token embedding.
   *
   * @throws IncompatibleCheckpointsException if there is none
   */
  int rows() {
    TensorSpec embedding =
        defined.values().stream()
            .filter(tensor -> tensor.shape().rank() >= 2)
            .findFirst()
            .orElseThrow(this::none);
    long rows = embedding.shape().dimension(0);
    if (rows > Vocabulary.MAX_ID) {
      throw new IncompatibleCheckpointsException(
          "%s: tensor \"%s\": expected at most %d rows, found %s"
              .formatted(
                  model.reference(), embedding.name(), Vocabulary.MAX_ID, embedding.describe()));
    }
    return (int) rows;
  }

  /** The tensor that holds a weight, under its own name or that of one it is tied with. */
  Optional<TensorSpec> find(String canonical) {
    TensorSpec own = byCanonical.get(canonical);
    if (own != null) {
      return Optional.of(own);
    }
    return structure.tiedWith(canonical).map(byCanonical::get);
  }

  private void guess() {
    Optional<TensorSpec> embedding =
        defined.values().stream().filter(tensor -> tensor.shape().rank() >= 2).findFirst();
    OptionalLong rows =
        embedding.isPresent()
            ? OptionalLong.of(embedding.get().shape().dimension(0))
            : statedRows();
    if (rows.isEmpty()) {
      return;
    }
    boolean distinct =
        byCanonical.entrySet().stream()
            .filter(entry -> isCandidate(entry.getKey(), entry.getValue(), rows.getAsLong()))
            .noneMatch(entry ->
                entry.getValue().shape().rank() == 2
                    && entry.getValue().shape().dimension(1) == rows.getAsLong());
    if (!distinct) {
      return;
    }
    byCanonical.forEach((name, tensor) -> {
      if (isCandidate(name, tensor, rows.getAsLong())
          && defined.putIfAbsent(name, tensor) == null) {
        guessed.add(tensor.name());
      }
    });
  }

  private boolean isCandidate(String canonical, TensorSpec tensor, long rows) {
    int rank = tensor.shape().rank();
    return (rank == 1 || rank == 2)
        && tensor.shape().dimension(0) == rows
        && tensor.dtype().isFloat()
        && !structure.isBuffer(tensor)
        && structure.layer(canonical).isEmpty()
        && OTHER_EMBEDDINGS.stream().noneMatch(canonical::contains);
  }

  private OptionalLong statedRows() {
    Optional<ModelConfig> config = model.config();
    if (config.isEmpty()) {
      return OptionalLong.empty();
    }
    OptionalLong stated = config.get().integer("vocab_size");
    return stated.isPresent()
        ? stated
        : config.get().object("text_config").stream()
            .map(text -> text.integer("vocab_size"))
            .findFirst()
            .orElse(OptionalLong.empty());
  }

  private IncompatibleCheckpointsException none() {
    return new IncompatibleCheckpointsException(
        "%s: the recipe asks for vocabularies to be matched; expected a token embedding, found none of"
                .formatted(model.reference())
            + " "
            + (structure.known()
                ? "the names of a " + structure.modelType() + " model"
                : "as many rows as the config's vocab_size, and no definition of the family "
                    + structure.modelType()));
  }
}
