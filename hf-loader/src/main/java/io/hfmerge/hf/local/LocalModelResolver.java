package io.hfmerge.hf.local;

import io.hfmerge.hf.LocalPath;
import io.hfmerge.hf.ModelLocation;
import io.hfmerge.hf.ModelResolver;
import io.hfmerge.hf.ResolutionAttempts;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/** A folder, or a single file. */
public final class LocalModelResolver implements ModelResolver {

  @Override
  public int order() {
    return 0;
  }

  @Override
  public Optional<ModelLocation> resolve(String reference, ResolutionAttempts attempts) {
    Path path;
    try {
      path = LocalPath.of(reference);
    } catch (InvalidPathException e) {
      attempts.add("a path: " + e.getReason());
      return Optional.empty();
    }
    if (reference.isBlank()) {
      attempts.add("a path: the reference is empty");
      return Optional.empty();
    }
    if (Files.isDirectory(path)) {
      return Optional.of(ModelLocation.folder(path));
    }
    if (Files.exists(path)) {
      return Optional.of(ModelLocation.file(path));
    }
    attempts.add("the path " + path.toAbsolutePath() + ": no such file or folder");
    return Optional.empty();
  }
}
