package io.hfmerge.hf.hub;

import io.hfmerge.hf.ModelLocation;
import io.hfmerge.hf.ModelResolver;
import io.hfmerge.hf.OpenOptions;
import io.hfmerge.hf.ResolutionAttempts;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code owner/name@revision:subfolder} on the Hugging Face Hub; see {@link HubModels}. */
public final class HubModelResolver implements ModelResolver {

  private final @Nullable HubModels models;

  /** With what the environment says, when it is first needed. */
  public HubModelResolver() {
    this.models = null;
  }

  HubModelResolver(HubModels models) {
    this.models = models;
  }

  @Override
  public int order() {
    return 200;
  }

  @Override
  public Optional<ModelLocation> resolve(String reference, ResolutionAttempts attempts)
      throws IOException {
    return resolve(reference, OpenOptions.DEFAULT, attempts);
  }

  @Override
  public Optional<ModelLocation> resolve(
      String reference, OpenOptions options, ResolutionAttempts attempts) throws IOException {
    return switch (HubReference.parse(reference)) {
      case HubReference.Reading.Invalid(String reason) -> {
        attempts.add("the Hub: " + reason);
        yield Optional.empty();
      }
      case HubReference.Reading.Valid(HubReference valid) -> {
        HubModels known = models == null ? HubModels.ofEnvironment() : models;
        try {
          yield Optional.of(known.fetch(valid, options).location());
        } catch (RepositoryNotFoundException | UnreachableHubException e) {
          // most often a mistyped path, so what else was tried is said too
          attempts.add("the Hub: " + e.getMessage());
          yield Optional.empty();
        }
      }
    };
  }
}
