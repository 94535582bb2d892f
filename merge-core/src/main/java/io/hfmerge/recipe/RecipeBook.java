package io.hfmerge.recipe;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;

/**
 * All recipes of one file: intermediate ones, whose results are only read by later ones, and those
 * whose results are written.
 *
 * @param intermediates by the name that others refer to as a model, each after those that it refers
 *     to itself
 * @param outputs at least one; several, all with names, are made of the same models
 * @param notes what was decided that the file does not say: one line each
 */
public record RecipeBook(
    Map<String, Recipe> intermediates, List<RecipeOutput> outputs, List<String> notes) {

  public RecipeBook {
    intermediates = OrderedMaps.copyOf(intermediates);
    outputs = List.copyOf(outputs);
    notes = List.copyOf(notes);
    if (outputs.isEmpty()) {
      throw new IllegalArgumentException("a recipe file without an output");
    }
    Set<String> later = new LinkedHashSet<>(intermediates.keySet());
    intermediates.forEach((name, recipe) -> {
      if (recipe.allReferences().stream().anyMatch(later::contains)) {
        throw new IllegalArgumentException(
            "\"" + name + "\" refers to itself or to a later recipe");
      }
      later.remove(name);
    });
    Set<String> folders = new HashSet<>();
    for (RecipeOutput output : outputs) {
      String name = output.name();
      if (outputs.size() > 1 && (name == null || !folders.add(name.toLowerCase(Locale.ROOT)))) {
        throw new IllegalArgumentException("several outputs need names of their own");
      }
      if (!output.recipe().allReferences().equals(outputs.getFirst().recipe().allReferences())) {
        throw new IllegalArgumentException("outputs of one file are made of the same models");
      }
    }
  }

  /** A single recipe. */
  public static RecipeBook of(Recipe recipe) {
    return new RecipeBook(Map.of(), List.of(new RecipeOutput(null, recipe)), List.of());
  }

  /** Whether outputs are folders within the target rather than the target itself. */
  public boolean hasNamedOutputs() {
    return outputs.getFirst().name() != null;
  }

  /** Every model that is merged, each once; results of intermediate recipes are none. */
  public List<String> references() {
    return references(Recipe::references);
  }

  /** Every model that must be open: the same and those whose tokenizer alone is asked for. */
  public List<String> allReferences() {
    return references(Recipe::allReferences);
  }

  private List<String> references(Function<Recipe, List<String>> ofRecipe) {
    Set<String> references = new LinkedHashSet<>();
    intermediates.values().forEach(recipe -> references.addAll(ofRecipe.apply(recipe)));
    outputs.forEach(output -> references.addAll(ofRecipe.apply(output.recipe())));
    references.removeAll(intermediates.keySet());
    return List.copyOf(references);
  }

  /** What makes one of the outputs alone, as the only output. */
  public RecipeBook alone(RecipeOutput output) {
    List<String> names = new ArrayList<>(intermediates.keySet());
    Set<String> needed = new HashSet<>(output.recipe().allReferences());
    for (String name : names.reversed()) {
      if (needed.contains(name)) {
        needed.addAll(Objects.requireNonNull(intermediates.get(name)).allReferences());
      }
    }
    Map<String, Recipe> used = new LinkedHashMap<>(intermediates);
    used.keySet().retainAll(needed);
    return new RecipeBook(used, List.of(new RecipeOutput(null, output.recipe())), List.of());
  }

  /** The same recipes, all with another seed. */
  public RecipeBook withSeed(long seed) {
    Map<String, Recipe> seeded = new LinkedHashMap<>();
    intermediates.forEach((name, recipe) -> seeded.put(name, recipe.withSeed(seed)));
    return new RecipeBook(
        seeded,
        outputs.stream()
            .map(output -> new RecipeOutput(output.name(), output.recipe().withSeed(seed)))
            .toList(),
        notes);
  }
}
