package io.hfmerge.analysis.report;

import io.hfmerge.error.MalformedReportException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A JSON object of a file that is not trusted: each field is asked for with its type, and what is
 * missing or of another type is an error that names file and field.
 */
record JsonFields(String file, String path, JsonNode node) {

  JsonFields {
    if (!node.isObject()) {
      throw error(file, path, "an object", node);
    }
  }

  private static MalformedReportException error(
      String file, String path, String expected, @Nullable JsonNode found) {
    return new MalformedReportException(
        "%s: %s: expected %s, found %s"
            .formatted(file, path.isEmpty() ? "the file" : path, expected, describe(found)));
  }

  static String describe(@Nullable JsonNode node) {
    if (node == null) {
      return "nothing";
    }
    String text =
        node.isContainer() ? node.getNodeType().name().toLowerCase(Locale.ROOT) : "" + node;
    return text.length() <= 40 ? text : text.substring(0, 40) + "...";
  }

  MalformedReportException error(String name, String expected) {
    return error(file, at(name), expected, node.get(name));
  }

  private String at(String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  boolean has(String name) {
    return node.has(name);
  }

  JsonFields object(String name) {
    JsonNode value = node.get(name);
    if (value == null) {
      throw error(name, "an object");
    }
    return new JsonFields(file, at(name), value);
  }

  List<JsonFields> objects(String name) {
    List<JsonFields> objects = new ArrayList<>();
    for (JsonNode element : array(name)) {
      objects.add(new JsonFields(file, at(name) + "[" + objects.size() + "]", element));
    }
    return objects;
  }

  private JsonNode array(String name) {
    JsonNode value = node.get(name);
    if (value == null || !value.isArray()) {
      throw error(name, "a list");
    }
    return value;
  }

  String text(String name) {
    JsonNode value = node.get(name);
    if (value == null || !value.isString()) {
      throw error(name, "a text");
    }
    return value.stringValue();
  }

  /** A text that may be null or missing. */
  Optional<String> optionalText(String name) {
    JsonNode value = node.get(name);
    return value == null || value.isNull() ? Optional.empty() : Optional.of(text(name));
  }

  boolean truth(String name) {
    JsonNode value = node.get(name);
    if (value == null || !value.isBoolean()) {
      throw error(name, "true or false");
    }
    return value.booleanValue();
  }

  /** A whole number that is not negative. */
  int count(String name) {
    JsonNode value = node.get(name);
    if (value == null || !value.isInt() || value.intValue() < 0) {
      throw error(name, "a whole number from 0 on");
    }
    return value.intValue();
  }

  OptionalInt optionalCount(String name) {
    return node.has(name) ? OptionalInt.of(count(name)) : OptionalInt.empty();
  }

  /** A finite number. */
  double number(String name) {
    return number(node.get(name), name);
  }

  private double number(@Nullable JsonNode value, String name) {
    if (value == null || !value.isNumber() || !Double.isFinite(value.doubleValue())) {
      throw error(name, "a finite number");
    }
    return value.doubleValue();
  }

  /** A finite number that is not negative. */
  double size(String name) {
    double number = number(name);
    if (!(number >= 0)) {
      throw error(name, "a number from 0 on");
    }
    return number;
  }

  OptionalDouble optionalNumber(String name) {
    JsonNode value = node.get(name);
    return value == null || value.isNull()
        ? OptionalDouble.empty()
        : OptionalDouble.of(number(name));
  }

  /** Finite numbers that are not negative. */
  List<Double> sizes(String name) {
    List<Double> numbers = new ArrayList<>();
    for (JsonNode element : array(name)) {
      double number = number(element, name);
      if (!(number >= 0)) {
        throw error(file, at(name), "numbers from 0 on", element);
      }
      numbers.add(number);
    }
    return numbers;
  }

  /** One of some values by its name. */
  <T> T choice(String name, Map<String, T> values) {
    T value = values.get(text(name));
    if (value == null) {
      throw error(name, "one of " + String.join(", ", values.keySet().stream().sorted().toList()));
    }
    return value;
  }
}
