package io.hfmerge.hf.output;

import io.hfmerge.engine.MergeOptions;
import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.LocalPath;
import io.hfmerge.hf.ModelLocation;
import io.hfmerge.hf.ModelReference;
import io.hfmerge.hf.card.Parent;
import io.hfmerge.hf.vocab.OutputTokenizer;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.plan.MergeInput;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.plan.MergePlanner;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeBook;
import io.hfmerge.recipe.RecipeOutput;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The open models of a recipe file, results of intermediate recipes included, and the plans over
 * them. Owns all of it until closed.
 */
final class RecipeModels implements AutoCloseable {

  private final MergeMethods methods;
  private final RecipeBook book;
  private final OpenModels open;
  private final Intermediates results;
  private final Map<String, InputIdentity> identities = new LinkedHashMap<>();

  private RecipeModels(
      MergeMethods methods, RecipeBook book, OpenModels open, Intermediates results) {
    this.methods = methods;
    this.book = book;
    this.open = open;
    this.results = results;
  }

  /**
   * Opens all models and plans the intermediate recipes.
   *
   * @param options of the run that reads the results
   */
  static RecipeModels open(
      HfModels models, MergeMethods methods, RecipeBook book, MergeOptions options)
      throws IOException {
    refuseAmbiguousNames(book);
    RecipeModels opened =
        new RecipeModels(
            methods,
            book,
            OpenModels.open(models, book.allReferences()),
            new Intermediates(models, options, book.intermediates().size()));
    try {
      for (Map.Entry<String, Recipe> step : book.intermediates().entrySet()) {
        opened.result(step.getKey(), step.getValue());
      }
      return opened;
    } catch (IOException | RuntimeException | Error e) {
      opened.close();
      throw e;
    }
  }

  /** A name that is also a path would mean one thing here and another in a file of its own. */
  private static void refuseAmbiguousNames(RecipeBook book) {
    for (String name : book.intermediates().keySet()) {
      if (LocalPath.exists(name)) {
        throw new InvalidRecipeException(
            "\"%s\" is the name of a recipe and an existing path; give the recipe another name"
                .formatted(name));
      }
    }
  }

  /** The result of a recipe as a model, open as long as this is. */
  HfModel result(String name, Recipe recipe) throws IOException {
    OutputTokenizer tokenizer = OutputTokenizer.plan(recipe, open.byReference());
    MergePlan plan = plan(recipe, tokenizer);
    HfModel layout = layout(plan);
    HfModel result =
        results.add(
            name,
            plan,
            (folder, notes) ->
                FolderCompletion.addCompanions(
                    plan, layout, open::model, tokenizer, folder, notes));
    open.byReference().put(name, result);
    return result;
  }

  /** An open model. */
  HfModel model(String reference) {
    return open.model(reference);
  }

  /** The model that lends names, config and companion files. */
  HfModel layout(MergePlan plan) {
    HfModel layout = open.model(plan.inputs().getFirst().reference());
    if (layout.config().filter(config -> config.has("quantization_config")).isPresent()) {
      throw new UnsupportedFeatureException(
          layout.location().folder()
              + ": expected plain weights, found a quantization_config; merge the models before they"
              + " are quantised");
    }
    return layout;
  }

  /** Results of intermediate recipes. */
  Intermediates results() {
    return results;
  }

  /** Of all outputs, which share their models as re-indexed for it, and so read them once. */
  OutputTokenizer tokenizer() throws IOException {
    return OutputTokenizer.plan(book.outputs().getFirst().recipe(), open.byReference());
  }

  /** Plans; models of two families are named as such before their tensors are compared in vain. */
  MergePlan plan(Recipe recipe, OutputTokenizer tokenizer) {
    try {
      MergePlan plan = new MergePlanner(methods).plan(recipe, open.inputs(recipe, tokenizer));
      List<String> notes = new ArrayList<>();
      for (MergeInput input : plan.inputs()) {
        notes.addAll(open.model(input.reference()).notes());
      }
      notes.addAll(tokenizer.notes());
      return plan.withNotes(notes);
    } catch (IncompatibleCheckpointsException e) {
      Map<String, String> families = open.families();
      if (families.size() < 2) {
        throw e;
      }
      throw new IncompatibleCheckpointsException(
          "expected models of one family, found "
              + families.entrySet().stream()
                  .map(family -> family.getKey() + " (" + family.getValue() + ")")
                  .collect(Collectors.joining(", "))
              + "\n"
              + e.getMessage(),
          e);
    }
  }

  /**
   * All that is to be known of one output.
   *
   * @param tokenizer see {@link #tokenizer}
   * @param recipeText what makes the output alone
   */
  OutputJob job(RecipeOutput output, OutputTokenizer tokenizer, String recipeText, Path target)
      throws IOException {
    RecipeBook alone = book.alone(output);
    List<String> notes = new ArrayList<>(book.notes());
    notes.addAll(results.notes());
    MergePlan plan = plan(output.recipe(), tokenizer).withNotes(notes);
    HfModel layout = layout(plan);
    open.refuseOverlap(target);
    List<InputIdentity> inputs = new ArrayList<>();
    for (String reference : alone.allReferences()) {
      inputs.add(identity(reference));
    }
    return new OutputJob(
        plan,
        ParameterGroups.of(plan),
        recipeText,
        parents(alone.references()),
        inputs,
        layout,
        tokenizer,
        target);
  }

  /** Adapters count as parents of their own. */
  private List<Parent> parents(List<String> references) throws IOException {
    Map<String, Parent> parents = new LinkedHashMap<>();
    for (String reference : references) {
      List<ModelLocation> locations = open.model(reference).locations();
      List<String> parts = ModelReference.parse(reference).parts();
      for (int i = 0; i < parts.size(); i++) {
        String part = parts.get(i);
        ModelLocation location = locations.get(i);
        Optional<String> commit = location.revision();
        if (commit.isEmpty()) {
          Path config = location.folder().toAbsolutePath().resolve("config.json");
          commit = HubOrigin.of(config).map(HubOrigin::commit);
        }
        parents.put(part, Parent.of(part, LocalPath.exists(part), commit, location));
      }
    }
    return List.copyOf(parents.values());
  }

  private InputIdentity identity(String reference) throws IOException {
    InputIdentity known = identities.get(reference);
    if (known == null) {
      known = InputIdentity.of(open.model(reference));
      identities.put(reference, known);
    }
    return known;
  }

  @Override
  public void close() throws IOException {
    try (open;
        results) {
      // results before what they are made of
    }
  }
}
