package io.hfmerge.plan;

import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.error.UnsupportedFeatureException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Collects why a merge cannot be planned, and what is worth a note if it can. */
final class PlanProblems {

  /** So that checkpoints of different families do not fill the screen. */
  private static final int MAX_SHOWN = 50;

  /** Names listed in one note; the plan has them all. */
  private static final int MAX_NAMES = 10;

  private final List<String> incompatible = new ArrayList<>();
  private final List<String> unsupported = new ArrayList<>();
  private final List<String> invalid = new ArrayList<>();
  private final Map<String, List<String>> notes = new LinkedHashMap<>();

  void incompatible(String message) {
    incompatible.add(message);
  }

  void unsupported(String message) {
    unsupported.add(message);
  }

  void invalid(String message) {
    invalid.add(message);
  }

  /** A note about a tensor; notes of the same text become one line with all names. */
  void note(String text, String tensor) {
    notes.computeIfAbsent(text, key -> new ArrayList<>()).add(tensor);
  }

  /** A note about the merge as a whole. */
  void note(String text) {
    notes.computeIfAbsent(text, key -> new ArrayList<>());
  }

  List<String> notes() {
    List<String> lines = new ArrayList<>();
    notes.forEach((text, names) -> {
      if (names.isEmpty()) {
        lines.add(text);
        return;
      }
      String listed = String.join(", ", names.subList(0, Math.min(names.size(), MAX_NAMES)));
      String rest = names.size() > MAX_NAMES ? " and " + (names.size() - MAX_NAMES) + " more" : "";
      lines.add(text + ": " + listed + rest);
    });
    return lines;
  }

  /** Throws one exception with every problem, of the gravest kind that occurred. */
  void throwIfAny() {
    List<String> all = new ArrayList<>(incompatible);
    all.addAll(unsupported);
    all.addAll(invalid);
    if (all.isEmpty()) {
      return;
    }
    List<String> shown = new ArrayList<>(all.subList(0, Math.min(all.size(), MAX_SHOWN)));
    if (all.size() > MAX_SHOWN) {
      shown.add("and " + (all.size() - MAX_SHOWN) + " more");
    }
    String message = String.join("\n", shown);
    if (!incompatible.isEmpty()) {
      throw new IncompatibleCheckpointsException(message);
    }
    if (!unsupported.isEmpty()) {
      throw new UnsupportedFeatureException(message);
    }
    throw new InvalidRecipeException(message);
  }
}
