package io.hfmerge.hf.hub;

import java.io.IOException;

/** The server knows no such repository, or does not tell this user of it. */
final class RepositoryNotFoundException extends IOException {

  private static final long serialVersionUID = 1L;

  RepositoryNotFoundException(String message) {
    super(message);
  }
}
