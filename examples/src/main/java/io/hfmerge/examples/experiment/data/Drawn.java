package io.hfmerge.examples.experiment.data;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Which items of a file are taken: a draw without repetition, and the place of each. */
final class Drawn {

  private final Map<Integer, Integer> places = new HashMap<>();

  /**
   * Draws.
   *
   * @param count of items wanted
   * @param available items
   * @param what is counted and where, for the message
   * @throws IOException if there are fewer
   */
  Drawn(int count, int available, String what, RandomGenerator random) throws IOException {
    if (available < count) {
      throw new IOException("%s: expected %d or more, found %d".formatted(what, count, available));
    }
    // the first steps of Fisher and Yates' shuffle; what has moved is kept, not all of the order
    Map<Integer, Integer> moved = new HashMap<>();
    for (int i = 0; i < count; i++) {
      int j = random.nextInt(i, available);
      int chosen = moved.getOrDefault(j, j);
      moved.put(j, moved.getOrDefault(i, i));
      places.put(chosen, i);
    }
  }

  /** Place of an item in the draw, −1 if it was not drawn. */
  int place(int item) {
    return places.getOrDefault(item, -1);
  }
}
