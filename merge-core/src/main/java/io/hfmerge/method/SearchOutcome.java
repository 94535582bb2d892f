package io.hfmerge.method;

/** What a pass of a search for a {@link Cut} comes to: its end or the next pass. */
sealed interface SearchOutcome permits RankSearch, SearchOutcome.Found {

  /** The end. */
  record Found(Cut cut) implements SearchOutcome {}
}
