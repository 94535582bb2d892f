package io.hfmerge.hf.output;

import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.ModelLocation;
import io.hfmerge.hf.vocab.OutputTokenizer;
import io.hfmerge.plan.MergeInput;
import io.hfmerge.recipe.Recipe;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Models by reference, each open once, to which computed ones may be added; closes them all. */
record OpenModels(Map<String, HfModel> byReference) implements AutoCloseable {

  /** Those on this machine at the same time, others one after the other. */
  static OpenModels open(HfModels models, List<String> references) throws IOException {
    OpenModels open = new OpenModels(new LinkedHashMap<>());
    try (LocalModels local = LocalModels.open(models, references)) {
      List<UnresolvedReferenceException> unresolved = new ArrayList<>();
      for (String reference : references) {
        try {
          HfModel model = local.take(reference);
          open.byReference().put(reference, model == null ? models.openModel(reference) : model);
        } catch (UnresolvedReferenceException e) {
          unresolved.add(e);
        }
      }
      if (!unresolved.isEmpty()) {
        throw all(unresolved);
      }
      return open;
    } catch (IOException | RuntimeException e) {
      open.close();
      throw e;
    }
  }

  private static UnresolvedReferenceException all(List<UnresolvedReferenceException> unresolved) {
    UnresolvedReferenceException first = unresolved.getFirst();
    return unresolved.size() == 1
        ? first
        : new UnresolvedReferenceException(
            unresolved.stream().map(Throwable::getMessage).collect(Collectors.joining("\n")),
            first);
  }

  List<MergeInput> inputs(Recipe recipe, OutputTokenizer tokenizer) {
    return recipe.references().stream()
        .map(reference ->
            new MergeInput(
                reference, tokenizer.checkpoint(reference), model(reference).structure()))
        .toList();
  }

  /** A reference for each {@code model_type}. */
  Map<String, String> families() {
    Map<String, String> families = new LinkedHashMap<>();
    byReference.forEach(
        (reference, model) -> families.putIfAbsent(model.structure().modelType(), reference));
    return families;
  }

  HfModel model(String reference) {
    HfModel model = byReference.get(reference);
    if (model == null) {
      throw new IllegalArgumentException("\"" + reference + "\" is not open");
    }
    return model;
  }

  /** Replacing a folder that holds an input would delete it; one inside an input changes it. */
  void refuseOverlap(Path target) throws IOException {
    for (HfModel model : byReference.values()) {
      for (ModelLocation input : model.locations()) {
        InputOverlap.refuse(target, input);
      }
    }
  }

  @Override
  public void close() throws IOException {
    IOException failure = null;
    for (HfModel model : byReference.values()) {
      try {
        model.close();
      } catch (IOException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
