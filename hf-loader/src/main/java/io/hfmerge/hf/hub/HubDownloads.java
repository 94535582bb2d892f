package io.hfmerge.hf.hub;

import io.hfmerge.hf.OpenOptions;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Downloads of files of one repository at one commit, several at a time. */
final class HubDownloads {

  /** As many as {@code huggingface_hub} downloads at a time. */
  private static final int MAX_AT_A_TIME = 8;

  private final HubConnector connector;
  private final HubCache cache;
  private final HubReference reference;
  private final String commit;

  HubDownloads(HubConnector connector, HubCache cache, HubReference reference, String commit) {
    this.connector = connector;
    this.cache = cache;
    this.reference = reference;
    this.commit = commit;
  }

  /** Those of some files that the snapshot lacks. */
  List<HubFile> missing(List<HubFile> files) throws IOException {
    List<HubFile> missing = new ArrayList<>();
    for (HubFile file : files) {
      if (!cache.has(commit, file)) {
        missing.add(file);
      }
    }
    return missing;
  }

  /**
   * Brings what is missing.
   *
   * @param what for the progress
   * @return bytes that came over the network
   * @throws IOException the first failure; the other downloads are stopped and kept for later
   */
  long fetch(String what, List<HubFile> files, OpenOptions options) throws IOException {
    List<HubFile> missing = missing(files);
    if (missing.isEmpty()) {
      return 0;
    }
    cache.create(commit);
    requireSpace(missing);
    options.listener().started(what, missing.stream().mapToLong(HubFile::sizeBytes).sum());
    AtomicBoolean failed = new AtomicBoolean();
    OpenOptions stoppable =
        options.withCancellation(() -> failed.get() || options.cancelled().getAsBoolean());
    long received;
    try (HubClient client = connector.connect(stoppable);
        ExecutorService threads =
            Executors.newFixedThreadPool(
                Math.min(MAX_AT_A_TIME, missing.size()),
                Thread.ofPlatform().daemon().name("hfmerge-download-", 0).factory())) {
      received = await(client, threads, missing, stoppable, failed);
    }
    options.listener().finished();
    return received;
  }

  private long await(
      HubClient client,
      ExecutorService threads,
      List<HubFile> files,
      OpenOptions options,
      AtomicBoolean failed)
      throws IOException {
    ExecutorCompletionService<Long> downloads = new ExecutorCompletionService<>(threads);
    for (HubFile file : files) {
      downloads.submit(
          () -> new FileDownload(client, cache, options, reference, commit, file).run());
    }
    long received = 0;
    Throwable failure = null;
    for (int i = 0; i < files.size(); i++) {
      try {
        Future<Long> done = downloads.take();
        received += done.get();
      } catch (ExecutionException e) {
        failure = worse(failure, e.getCause());
        failed.set(true);
      } catch (InterruptedException e) {
        failed.set(true);
        threads.shutdownNow();
        throw HubClient.interrupted(e);
      }
    }
    if (failure == null) {
      return received;
    }
    switch (failure) {
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IOException("a download failed", failure);
    }
  }

  /** A download that was stopped because of another one tells nothing. */
  private static @Nullable Throwable worse(@Nullable Throwable first, @Nullable Throwable second) {
    boolean follows =
        second instanceof CancellationException || second instanceof InterruptedIOException;
    if (first == null) {
      return second;
    }
    return first instanceof CancellationException && !follows ? second : first;
  }

  private void requireSpace(List<HubFile> files) throws IOException {
    long needed = 0;
    for (HubFile file : files) {
      if (!HubCache.isComplete(cache.blob(file), file)) {
        long have = Files.exists(cache.unfinished(file)) ? Files.size(cache.unfinished(file)) : 0;
        needed += Math.max(0, file.sizeBytes() - have);
      }
    }
    long free = Files.getFileStore(cache.folder()).getUsableSpace();
    if (needed > free) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "%s: expected %,d bytes of free space for %s, found %,d; set HF_HUB_CACHE to a folder"
                  + " on a larger disk, or read the weights with --stream",
              cache.folder(),
              needed,
              reference.describe(),
              free));
    }
  }
}
