package io.hfmerge.method;

/**
 * Where a method comes from: a paper, or a page where there is none.
 *
 * @param citation authors, year and title
 * @param arxivId arXiv identifier such as {@code 2212.04089}; empty where it is not on arXiv
 * @param url where to read it; empty where it is not on the web
 */
public record Paper(String citation, String arxivId, String url) {

  public Paper {
    if (citation.isBlank()) {
      throw new IllegalArgumentException("a paper needs a citation");
    }
    if (!arxivId.isEmpty() && !arxivId.matches("\\d{4}\\.\\d{4,5}")) {
      throw new IllegalArgumentException("not an arXiv identifier: " + arxivId);
    }
    if (!url.isEmpty() && !url.startsWith("https://")) {
      throw new IllegalArgumentException("not a link: " + url);
    }
  }

  /** A paper on arXiv or, with an empty identifier, one that is not on the web. */
  public Paper(String citation, String arxivId) {
    this(citation, arxivId, arxivId.isEmpty() ? "" : "https://arxiv.org/abs/" + arxivId);
  }

  /** A page that is not on arXiv. */
  public static Paper page(String citation, String url) {
    return new Paper(citation, "", url);
  }
}
