package io.hfmerge.hf.vocab;

import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.vocab.RowSources.Part;
import io.hfmerge.recipe.ChatTemplateChoice;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.TokenizerSpec;
import io.hfmerge.recipe.VocabularySource;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the tokenizer and chat template keys of a recipe make of open models: every model's weights
 * in the order of the output's vocabulary, and the output's tokenizer files. A recipe without these
 * keys changes nothing.
 */
public final class OutputTokenizer {

  /** Files that decide whether two models have the same vocabulary. */
  private static final List<String> VOCABULARY_FILES =
      List.of(
          "tokenizer.json",
          "tokenizer_config.json",
          "added_tokens.json",
          "vocab.json",
          "vocab.txt",
          "tokenizer.model");

  /** Place of the base, whose config, names and dtypes the output has. */
  private static final int BASE = 0;

  private final Map<String, Checkpoint> checkpoints = new LinkedHashMap<>();
  private final List<String> notes = new ArrayList<>();
  private @Nullable TokenizerFiles files;
  private @Nullable ChatTemplates template;

  private OutputTokenizer() {}

  /**
   * Plans; reads tokenizer files and headers, no weights.
   *
   * @param recipe what is asked for
   * @param models every model of {@link Recipe#references()} in that order, and the model whose
   *     tokenizer is asked for if it is none of them
   * @throws io.hfmerge.error.UnresolvedReferenceException if a model that must have one has no
   *     tokenizer
   * @throws io.hfmerge.error.HfMergeException if a tokenizer or a token that the recipe names is
   *     refused
   * @throws IOException if a file cannot be read
   */
  public static OutputTokenizer plan(Recipe recipe, Map<String, HfModel> models)
      throws IOException {
    OutputTokenizer output = new OutputTokenizer();
    models.forEach((reference, model) -> output.checkpoints.put(reference, model.checkpoint()));
    // the base, or the first model without one, comes first
    List<HfModel> merged =
        recipe.references().stream().map(reference -> model(models, reference)).toList();
    TokenizerSpec spec = recipe.tokenizer();
    if (spec != null) {
      output.planVocabulary(spec, models, merged);
    }
    ChatTemplateChoice choice = recipe.chatTemplate();
    if (choice != null) {
      output.template = ChatTemplates.choose(choice, merged, output.notes);
    }
    return output;
  }

  private static HfModel model(Map<String, HfModel> models, String reference) {
    HfModel model = models.get(reference);
    if (model == null) {
      throw new IllegalArgumentException("\"" + reference + "\" is not open");
    }
    return model;
  }

  /** The files of a folder that say which vocabulary its model has; those that are there. */
  public static List<Path> vocabularyFiles(Path folder) {
    return VOCABULARY_FILES.stream().map(folder::resolve).filter(Files::isRegularFile).toList();
  }

  /** The weights of a model in the order of the output's vocabulary. */
  public Checkpoint checkpoint(String reference) {
    Checkpoint checkpoint = checkpoints.get(reference);
    if (checkpoint == null) {
      throw new IllegalArgumentException("\"" + reference + "\" is not open");
    }
    return checkpoint;
  }

  /** What was decided that the recipe does not say: a line each. */
  public List<String> notes() {
    return List.copyOf(notes);
  }

  /** Whether a companion file of the base gives way to another model's. */
  public boolean replaces(String companion) {
    return files != null && files.replaces(companion);
  }

  /**
   * Changes the files of an output folder: to be called once config and companion files of the base
   * are in it.
   *
   * @return what was done that a user should know, a line each
   */
  public List<String> write(Path folder) throws IOException {
    List<String> done = new ArrayList<>();
    if (files != null) {
      done.addAll(files.write(folder));
    }
    if (template != null) {
      done.addAll(template.write(folder));
    }
    return done;
  }

  private void planVocabulary(TokenizerSpec spec, Map<String, HfModel> models, List<HfModel> merged)
      throws IOException {
    HfModel base = merged.getFirst();
    HfModel donor =
        spec.source() instanceof VocabularySource.Model(String reference)
            ? model(models, reference)
            : base;
    List<Vocabulary> vocabularies = new ArrayList<>();
    List<VocabularyTensors> tensors = new ArrayList<>();
    List<VocabularyPlan.Member> members = new ArrayList<>();
    for (HfModel model : merged) {
      Vocabulary vocabulary = read(model, merged, vocabularies);
      vocabularies.add(vocabulary);
      tensors.add(VocabularyTensors.of(model));
      members.add(
          new VocabularyPlan.Member(model.reference(), vocabulary, tensors.getLast().rows()));
    }
    int donorIndex = merged.indexOf(donor);
    Vocabulary donorVocabulary =
        donorIndex < 0 ? read(donor, merged, vocabularies) : vocabularies.get(donorIndex);
    VocabularyPlan plan =
        VocabularyPlan.of(
            spec,
            members,
            BASE,
            donorIndex < 0 ? VocabularyPlan.NONE : donorIndex,
            donorVocabulary);
    VocabularyNotes report = new VocabularyNotes(plan, donor.reference(), donorVocabulary);
    notes.addAll(report.lines());
    reindex(plan, merged, tensors);
    files = new TokenizerFiles(plan, base, donor, vocabularies.get(BASE), donorVocabulary);
  }

