package io.hfmerge.examples.experiment.taskvector;

import io.hfmerge.examples.experiment.data.WordNet;
import io.hfmerge.examples.experiment.data.WordNet.Field;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.random.RandomGenerator;

/**
 * Which field of WordNet a definition is from.
 *
 * @param name of the task
 * @param fields the classes, equally frequent
 * @param train learnt from
 * @param test held out
 */
record GlossTask(String name, List<Field> fields, List<Gloss> train, List<Gloss> test) {

  /** What the definitions of a task are of. */
  enum Kind {
    THINGS,
    ACTIONS,
    IDEAS;

    List<Field> fields() {
      return switch (this) {
        case THINGS ->
            List.of(Field.NOUN_ANIMAL, Field.NOUN_FOOD, Field.NOUN_ARTIFACT, Field.NOUN_PERSON);
        case ACTIONS ->
            List.of(
                Field.VERB_MOTION, Field.VERB_COMMUNICATION, Field.VERB_CHANGE, Field.VERB_CONTACT);
        case IDEAS ->
            List.of(
                Field.NOUN_ACT, Field.NOUN_COGNITION, Field.NOUN_COMMUNICATION, Field.NOUN_STATE);
      };
    }
  }

  /**
   * Draws a task.
   *
   * @param train number of definitions of each class to learn from
   * @param test number of definitions of each class held out
   */
  static GlossTask draw(Kind kind, int train, int test, RandomGenerator random) throws IOException {
    Map<Field, List<String>> definitions = WordNet.definitions(kind.fields());
    List<Gloss> learnt = new ArrayList<>();
    List<Gloss> held = new ArrayList<>();
    for (int label = 0; label < kind.fields().size(); label++) {
      List<String> texts = Objects.requireNonNull(definitions.get(kind.fields().get(label)));
      if (texts.size() < train + test) {
        throw new IllegalArgumentException(
            "%s: expected %d definitions, found %d"
                .formatted(kind.fields().get(label), train + test, texts.size()));
      }
      Collections.shuffle(texts, Random.from(random));
      for (int i = 0; i < train + test; i++) {
        (i < train ? learnt : held).add(new Gloss(texts.get(i), label));
      }
    }
    return new GlossTask(
        kind.name().toLowerCase(java.util.Locale.ROOT),
        kind.fields(),
        List.copyOf(learnt),
        List.copyOf(held));
  }

  int classes() {
    return fields.size();
  }
}
