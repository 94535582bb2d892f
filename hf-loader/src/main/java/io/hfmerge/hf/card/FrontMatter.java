package io.hfmerge.hf.card;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * What the README of a model says to the Hub, in the YAML between its first two lines of dashes. It
 * is somebody else's text: words that are not of the usual letters are passed over.
 *
 * @param licence identifier as the Hub has them, such as {@code apache-2.0} or {@code other}
 * @param licenceName name of a licence that the Hub has no identifier for
 * @param licenceLink where that licence can be read
 * @param languages language codes
 * @param pipelineTag what the model is for, such as {@code text-generation}
 */
record FrontMatter(
    Optional<String> licence,
    Optional<String> licenceName,
    Optional<String> licenceLink,
    List<String> languages,
    Optional<String> pipelineTag) {

  static final FrontMatter NONE =
      new FrontMatter(
          Optional.empty(), Optional.empty(), Optional.empty(), List.of(), Optional.empty());

  private static final String README = "README.md";
  private static final String FENCE = "---";
  private static final int MAX_BYTES = 100_000;
  private static final int MAX_LANGUAGES = 50;

  private static final Pattern WORD = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._+-]{0,63}");
  private static final Pattern LINK = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._~:/?#@%=&+-]{0,299}");

  FrontMatter {
    languages = List.copyOf(languages);
  }

  /** Reads the README of a folder; {@link #NONE} if it has none or one without front matter. */
  static FrontMatter read(Path folder) throws IOException {
    Path readme = folder.resolve(README);
    if (!Files.isRegularFile(readme)) {
      return NONE;
    }
    byte[] head;
    try (InputStream in = Files.newInputStream(readme)) {
      head = in.readNBytes(MAX_BYTES);
    }
    return parse(new String(head, StandardCharsets.UTF_8));
  }

  static FrontMatter parse(String text) {
    List<String> lines = text.lines().toList();
    if (lines.isEmpty() || !lines.getFirst().strip().equals(FENCE)) {
      return NONE;
    }
    int end = lines.subList(1, lines.size()).stream().map(String::strip).toList().indexOf(FENCE);
    if (end < 0) {
      return NONE;
    }
    Object tree;
    try {
      tree =
          new Load(
                  LoadSettings.builder()
                      .setMaxAliasesForCollections(0)
                      .setCodePointLimit(MAX_BYTES)
                      .build())
              .loadFromString(String.join("\n", lines.subList(1, end + 1)));
    } catch (YamlEngineException e) {
      return NONE; // a card that the Hub would not understand either
    }
    if (!(tree instanceof Map<?, ?> map)) {
      return NONE;
    }
    return new FrontMatter(
        words(map.get("license")).stream().findFirst(),
        words(map.get("license_name")).stream().findFirst(),
        link(map.get("license_link")),
        words(map.get("language")).stream().limit(MAX_LANGUAGES).toList(),
        words(map.get("pipeline_tag")).stream().findFirst());
  }

  private static List<String> words(@Nullable Object value) {
    List<String> words = new ArrayList<>();
    for (Object item : value instanceof List<?> list ? list : List.of(value == null ? "" : value)) {
      String word = String.valueOf(item).strip();
      if (WORD.matcher(word).matches()) {
        words.add(word);
      }
    }
    return words;
  }

  private static Optional<String> link(@Nullable Object value) {
    return value instanceof String text && LINK.matcher(text.strip()).matches()
        ? Optional.of(text.strip())
        : Optional.empty();
  }
}
