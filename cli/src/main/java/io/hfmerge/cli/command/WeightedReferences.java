package io.hfmerge.cli.command;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParameterException;

/** Models of a sum as the command line spells them: {@code MODEL} or {@code MODEL=WEIGHT}. */
final class WeightedReferences {

  private WeightedReferences() {}

  /**
   * Weights by reference, in the order given.
   *
   * @param base the base, which cannot be one of them; null where there is none
   * @param usage makes a usage error of a message
   */
  static Map<String, Double> parse(
      List<String> models, @Nullable String base, Function<String, ParameterException> usage) {
    Map<String, Double> weights = new LinkedHashMap<>();
    for (String model : models) {
      int equals = model.lastIndexOf('=');
      Double weight = equals > 0 ? number(model.substring(equals + 1)) : null;
      String reference = weight == null ? model : model.substring(0, equals);
      if (weight == null && equals > 0 && !exists(model) && exists(model.substring(0, equals))) {
        throw usage.apply(
            "\"%s\": expected a number as the weight, found \"%s\""
                .formatted(model, model.substring(equals + 1)));
      }
      if (weight != null && !Double.isFinite(weight)) {
        throw usage.apply("\"" + model + "\": expected a finite weight");
      }
      if (reference.equals(base)) {
        throw usage.apply(
            "\"" + reference + "\" is the base: its task vector is zero; leave it out");
      }
      if (weights.put(reference, weight == null ? 1.0 : weight) != null) {
        throw usage.apply("\"" + reference + "\" stands twice; give it one weight");
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
}
