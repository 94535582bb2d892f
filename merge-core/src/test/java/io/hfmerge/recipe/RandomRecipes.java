package io.hfmerge.recipe;

import io.hfmerge.method.Compatibility;
import io.hfmerge.tensor.DType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Valid recipes for {@code linear} of every form, the same for the same seed. */
final class RandomRecipes {

  private static final List<String> NAMES =
      List.of("a", "org/b", "../c", "d@v1", "org/e+l@2", "x y", "\"q\"", "no", "1.5", "- z: {1}");

  private final Random random;

  RandomRecipes(long seed) {
    this.random = new Random(seed);
  }

  Recipe next() {
    RecipeBuilder recipe = Recipe.builder("linear");
    switch (random.nextInt(3)) {
      case 0 -> models().forEach(model -> recipe.model(model.reference(), model.parameters()));
      case 1 -> slices().forEach(recipe::slice);
      default -> {
        for (int i = 0; i <= random.nextInt(3); i++) {
          boolean whole = random.nextBoolean();
          recipe.module(
              "part " + i,
              new RecipeModule(
                  whole ? models() : List.of(), whole ? List.of() : slices(), parameters(true)));
        }
      }
    }
    recipe.base(random.nextBoolean() ? name() : null);
    parameters(true).forEach(recipe::parameter);
    // so that no model is without
    recipe.parameter("weight", value());
    recipe.dtype(random.nextBoolean() ? DType.BF16 : null);
    recipe.outDtype(random.nextBoolean() ? DType.F32 : null);
    recipe.onMismatch(MismatchPolicy.values()[random.nextInt(3)]);
    recipe.compatibility(Compatibility.values()[random.nextInt(2)]);
    return recipe.seed(random.nextInt(1000)).build();
  }

  private List<ModelEntry> models() {
    List<String> names = new ArrayList<>(NAMES);
    List<ModelEntry> models = new ArrayList<>();
    for (int i = 0; i <= random.nextInt(3); i++) {
      String name = names.remove(random.nextInt(names.size()));
      models.add(new ModelEntry(name, parameters(false)));
    }
    return models;
  }

  private List<Slice> slices() {
    List<Slice> slices = new ArrayList<>();
    for (int i = 0; i <= random.nextInt(3); i++) {
      int length = 1 + random.nextInt(40);
      List<SliceSource> sources = new ArrayList<>();
      for (int j = 0; j <= random.nextInt(3); j++) {
        int start = random.nextInt(50);
        sources.add(
            new SliceSource(name(), new LayerRange(start, start + length), parameters(false)));
      }
      @Nullable Double residual = random.nextInt(4) == 0 ? random.nextDouble() : null;
      @Nullable String base = random.nextInt(4) == 0 ? name() : null;
      slices.add(new Slice(sources, base, parameters(true), residual));
    }
    return slices;
  }

  private String name() {
    return NAMES.get(random.nextInt(NAMES.size()));
  }

  private Map<String, ParameterValue> parameters(boolean global) {
    Map<String, ParameterValue> parameters = new LinkedHashMap<>();
    if (random.nextBoolean()) {
      parameters.put("weight", value());
    }
    if (global && random.nextBoolean()) {
      parameters.put("normalize", ParameterValue.of(random.nextBoolean()));
    }
    return parameters;
  }

  private ParameterValue value() {
    List<ParameterRule> rules = new ArrayList<>();
    for (int i = 0; i < random.nextInt(3); i++) {
      rules.add(new ParameterRule("filter " + i, knots(), false));
    }
    rules.add(new ParameterRule(ParameterRule.ANY, knots(), false));
    return new ParameterValue(rules);
  }

  private List<Double> knots() {
    List<Double> knots = new ArrayList<>();
    for (int i = 0; i <= random.nextInt(5); i++) {
      knots.add(random.nextGaussian() * Math.pow(10, random.nextInt(20) - 10));
    }
    return knots;
  }
}
