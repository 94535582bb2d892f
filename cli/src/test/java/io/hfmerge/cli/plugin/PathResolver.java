package io.hfmerge.cli.plugin;

import io.hfmerge.hf.ModelLocation;
import io.hfmerge.hf.ModelResolver;
import io.hfmerge.hf.ResolutionAttempts;
import java.nio.file.Path;
import java.util.Optional;

/** {@code plugged:FOLDER}. */
public final class PathResolver implements ModelResolver {

  private static final String SCHEME = "plugged:";

  @Override
  public int order() {
    return 50;
  }

  @Override
  public Optional<ModelLocation> resolve(String reference, ResolutionAttempts attempts) {
    if (reference.startsWith(SCHEME)) {
      return Optional.of(ModelLocation.folder(Path.of(reference.substring(SCHEME.length()))));
    }
    attempts.add("a plug-in: its references start with " + SCHEME);
    return Optional.empty();
  }
}
