package io.hfmerge.hf.hub;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.ModelLocation;
import io.hfmerge.hf.OpenOptions;
import io.hfmerge.hf.RemoteWeights;
import io.hfmerge.hf.files.ShardIndex;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Models of the Hugging Face Hub, through the cache that the Python tools use too: what is there is
 * not downloaded again, and what is downloaded is there for them.
 *
 * <p>A branch or tag is looked up each time, in two small requests; where the Hub cannot be
 * reached, its last known commit is taken from the cache.
 */
public final class HubModels {

  private final HubConnector connector;
  private final HubSettings settings;

  HubModels(HubConnector connector) {
    this.connector = connector;
    this.settings = connector.settings();
  }

  /**
   * With the environment variables of {@code huggingface_hub}: {@code HF_HOME}, {@code
   * HF_HUB_CACHE}, {@code HF_TOKEN}, {@code HF_ENDPOINT}, {@code HF_HUB_OFFLINE} and so on.
   *
   * @throws UnsupportedFeatureException if one of them cannot be understood
   * @throws IOException if the token file cannot be read
   */
  public static HubModels ofEnvironment() throws IOException {
    return new HubModels(
        new HubConnector(HubSettings.of(System::getenv, Path.of(System.getProperty("user.home")))));
  }

  /**
   * Brings a model into the cache.
   *
   * @param reference {@code owner/name@revision:subfolder}, all but the name optional
   * @throws UnresolvedReferenceException if it is no such reference, or there is no such
   *     repository, revision or model
   * @throws io.hfmerge.error.AccessRefusedException if the Hub does not give it to this user
   * @throws MalformedCheckpointException if what came is not what the Hub had announced
   * @throws IOException if it cannot be fetched
   */
  public FetchedModel fetch(String reference, OpenOptions options) throws IOException {
    switch (HubReference.parse(reference)) {
      case HubReference.Reading.Invalid(String reason) ->
          throw new UnresolvedReferenceException('"' + reference + "\": " + reason);
      case HubReference.Reading.Valid(HubReference valid) -> {
        try {
          return fetch(valid, options);
        } catch (RepositoryNotFoundException e) {
          throw new UnresolvedReferenceException(String.valueOf(e.getMessage()), e);
        }
      }
    }
  }

  FetchedModel fetch(HubReference reference, OpenOptions options) throws IOException {
    HubCache cache = new HubCache(settings, reference.repository());
    if (settings.offline()) {
      return cached(reference, cache)
          .orElseThrow(() ->
              new UnreachableHubException(
                  "%s: not in the local cache (%s) and offline (HF_HUB_OFFLINE)"
                      .formatted(reference.describe(), cache.folder()),
                  null));
    }
    String commit;
    List<HubFile> files;
    try (HubClient client = connector.connect(options)) {
      HubApi api = new HubApi(client);
      String revision = reference.revisionOrMain();
      commit = HubReference.isCommit(revision) ? revision : api.commit(reference);
      files = api.files(reference, commit);
    } catch (UnreachableHubException e) {
      return instead(reference, cache, options, e);
    } catch (TransientHubException e) {
      if (e.isRateLimit()) {
        throw e;
      }
      return instead(reference, cache, options, e);
    }
    FetchedModel fetched = download(reference, cache, commit, files, options);
    cache.remember(reference.revisionOrMain(), commit);
    return fetched;
  }

  /** The last known copy where the Hub does not answer; told, since it may be outdated. */
  private FetchedModel instead(
      HubReference reference, HubCache cache, OpenOptions options, IOException failure)
      throws IOException {
    Optional<FetchedModel> copy = cached(reference, cache);
    if (copy.isEmpty()) {
      throw new UnreachableHubException(
          "%s: %s; and not in the local cache (%s)"
              .formatted(reference.describe(), failure.getMessage(), cache.folder()),
          failure);
    }
    options
        .listener()
        .notice(
            "%s; using commit %s of %s from the local cache"
                .formatted(failure.getMessage(), copy.get().commit(), reference.describe()));
    return copy.get();
  }

