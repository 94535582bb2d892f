package io.hfmerge.hf.json;

import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes JSON as Python's {@code json.dumps(value, indent=2)} does, so that files written here and
 * by transformers differ only where their content does.
 */
public final class PythonJson {

  private static final JsonMapper COMPACT =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .defaultPrettyPrinter(
              new DefaultPrettyPrinter(
                      Separators.createDefaultInstance()
                          .withObjectNameValueSpacing(Separators.Spacing.AFTER)
                          .withObjectEntrySpacing(Separators.Spacing.AFTER)
                          .withArrayElementSpacing(Separators.Spacing.AFTER)
                          .withObjectEmptySeparator("")
                          .withArrayEmptySeparator(""))
                  .withObjectIndenter(new DefaultPrettyPrinter.NopIndenter())
                  .withArrayIndenter(new DefaultPrettyPrinter.NopIndenter()))
          .build();

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .defaultPrettyPrinter(
              new DefaultPrettyPrinter(
                      Separators.createDefaultInstance()
                          .withObjectNameValueSpacing(Separators.Spacing.AFTER)
                          .withObjectEmptySeparator("")
                          .withArrayEmptySeparator(""))
                  .withObjectIndenter(new DefaultIndenter("  ", "\n"))
                  .withArrayIndenter(new DefaultIndenter("  ", "\n")))
          .build();

  private PythonJson() {}

  /** A text as JSON, in quotes. */
  public static String string(String text) {
    return MAPPER.writeValueAsString(text);
  }

  /** A value as JSON on one line, as {@code json.dumps(value)} writes it. */
  public static String line(Object value) {
    return COMPACT.writeValueAsString(value);
  }

  /**
   * The JSON text of a tree or of maps, lists and scalars, with a final line break.
   *
   * @param value a {@code JsonNode}, or a map whose order is kept
   */
  public static String write(Object value) {
    return MAPPER.writeValueAsString(value) + "\n";
  }
}
