package io.hfmerge.hf.sample;

import io.hfmerge.error.OutputExistsException;
import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.hf.ModelLocation;
import io.hfmerge.hf.ModelResolver;
import io.hfmerge.hf.ResolutionAttempts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * {@code sample:NAME}: a model that a Maven artifact carries, converted once into a Hugging Face
 * folder in a cache: {@code $HFMERGE_CACHE}, else {@code $XDG_CACHE_HOME/hfmerge}, else {@code
 * ~/.cache/hfmerge}.
 */
public final class SampleModelResolver implements ModelResolver {

  private static final String SCHEME = "sample:";

  /** Part of the cache path: raised whenever the conversion writes something else. */
  private static final String CONVERSION = "samples-1";

  private final Path cache;

  /** With the cache that the environment names. */
  public SampleModelResolver() {
    this(cacheFolder(System::getenv));
  }

  SampleModelResolver(Path cache) {
    this.cache = cache;
  }

  static Path cacheFolder(Function<String, @Nullable String> environment) {
    String own = environment.apply("HFMERGE_CACHE");
    if (own != null && !own.isEmpty()) {
      return Path.of(own);
    }
    String xdg = environment.apply("XDG_CACHE_HOME");
    if (xdg != null && !xdg.isEmpty()) {
      return Path.of(xdg, "hfmerge");
    }
    return Path.of(System.getProperty("user.home"), ".cache", "hfmerge");
  }

  @Override
  public int order() {
    return 100;
  }

  @Override
  public Optional<ModelLocation> resolve(String reference, ResolutionAttempts attempts)
      throws IOException {
    if (!reference.startsWith(SCHEME)) {
      attempts.add("a sample: those are written sample:NAME, " + names());
      return Optional.empty();
    }
    String name = reference.substring(SCHEME.length());
    SampleModel sample =
        SampleModel.ALL.stream()
            .filter(candidate -> candidate.name().equalsIgnoreCase(name))
            .findFirst()
            .orElseThrow(() ->
                new UnresolvedReferenceException(
                    "\"%s\": expected %s, found no such sample".formatted(reference, names())));
    Path folder = cache.resolve(CONVERSION).resolve(sample.name());
    if (!Files.isDirectory(folder)) {
      try {
        SampleConverter.convert(sample, folder);
      } catch (OutputExistsException e) {
        // another process has just converted it; the same bytes
        if (!Files.isDirectory(folder)) {
          throw e;
        }
      }
    }
    return Optional.of(ModelLocation.folder(folder));
  }

  private static String names() {
    return "one of " + String.join(", ", SampleModel.ALL.stream().map(SampleModel::name).toList());
  }
}
