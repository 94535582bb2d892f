package io.hfmerge.hf.hub;

import java.util.Optional;

/** Names of files in a repository, which a server sends and this machine would write to. */
final class RepositoryPath {

  private static final int MAX_LENGTH = 1024;
  private static final int MAX_DEPTH = 64;

  private RepositoryPath() {}

  /** Why a name is no relative path that stays within its folder; empty if it is one. */
  static Optional<String> fault(String path) {
    if (path.isEmpty()) {
      return Optional.of("it is empty");
    }
    if (path.length() > MAX_LENGTH) {
      return Optional.of("it is longer than " + MAX_LENGTH + " characters");
    }
    if (path.indexOf('\\') >= 0) {
      return Optional.of("it has a backslash");
    }
    if (path.codePoints().anyMatch(Character::isISOControl)) {
      return Optional.of("it has a control character");
    }
    String[] segments = path.split("/", -1);
    if (segments.length > MAX_DEPTH) {
      return Optional.of("it is deeper than " + MAX_DEPTH + " folders");
    }
    for (String segment : segments) {
      if (segment.isEmpty()) {
        return Optional.of("it begins or ends with a slash, or has two in a row");
      }
      if (segment.equals(".") || segment.equals("..")) {
        return Optional.of("it has the part \"" + segment + '"');
      }
    }
    // a drive letter makes a path absolute where there are drives
    if (path.length() > 1 && path.charAt(1) == ':') {
      return Optional.of("it names a drive");
    }
    return Optional.empty();
  }
}
