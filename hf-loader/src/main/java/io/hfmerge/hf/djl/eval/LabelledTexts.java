package io.hfmerge.hf.djl.eval;

import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.files.Utf8Text;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Texts, or pairs of texts, with a label each.
 *
 * @param rows in the order of the file
 */
public record LabelledTexts(List<Row> rows) {

  private static final List<String> TEXT = List.of("text", "sentence", "sentence1", "premise");
  private static final List<String> PAIR = List.of("text_pair", "sentence2", "hypothesis");
  private static final List<String> LABEL = List.of("label");

  public LabelledTexts {
    rows = List.copyOf(rows);
  }

  /** One text, or a pair of them. */
  public record Row(String text, Optional<String> pair, String label) {}

  /** A column by one of its names; null if there is none. */
  private interface Columns {
    @Nullable String get(String name);
  }

  /**
   * Reads a file: {@code .tsv} with a line of column names, without quotes; or {@code .jsonl}, an
   * object a line. Columns are {@code text} (or {@code sentence}, {@code sentence1}, {@code
   * premise}), perhaps {@code text_pair} (or {@code sentence2}, {@code hypothesis}), and {@code
   * label}; others are not looked at.
   *
   * @throws InvalidInputException if a line does not fit; names it
   * @throws IOException if the file cannot be read or is not UTF-8
   */
  public static LabelledTexts read(Path file) throws IOException {
    String name = String.valueOf(file.getFileName());
    boolean tabs = name.endsWith(".tsv");
    if (!tabs && !name.endsWith(".jsonl")) {
      throw new InvalidInputException(file + ": expected a name that ends in .tsv or .jsonl");
    }
    List<Row> rows = new ArrayList<>();
    List<String> header = null;
    int number = 0;
    for (String line : Utf8Text.read(file).lines().toList()) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      String place = file + ", line " + number;
      if (tabs && header == null) {
        header = header(place, line);
        continue;
      }
      rows.add(row(place, header == null ? object(place, line) : cells(place, header, line)));
    }
    if (rows.isEmpty()) {
      throw new InvalidInputException(file + ": expected at least one labelled text, found none");
    }
    return new LabelledTexts(rows);
  }

  private static List<String> header(String place, String line) {
    List<String> names = List.of(line.split("\t", -1));
    for (List<String> one : List.of(TEXT, LABEL)) {
      if (Collections.disjoint(names, one)) {
        throw new InvalidInputException(
            "%s: expected a column named as one of %s, found %s".formatted(place, one, names));
      }
    }
    return names;
  }

  private static Row row(String place, Columns columns) {
    String text = first(columns, TEXT);
    String label = first(columns, LABEL);
    if (text == null || label == null || label.isEmpty()) {
      throw new InvalidInputException(
          "%s: expected a column %s (one of %s)"
              .formatted(place, text == null ? "of text" : "label", text == null ? TEXT : LABEL));
    }
    return new Row(text, Optional.ofNullable(first(columns, PAIR)), label);
  }

  private static @Nullable String first(Columns columns, List<String> names) {
    for (String name : names) {
      String value = columns.get(name);
      if (value != null) {
        return value;
      }
    }
    return null;
  }

  private static Columns cells(String place, List<String> header, String line) {
    List<String> cells = Arrays.asList(line.split("\t", -1));
    if (cells.size() != header.size()) {
      throw new InvalidInputException(
          "%s: expected %d cells, as in the first line, found %d"
              .formatted(place, header.size(), cells.size()));
    }
    Map<String, String> byName = new HashMap<>();
    for (int i = 0; i < cells.size(); i++) {
      byName.put(header.get(i).strip(), cells.get(i));
    }
    return byName::get;
  }

  private static Columns object(String place, String line) {
    JsonNode node;
    try {
      node = JsonMapper.shared().readTree(line);
    } catch (JacksonException e) {
      throw new InvalidInputException(
          "%s: expected a JSON object: %s".formatted(place, e.getOriginalMessage()));
    }
    if (!node.isObject()) {
      throw new InvalidInputException(place + ": expected a JSON object");
    }
    return name -> {
      JsonNode value = node.get(name);
      if (value == null || value.isNull()) {
        return null;
      }
      if (value.isContainer()) {
        throw new InvalidInputException(
            "%s: \"%s\": expected a text or a number".formatted(place, name));
      }
      return value.asString();
    };
  }
}
