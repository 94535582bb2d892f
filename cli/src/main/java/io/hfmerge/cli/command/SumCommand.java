package io.hfmerge.cli.command;

import io.hfmerge.cli.option.FloatDType;
import io.hfmerge.cli.option.OutputOptions;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.recipe.ParameterValue;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeBuilder;
import io.hfmerge.recipe.RecipeWriter;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code hfmerge sum}: base + λ Σ wᵢ (modelᵢ − base). */
@Command(
    name = "sum",
    description = {
      "Sums fine-tuned models by their task vectors:",
      "  base + lambda * (w1 * (model1 - base) + w2 * (model2 - base) + ...)"
    })
public final class SumCommand implements Callable<Integer> {

  @Spec @Nullable CommandSpec spec;

  @Option(
      names = "--base",
      required = true,
      paramLabel = "MODEL",
      description = "The model that all others were fine-tuned from.")
  private String base = "";

  @Parameters(
      arity = "1..*",
      paramLabel = "MODEL[=WEIGHT]",
      description = "Fine-tuned models with their weights (default: 1).")
  private List<String> models = new ArrayList<>();

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "OUT",
      description = "Folder to create.")
  private Path target = Path.of("");

  @Option(
      names = "--lambda",
      paramLabel = "L",
      description = "Scale of the sum (default: ${DEFAULT-VALUE}).")
  private double lambda = 1;

  @Option(
      names = "--dtype",
      paramLabel = "DTYPE",
      converter = FloatDType.Converter.class,
      description = "float32, bfloat16, float16 or float64 (default: as the base is stored).")
  private @Nullable FloatDType dtype;

  @Mixin private final OutputOptions options = new OutputOptions();

  @Override
  public Integer call() throws Exception {
    if (!Double.isFinite(lambda)) {
      throw usage("--lambda: expected a finite number, found " + lambda);
    }
    RecipeBuilder builder = Recipe.sum(base, weights());
    if (lambda != 1) {
      builder.parameter("lambda", ParameterValue.of(lambda));
    }
    builder.outDtype(dtype == null ? null : dtype.value());
    Recipe recipe = builder.build();
    return MergeRun.execute(
        recipe,
        new RecipeWriter().write(recipe),
        MergeMethods.installed(),
        target,
        options,
        Objects.requireNonNull(spec).commandLine());
  }

  private Map<String, Double> weights() {
    Map<String, Double> weights = new LinkedHashMap<>();
    for (String model : models) {
      int equals = model.lastIndexOf('=');
      Double weight = equals > 0 ? number(model.substring(equals + 1)) : null;
      String reference = weight == null ? model : model.substring(0, equals);
      if (weight == null && equals > 0 && !exists(model) && exists(model.substring(0, equals))) {
        throw usage(
            "\"%s\": expected a number as the weight, found \"%s\""
                .formatted(model, model.substring(equals + 1)));
      }
      if (weight != null && !Double.isFinite(weight)) {
        throw usage("\"" + model + "\": expected a finite weight");
      }
      if (reference.equals(base)) {
        throw usage("\"" + reference + "\" is the base: its task vector is zero; leave it out");
      }
      if (weights.put(reference, weight == null ? 1.0 : weight) != null) {
        throw usage("\"" + reference + "\" stands twice; give it one weight");
      }
    }
    return weights;
  }

  /** A reference may itself hold an equals sign; only a number after it is a weight. */
  private static @Nullable Double number(String text) {
    try {
      return Double.valueOf(text);
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private static boolean exists(String reference) {
    try {
      return Files.exists(Path.of(reference));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private ParameterException usage(String message) {
    return new ParameterException(Objects.requireNonNull(spec).commandLine(), message);
  }
}
