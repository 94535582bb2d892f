package io.hfmerge.method;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Remarks on parts of a tensor, gathered while a kernel runs. Tells whether there are such parts,
 * not how many: a kernel may see a tile more than once. Thread-safe.
 */
final class RowRemarks {

  private final String parts;
  private final Set<String> found = ConcurrentHashMap.newKeySet();

  /**
   * @param parts what is remarked on, as in {@code some rows}
   */
  RowRemarks(String parts) {
    this.parts = parts;
  }

  /** To add to. */
  Collection<String> found() {
    return found;
  }

  /** In alphabetical order. */
  List<String> texts() {
    return found.stream().sorted().map(text -> parts + ": " + text).toList();
  }
}
