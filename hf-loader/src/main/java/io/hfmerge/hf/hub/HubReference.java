package io.hfmerge.hf.hub;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A model on the Hub as users write it: {@code name}, {@code owner/name}, {@code
 * owner/name@revision}, {@code owner/name:subfolder}, {@code owner/name@revision:subfolder}.
 *
 * @param repository {@code name} or {@code owner/name}
 * @param revision a branch, tag, {@code refs/pr/N} or commit; empty for {@code main}
 * @param subfolder folder of the repository, or one safetensors file of it, with slashes
 */
record HubReference(String repository, Optional<String> revision, Optional<String> subfolder) {

  private static final int MAX_REPOSITORY_LENGTH = 96;
  private static final int MAX_REVISION_LENGTH = 255;
  private static final String DEFAULT_REVISION = "main";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]+");
  private static final Pattern REVISION = Pattern.compile("[A-Za-z0-9._/+=~#-]+");
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

  /** A reference taken apart, or why it cannot be one. */
  sealed interface Reading {

    record Valid(HubReference reference) implements Reading {}

    /**
     * Not a reference to the Hub.
     *
     * @param reason expected and found
     */
    record Invalid(String reason) implements Reading {}
  }

  /** Takes a reference apart; nothing is asked of anybody. */
  static Reading parse(String text) {
    int revisionMark = text.indexOf('@');
    int folderMark = text.indexOf(':');
    boolean revised = revisionMark >= 0 && (folderMark < 0 || revisionMark < folderMark);
    String beforeFolder = folderMark < 0 ? text : text.substring(0, folderMark);
    String repository = revised ? text.substring(0, revisionMark) : beforeFolder;
    if (!isRepository(repository)) {
      return new Reading.Invalid(
          "expected NAME or OWNER/NAME of letters, digits, '-', '_' and '.', found \""
              + repository
              + '"');
    }
    Optional<String> revision = Optional.empty();
    if (revised) {
      String name = beforeFolder.substring(revisionMark + 1);
      if (!isRevision(name)) {
        return new Reading.Invalid(
            "expected a branch, tag or commit after '@', found \"" + name + '"');
      }
      revision = Optional.of(name);
    }
    Optional<String> subfolder = Optional.empty();
    if (folderMark >= 0) {
      String name = text.substring(folderMark + 1);
      String trimmed = name.endsWith("/") ? name.substring(0, name.length() - 1) : name;
      Optional<String> fault = RepositoryPath.fault(trimmed);
      if (fault.isPresent()) {
        return new Reading.Invalid(
            "expected a folder of the repository after ':', found \""
                + name
                + "\" ("
                + fault.get()
                + ")");
      }
      subfolder = Optional.of(trimmed);
    }
    return new Reading.Valid(new HubReference(repository, revision, subfolder));
  }

  private static boolean isRepository(String id) {
    int slash = id.indexOf('/');
    return id.length() <= MAX_REPOSITORY_LENGTH
        && (slash < 0
            ? isName(id)
            : isName(id.substring(0, slash)) && isName(id.substring(slash + 1)))
        && !id.contains("--")
        && !id.contains("..")
        && !id.endsWith(".git");
  }

  private static boolean isName(String name) {
    return NAME.matcher(name).matches()
        && !name.startsWith("-")
        && !name.startsWith(".")
        && !name.endsWith("-")
        && !name.endsWith(".");
  }

  /** As git has it, and never a path that leaves the folder of revisions. */
  private static boolean isRevision(String name) {
    return name.length() <= MAX_REVISION_LENGTH
        && REVISION.matcher(name).matches()
        && RepositoryPath.fault(name).isEmpty();
  }

  /** Whether a revision is a whole commit hash, which never means anything else later. */
  static boolean isCommit(String revision) {
    return COMMIT.matcher(revision).matches();
  }

  /** The revision that is meant. */
  String revisionOrMain() {
    return revision.orElse(DEFAULT_REVISION);
  }

  /** The repository at the revision, for messages. */
  String describe() {
    return revision.map(name -> repository + '@' + name).orElse(repository);
  }
}
