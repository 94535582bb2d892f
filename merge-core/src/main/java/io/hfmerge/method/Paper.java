package io.hfmerge.method;

/**
 * Where a method comes from.
 *
 * @param citation authors, year and title
 * @param arxivId arXiv identifier such as {@code 2212.04089}; empty where it is not on arXiv
 */
public record Paper(String citation, String arxivId) {

  public Paper {
    if (citation.isBlank()) {
      throw new IllegalArgumentException("a paper needs a citation");
    }
    if (!arxivId.isEmpty() && !arxivId.matches("\\d{4}\\.\\d{4,5}")) {
      throw new IllegalArgumentException("not an arXiv identifier: " + arxivId);
    }
  }
}
