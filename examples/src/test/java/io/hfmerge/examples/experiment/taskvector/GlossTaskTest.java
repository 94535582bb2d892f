package io.hfmerge.examples.experiment.taskvector;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.examples.experiment.data.WordNet;
import io.hfmerge.examples.experiment.data.WordNet.Field;
import io.hfmerge.examples.experiment.taskvector.GlossTask.Kind;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class GlossTaskTest {

  @Test
  void definitionsEndBeforeExamplesAndOccurOnce() throws IOException {
    List<String> motion =
        Objects.requireNonNull(
            WordNet.definitions(List.of(Field.VERB_MOTION)).get(Field.VERB_MOTION));
    // data.verb of WordNet 3.1 has 1411 synsets in verb.motion, a few with the same gloss
    assertThat(motion).hasSizeBetween(1300, 1411).doesNotHaveDuplicates();
    assertThat(motion).noneMatch(text -> text.contains("; \"")).contains("guide with a beacon");
  }

  @Test
  void everyClassIsAsFrequentAndNothingIsBothLearntAndHeldOut() throws IOException {
    for (Kind kind : Kind.values()) {
      GlossTask task = GlossTask.draw(kind, 400, 125, new SplittableRandom(1));
      assertThat(task.train()).hasSize(1600);
      assertThat(task.test()).hasSize(500);
      for (int label = 0; label < task.classes(); label++) {
        int wanted = label;
        assertThat(task.test()).filteredOn(gloss -> gloss.label() == wanted).hasSize(125);
      }
      Set<String> learnt = new HashSet<>();
      task.train().forEach(gloss -> learnt.add(gloss.text()));
      assertThat(task.test()).noneMatch(gloss -> learnt.contains(gloss.text()));
    }
  }

  @Test
  void theSameSeedDrawsTheSameTask() throws IOException {
    assertThat(GlossTask.draw(Kind.IDEAS, 20, 5, new SplittableRandom(7)))
        .isEqualTo(GlossTask.draw(Kind.IDEAS, 20, 5, new SplittableRandom(7)));
  }
}
