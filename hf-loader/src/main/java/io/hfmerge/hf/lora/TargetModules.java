package io.hfmerge.hf.lora;

import io.hfmerge.hf.config.ModelConfig;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * Which modules an adapter config adapts, by PEFT's rules: {@code target_modules} as a list of
 * names and ends of names or as one regular expression, {@code exclude_modules}, {@code
 * layers_to_transform} and {@code layers_pattern}.
 *
 * <p>{@code all-linear} depends on the classes of a Python model: then every module is taken.
 */
final class TargetModules {

  private static final String ALL_LINEAR = "all-linear";
  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");
  private static final Pattern LAYERS_NAME = Pattern.compile("[A-Za-z0-9_]+(\\.[A-Za-z0-9_]+)*");

  private final boolean named;
  private final Names targets;
  private final Names excluded;
  private final Set<Integer> layers;
  private final List<String> layersPatterns;

  private TargetModules(
      boolean named, Names targets, Names excluded, Set<Integer> layers, List<String> patterns) {
    this.named = named;
    this.targets = targets;
    this.excluded = excluded;
    this.layers = Set.copyOf(layers);
    this.layersPatterns = List.copyOf(patterns);
  }

  static TargetModules read(ModelConfig config) {
    boolean all =
        !config.has("target_modules") || ConfigValues.isText(config, "target_modules", ALL_LINEAR);
    Names targets = all ? Names.NONE : Names.read(config, "target_modules");
    List<String> patterns = ConfigValues.texts(config, "layers_pattern");
    for (String pattern : patterns) {
      if (!LAYERS_NAME.matcher(pattern).matches()) {
        throw config.malformed("layers_pattern", "the name of a list of layers", pattern);
      }
    }
    return new TargetModules(
        !all,
        targets,
        Names.read(config, "exclude_modules"),
        ConfigValues.wholeNumbers(config, "layers_to_transform"),
        patterns);
  }

  /** Whether modules are named, so that one without tensors is missing. */
  boolean named() {
    return named;
  }

  /** Whether the config means this module. */
  boolean matches(String module) {
    if (excluded.matches(module)) {
      return false;
    }
    if (!named) {
      return true;
    }
    // layers are looked at only beside a list, not beside an expression or a full name
    return targets.matches(module)
        && (targets.expression().isPresent()
            || layers.isEmpty()
            || targets.names().contains(module)
            || layer(module).filter(layers::contains).isPresent());
  }

  private Optional<Integer> layer(String module) {
    String[] parts = module.split("\\.", -1);
    // a number followed by more, after the name of its list
    for (int i = 1; i < parts.length - 1; i++) {
      if (NUMBER.matcher(parts[i]).matches() && follows(parts, i)) {
        return Optional.of(Integer.parseInt(parts[i]));
      }
    }
    return Optional.empty();
  }

  private boolean follows(String[] parts, int at) {
    if (layersPatterns.isEmpty()) {
      return at >= 2;
    }
    String before = String.join(".", List.of(parts).subList(0, at));
    return layersPatterns.stream().anyMatch(p -> before.equals(p) || before.endsWith("." + p));
  }

  /** A list of names and ends of names, or one expression. */
  private record Names(List<String> names, Optional<ModulePattern> expression) {

    static final Names NONE = new Names(List.of(), Optional.empty());

    static Names read(ModelConfig config, String key) {
      JsonNode value = config.tree().get(key);
      if (value != null && value.isString()) {
        String source = config.source() + ": key \"" + key + '"';
        return new Names(List.of(), Optional.of(ModulePattern.whole(source, value.stringValue())));
      }
      return new Names(ConfigValues.texts(config, key), Optional.empty());
    }

    boolean matches(String module) {
      return expression.map(pattern -> pattern.matches(module)).orElse(false)
          || names.stream().anyMatch(name -> module.equals(name) || module.endsWith("." + name));
    }
  }
}
