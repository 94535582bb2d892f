package io.hfmerge.hf;

import java.util.ArrayList;
import java.util.List;

/** What was tried for a reference that no resolver knows. */
public final class ResolutionAttempts {

  private final List<String> attempts = new ArrayList<>();

  /** Adds one attempt, e.g. {@code folder /models/x: does not exist}. */
  public void add(String attempt) {
    attempts.add(attempt);
  }

  /** The attempts in order. */
  public List<String> list() {
    return List.copyOf(attempts);
  }
}
