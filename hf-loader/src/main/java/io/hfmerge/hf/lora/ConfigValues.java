package io.hfmerge.hf.lora;

import io.hfmerge.hf.config.ModelConfig;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/** Values of PEFT's configs that may be one thing or a list of them. */
final class ConfigValues {

  /** Far above any real list; each name is compared with each module. */
  private static final int MAX_ENTRIES = 100_000;

  private ConfigValues() {}

  /** Whether a key is exactly this text. */
  static boolean isText(ModelConfig config, String key, String text) {
    JsonNode value = config.tree().get(key);
    return value != null && value.isString() && value.stringValue().equals(text);
  }

  /** A text or a list of texts; empty where there is none. */
  static List<String> texts(ModelConfig config, String key) {
    List<String> texts = new ArrayList<>();
    for (JsonNode element : elements(config, key)) {
      if (!element.isString()) {
        throw config.malformed(key, "names", quote(element));
      }
      texts.add(element.stringValue());
    }
    return texts;
  }

  /** A whole number or a list of them; empty where there is none. */
  static Set<Integer> wholeNumbers(ModelConfig config, String key) {
    Set<Integer> numbers = new LinkedHashSet<>();
    for (JsonNode element : elements(config, key)) {
      if (!element.isIntegralNumber() || !element.canConvertToInt()) {
        throw config.malformed(key, "whole numbers", quote(element));
      }
      numbers.add(element.intValue());
    }
    return numbers;
  }

  /** Whether a key says nothing: absent, null, false, or empty. */
  static boolean isUnset(JsonNode value) {
    return value.isNull()
        || (value.isBoolean() && !value.booleanValue())
        || (value.isContainer() && value.isEmpty())
        || (value.isString() && value.stringValue().isEmpty());
  }

  static String quote(JsonNode value) {
    String text = value.toString();
    return text.length() <= 80 ? text : text.substring(0, 80) + "...";
  }

  private static List<JsonNode> elements(ModelConfig config, String key) {
    JsonNode value = config.tree().get(key);
    if (value == null || value.isNull()) {
      return List.of();
    }
    if (!value.isArray()) {
      return List.of(value);
    }
    if (value.size() > MAX_ENTRIES) {
      throw config.malformed(key, "at most " + MAX_ENTRIES + " entries", value.size() + " of them");
    }
    List<JsonNode> elements = new ArrayList<>();
    value.forEach(elements::add);
    return elements;
  }
}