  private FetchedModel download(
      HubReference reference,
      HubCache cache,
      String commit,
      List<HubFile> files,
      OpenOptions options)
      throws IOException {
    HubSelection selection = HubSelection.of(reference, files, "the repository");
    HubDownloads downloads = new HubDownloads(connector, cache, reference, commit);
    String what = "downloading " + reference.repository();
    long received = 0;
    List<HubFile> weights = new ArrayList<>(selection.weights());
    List<HubFile> beside = new ArrayList<>(selection.beside());
    if (selection.index().isPresent()) {
      HubFile index = selection.index().get();
      received += downloads.fetch(what, List.of(index), options);
      weights.addAll(shards(cache.pointer(commit, index), index, files));
      beside.add(index);
    }
    List<HubFile> all = new ArrayList<>(beside);
    all.addAll(weights);
    Optional<RemoteWeights> remote = Optional.empty();
    if (options.stream() && !downloads.missing(weights).isEmpty()) {
      received += downloads.fetch(what, beside, options);
      remote =
          Optional.of(
              new HubWeights(
                  connector,
                  options,
                  reference,
                  commit,
                  weights,
                  selection.index().map(index -> cache.pointer(commit, index)),
                  !selection.isSafetensors()));
    } else {
      received += downloads.fetch(what, all, options);
    }
    return new FetchedModel(
        reference.repository(),
        commit,
        location(reference, cache, commit, selection, remote),
        all.size(),
        all.stream().mapToLong(HubFile::sizeBytes).sum(),
        received);
  }

  /** What is in the cache, if that is a whole model. */
  private Optional<FetchedModel> cached(HubReference reference, HubCache cache) throws IOException {
    Optional<String> known = cache.knownCommit(reference.revisionOrMain());
    if (known.isEmpty()) {
      return Optional.empty();
    }
    String commit = known.get();
    List<HubFile> files = cache.present(commit, reference.subfolder());
    HubSelection selection =
        HubSelection.of(
            reference, files, "the copy in the local cache (" + cache.snapshot(commit) + ")");
    List<HubFile> all = new ArrayList<>(selection.beside());
    all.addAll(selection.weights());
    if (selection.index().isPresent()) {
      HubFile index = selection.index().get();
      all.add(index);
      all.addAll(shards(cache.pointer(commit, index), index, files));
    }
    return Optional.of(
        new FetchedModel(
            reference.repository(),
            commit,
            location(reference, cache, commit, selection, Optional.empty()),
            all.size(),
            all.stream().mapToLong(HubFile::sizeBytes).sum(),
            0));
  }

  private static ModelLocation location(
      HubReference reference,
      HubCache cache,
      String commit,
      HubSelection selection,
      Optional<RemoteWeights> remote) {
    Path snapshot = cache.snapshot(commit);
    if (selection.file().isPresent()) {
      Path file = cache.pointer(commit, selection.file().get());
      Path folder = Objects.requireNonNull(file.getParent());
      return new ModelLocation(folder, Optional.of(file), Optional.of(commit), remote);
    }
    return new ModelLocation(
        reference.subfolder().map(snapshot::resolve).orElse(snapshot),
        Optional.empty(),
        Optional.of(commit),
        remote);
  }

  /** The files that an index names, which lie beside it. */
  private static List<HubFile> shards(Path indexFile, HubFile index, List<HubFile> files)
      throws IOException {
    String folder = index.path().substring(0, index.path().lastIndexOf('/') + 1);
    Map<String, HubFile> byPath = new LinkedHashMap<>();
    files.forEach(file -> byPath.put(file.path(), file));
    List<HubFile> shards = new ArrayList<>();
    for (String name : ShardIndex.read(indexFile).names()) {
      HubFile shard = byPath.get(folder + name);
      if (shard == null) {
        throw new MalformedCheckpointException(
            "%s: expected shard %s beside it, found no such file".formatted(indexFile, name));
      }
      shards.add(shard);
    }
    return shards;
  }
}