  /** Models of one family usually have the very same files, which are then read once. */
  private static Vocabulary read(
      HfModel model, List<HfModel> earlier, List<Vocabulary> vocabularies) throws IOException {
    Path folder = model.location().folder();
    for (int i = 0; i < vocabularies.size(); i++) {
      if (sameFiles(folder, earlier.get(i).location().folder())) {
        return vocabularies.get(i);
      }
    }
    return VocabularyReader.read(model.reference(), folder);
  }

  private static boolean sameFiles(Path one, Path other) throws IOException {
    for (String name : VOCABULARY_FILES) {
      Path first = one.resolve(name);
      Path second = other.resolve(name);
      boolean exists = Files.exists(first);
      if (exists != Files.exists(second) || (exists && Files.mismatch(first, second) != -1)) {
        return false;
      }
    }
    return true;
  }

  private void reindex(VocabularyPlan plan, List<HfModel> models, List<VocabularyTensors> tensors) {
    List<Map<String, ReindexedTensor>> views = new ArrayList<>();
    models.forEach(model -> views.add(new LinkedHashMap<>()));
    VocabularyTensors layout = tensors.get(BASE);
    for (String canonical : layout.tensors().keySet()) {
      List<@Nullable Part> parts = new ArrayList<>();
      for (int i = 0; i < models.size(); i++) {
        parts.add(part(models.get(i), tensors.get(i), canonical));
      }
      RowSources sources = new RowSources(canonical, plan, parts);
      checkColumns(plan, parts);
      if (canonical.equals(layout.tensors().keySet().iterator().next())) {
        notes.addAll(VocabularyNotes.lent(sources));
      }
      for (int i = 0; i < models.size(); i++) {
        Part part = parts.get(i);
        if (part != null) {
          DType dtype = i == BASE ? part.tensor().dtype() : sources.dtype(i);
          view(models.get(i), canonical, part, new ViewSources(sources, i, dtype), views.get(i));
        }
      }
    }
    for (int i = 0; i < models.size(); i++) {
      if (!views.get(i).isEmpty()) {
        HfModel model = models.get(i);
        checkpoints.put(
            model.reference(), new VocabularyCheckpoint(model.checkpoint(), views.get(i)));
      }
    }
    if (!layout.guessed().isEmpty()) {
      notes.add(
          "taken for rows of the vocabulary by their shape: "
              + String.join(", ", layout.guessed()));
    }
  }

  /** What a view is made with. */
  private record ViewSources(RowSources sources, int index, DType dtype) {

    ReindexedTensor named(String name) {
      return new ReindexedTensor(name, sources, index, dtype);
    }
  }

  private void view(
      HfModel model,
      String canonical,
      Part part,
      ViewSources of,
      Map<String, ReindexedTensor> views) {
    String stored = part.tensor().name();
    boolean tied = !model.structure().canonical(stored).equals(canonical);
    ReindexedTensor view = of.named(tied ? canonical : stored);
    if (tied) {
      // the rows it lacks differ from those of the tensor it is tied with
      boolean nameable =
          model.structure().canonical(canonical).equals(canonical)
              && model.checkpoint().find(canonical).isEmpty();
      if (!nameable) {
        throw new IncompatibleCheckpointsException(
            "%s: ties \"%s\" with \"%s\", and the name of the first means something else there"
                .formatted(model.reference(), canonical, stored));
      }
      views.put(canonical, view);
      notes.add(model.reference() + " ties " + canonical + "; read from " + stored);
    } else if (!view.isUnchanged()) {
      views.put(stored, view);
    }
  }

  private static @Nullable Part part(HfModel model, VocabularyTensors tensors, String canonical) {
    Optional<TensorSpec> found =
        tensors
            .find(canonical)
            .filter(tensor -> tensor.dtype().isFloat() && tensor.shape().rank() >= 1);
    return found.map(tensor -> new Part(model.checkpoint(), tensor)).orElse(null);
  }

  private static void checkColumns(VocabularyPlan plan, List<@Nullable Part> parts) {
    Part first = parts.get(BASE);
    if (first == null) {
      throw new IllegalStateException("the base lacks one of its own tensors");
    }
    for (int i = 0; i < parts.size(); i++) {
      Part part = parts.get(i);
      if (part != null && !rowShape(part.tensor()).equals(rowShape(first.tensor()))) {
        throw new IncompatibleCheckpointsException(
            "tensor \"%s\": expected rows of one shape, found %s in %s and %s in %s"
                .formatted(
                    first.tensor().name(),
                    first.tensor().describe(),
                    plan.members().get(BASE).reference(),
                    part.tensor().describe(),
                    plan.members().get(i).reference()));
      }
    }
  }

  private static List<Long> rowShape(TensorSpec tensor) {
    List<Long> dimensions = tensor.shape().dimensions();
    return dimensions.subList(1, dimensions.size());
  }
}
