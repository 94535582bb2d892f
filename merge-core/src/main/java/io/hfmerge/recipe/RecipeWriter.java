package io.hfmerge.recipe;

import io.hfmerge.method.Compatibility;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Writes a recipe as YAML that {@link RecipeReader} reads back to an equal recipe, and mergekit too
 * where {@code on_mismatch}, {@code compat} and {@code seed} are at their defaults.
 */
public final class RecipeWriter {

  /** Texts that every YAML version reads as text without quotes. */
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z_/][A-Za-z0-9_./@+-]*");

  private static final Pattern KEYWORD = Pattern.compile("(?i)(true|false|yes|no|on|off|null|y|n)");

  /** Largest whole number written without exponent. */
  private static final double PLAIN_LIMIT = 1e15;

  /** The YAML text of a whole file, ending with a newline. */
  public String write(RecipeBook book) {
    return new RecipeBookWriter(this).write(book);
  }

  /** The YAML text, ending with a newline. */
  public String write(Recipe recipe) {
    StringBuilder yaml = new StringBuilder();
    yaml.append("merge_method: ").append(text(recipe.mergeMethod())).append('\n');
    String base = recipe.baseModel();
    if (base != null) {
      yaml.append("base_model: ").append(text(base)).append('\n');
    }
    if (!recipe.slices().isEmpty()) {
      slices(yaml, "", recipe.slices());
    } else if (!recipe.modules().isEmpty()) {
      yaml.append("modules:\n");
      recipe.modules().forEach((name, module) -> module(yaml, name, module));
    } else {
      models(yaml, "", recipe.models());
    }
    parameters(yaml, "", recipe.parameters());
    if (recipe.dtype() != null) {
      yaml.append("dtype: ").append(recipe.dtype().torchName()).append('\n');
    }
    if (recipe.outDtype() != null) {
      yaml.append("out_dtype: ").append(recipe.outDtype().torchName()).append('\n');
    }
    new TokenizerYaml(RecipeWriter::text).write(yaml, recipe);
    if (recipe.onMismatch() != MismatchPolicy.REFUSE) {
      yaml.append("on_mismatch: ").append(recipe.onMismatch().word()).append('\n');
    }
    if (recipe.compatibility() == Compatibility.MERGEKIT) {
      yaml.append("compat: mergekit\n");
    }
    if (recipe.seed() != 0) {
      yaml.append("seed: ").append(recipe.seed()).append('\n');
    }
    return yaml.toString();
  }

  private static void models(StringBuilder yaml, String indent, List<ModelEntry> models) {
    yaml.append(indent).append(models.isEmpty() ? "models: []\n" : "models:\n");
    for (ModelEntry model : models) {
      yaml.append(indent).append("  - model: ").append(text(model.reference())).append('\n');
      parameters(yaml, indent + "    ", model.parameters());
    }
  }

  private static void slices(StringBuilder yaml, String indent, List<Slice> slices) {
    yaml.append(indent).append("slices:\n");
    for (Slice slice : slices) {
      yaml.append(indent).append("  - sources:\n");
      for (SliceSource source : slice.sources()) {
        yaml.append(indent).append("      - model: ").append(text(source.reference()));
        yaml.append('\n').append(indent).append("        layer_range: ");
        yaml.append(source.layers()).append('\n');
        parameters(yaml, indent + "        ", source.parameters());
      }
      String base = slice.baseModel();
      if (base != null) {
        yaml.append(indent).append("    base_model: ").append(text(base)).append('\n');
      }
      Double residual = slice.residualWeight();
      if (residual != null) {
        yaml.append(indent).append("    residual_weight: ").append(number(residual, false));
        yaml.append('\n');
      }
      parameters(yaml, indent + "    ", slice.parameters());
    }
  }

  private static void module(StringBuilder yaml, String name, RecipeModule module) {
    yaml.append("  ").append(text(name)).append(":\n");
    if (module.slices().isEmpty()) {
      models(yaml, "    ", module.models());
    } else {
      slices(yaml, "    ", module.slices());
    }
    parameters(yaml, "    ", module.parameters());
  }

  static void parameters(
      StringBuilder yaml, String indent, Map<String, ParameterValue> parameters) {
    if (parameters.isEmpty()) {
      return;
    }
    yaml.append(indent).append("parameters:\n");
    parameters.forEach((name, value) -> {
      yaml.append(indent).append("  ").append(text(name)).append(':');
      List<ParameterRule> rules = value.rules();
      if (rules.size() == 1 && rules.getFirst().filter().equals(ParameterRule.ANY)) {
        yaml.append(' ').append(knots(rules.getFirst())).append('\n');
        return;
      }
      yaml.append('\n');
      for (ParameterRule rule : rules) {
        yaml.append(indent).append("    - ");
        if (!rule.filter().equals(ParameterRule.ANY)) {
          yaml.append("filter: ").append(text(rule.filter())).append('\n');
          yaml.append(indent).append("      ");
        }
        yaml.append("value: ").append(knots(rule)).append('\n');
      }
    });
  }

  private static String knots(ParameterRule rule) {
    String word = rule.word();
    if (word != null) {
      return text(word);
    }
    if (rule.knots().size() == 1) {
      return number(rule.knots().getFirst(), rule.truth());
    }
    return rule.knots().stream()
        .map(knot -> number(knot, rule.truth()))
        .collect(Collectors.joining(", ", "[", "]"));
  }

  private static String number(double value, boolean truth) {
    if (truth) {
      return value != 0 ? "true" : "false";
    }
    String shortest = Double.toString(value);
    if (!shortest.contains("E")) {
      return shortest;
    }
    if (Math.abs(value) < PLAIN_LIMIT && Math.abs(value) >= 1) {
      String plain = new BigDecimal(shortest).toPlainString();
      return plain.contains(".") ? plain : plain + ".0";
    }
    // YAML 1.1 knows an exponent only with a sign
    return shortest.contains("E-") ? shortest : shortest.replace("E", "E+");
  }

  static String text(String value) {
    if (PLAIN.matcher(value).matches() && !KEYWORD.matcher(value).matches()) {
      return value;
    }
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '"' -> quoted.append("\\\"");
        case '\\' -> quoted.append("\\\\");
        case '\n' -> quoted.append("\\n");
        case '\t' -> quoted.append("\\t");
        default -> {
          if (c < ' ' || c == 0x7f || (c >= 0x80 && c < 0xa0) || c == 0xfeff) {
            quoted.append(String.format("\\u%04X", (int) c));
          } else {
            quoted.append(c);
          }
        }
      }
    }
    return quoted.append('"').toString();
  }
}
