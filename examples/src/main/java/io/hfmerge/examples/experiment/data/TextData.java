package io.hfmerge.examples.experiment.data;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * A text as numbers of characters: a file given with {@code --data}, else WordNet's definitions in
 * random order, one a line. The last tenth is held out.
 *
 * @param train characters to learn from
 * @param test characters held out
 * @param alphabet number of different characters
 * @param source where the text is from
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record TextData(int[] train, int[] test, int alphabet, String source) {

  /** Characters of a file that are read: enough for hours of training here. */
  private static final int MOST_CHARACTERS = 1 << 22;

  /** The most frequent characters; all others count as one. */
  private static final int MOST_DIFFERENT = 95;

  private static final int HELD_OUT = 10;

  /** Less cannot be cut into sequences to learn from and others to test on. */
  private static final int LEAST_CHARACTERS = 10_000;

  /** What is read. */
  public static final String EXPECTED =
      "a text file in UTF-8 of " + LEAST_CHARACTERS + " characters or more";

  /**
   * Reads a text.
   *
   * @param file from {@code --data}, UTF-8; what is not is read as U+FFFD
   * @param random for the order of definitions
   * @throws IOException if the file cannot be read or is too short
   */
  public static TextData load(Optional<Path> file, RandomGenerator random) throws IOException {
    return file.isPresent() ? ofFile(file.get()) : ofDefinitions(random);
  }

  private static TextData ofFile(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IOException("%s: expected %s, found no file".formatted(file, EXPECTED));
    }
    char[] text = new char[MOST_CHARACTERS];
    int length = 0;
    boolean more;
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(Files.newInputStream(file), StandardCharsets.UTF_8))) {
      int some = reader.read(text, 0, text.length);
      while (some > 0) {
        length += some;
        some = reader.read(text, length, text.length - length);
      }
      more = reader.read() >= 0;
    }
    if (length < LEAST_CHARACTERS) {
      throw new IOException(
          "%s: expected a text of %d characters or more, found %d"
              .formatted(file, LEAST_CHARACTERS, length));
    }
    return of(
        Arrays.copyOf(text, length),
        "%s, %s%d characters".formatted(file.getFileName(), more ? "the first " : "", length));
  }

  private static TextData ofDefinitions(RandomGenerator random) throws IOException {
    List<String> lines = new ArrayList<>();
    for (List<WordNet.Field> fields :
        List.of(
            List.of(
                WordNet.Field.NOUN_ACT,
                WordNet.Field.NOUN_ANIMAL,
                WordNet.Field.NOUN_ARTIFACT,
                WordNet.Field.NOUN_COGNITION,
                WordNet.Field.NOUN_COMMUNICATION,
                WordNet.Field.NOUN_FOOD,
                WordNet.Field.NOUN_PERSON,
                WordNet.Field.NOUN_STATE),
            List.of(
                WordNet.Field.VERB_CHANGE,
                WordNet.Field.VERB_COMMUNICATION,
                WordNet.Field.VERB_CONTACT,
                WordNet.Field.VERB_MOTION))) {
      Map<WordNet.Field, List<String>> found = WordNet.definitions(fields);
      fields.forEach(field -> lines.addAll(found.getOrDefault(field, List.of())));
    }
    Collections.shuffle(lines, Random.from(random));
    char[] text = (String.join("\n", lines) + "\n").toCharArray();
    return of(
        text,
        "%d of WordNet's definitions, %d characters (no file given)"
            .formatted(lines.size(), text.length));
  }

  private static TextData of(char[] text, String source) {
    int[] counts = new int[Character.MAX_VALUE + 1];
    for (char c : text) {
      counts[c]++;
    }
    int[] present =
        IntStream.range(0, counts.length)
            .filter(c -> counts[c] > 0)
            .boxed()
            .sorted(Comparator.comparingInt(c -> -counts[c])) // stable: equal counts by character
            .mapToInt(c -> c)
            .toArray();
    int others = Math.min(MOST_DIFFERENT, present.length);
    int[] numbers = new int[counts.length];
    Arrays.fill(numbers, others);
    for (int i = 0; i < others; i++) {
      numbers[present[i]] = i;
    }
    int[] all = new int[text.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = numbers[text[i]];
    }
    int held = all.length / HELD_OUT;
    return new TextData(
        Arrays.copyOf(all, all.length - held),
        Arrays.copyOfRange(all, all.length - held, all.length),
        others + (present.length > others ? 1 : 0),
        source);
  }
}
