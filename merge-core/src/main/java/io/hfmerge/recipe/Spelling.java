package io.hfmerge.recipe;

import java.util.Collection;
import java.util.Locale;

/** Finds the word that somebody probably meant. */
public final class Spelling {

  private Spelling() {}

  /**
   * {@code ; did you mean "x"?} with the nearest candidate, or an empty text if none is near: at
   * most one slip for each three letters.
   */
  public static String hint(String word, Collection<String> candidates) {
    String nearest = "";
    int fewest = Math.max(1, word.length() / 3) + 1;
    for (String candidate : candidates) {
      int distance = distance(word.toLowerCase(Locale.ROOT), candidate.toLowerCase(Locale.ROOT));
      if (distance < fewest) {
        fewest = distance;
        nearest = candidate;
      }
    }
    return nearest.isEmpty() ? "" : "; did you mean \"" + nearest + "\"?";
  }

  /** Letters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
  static int distance(String from, String to) {
    int[] twoBefore = new int[to.length() + 1];
    int[] before = new int[to.length() + 1];
    for (int j = 0; j <= to.length(); j++) {
      before[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int[] current = new int[to.length() + 1];
      current[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int replace = before[j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        current[j] = Math.min(replace, Math.min(before[j], current[j - 1]) + 1);
        if (i > 1
            && j > 1
            && from.charAt(i - 1) == to.charAt(j - 2)
            && from.charAt(i - 2) == to.charAt(j - 1)) {
          current[j] = Math.min(current[j], twoBefore[j - 2] + 1);
        }
      }
      twoBefore = before;
      before = current;
    }
    return before[to.length()];
  }
}
