package io.hfmerge.hf.hub;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.OpenOptions;
import io.hfmerge.hf.hub.HubClient.Hops;
import io.hfmerge.hf.hub.HubClient.Reply;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * Brings one file into the cache: continues what an earlier try has left, compares length and hash,
 * and only then gives it its name.
 */
final class FileDownload {

  private static final int BUFFER_BYTES = 1 << 18;

  private final HubClient client;
  private final HubCache cache;
  private final OpenOptions options;
  private final HubSubject subject;
  private final String commit;
  private final HubFile file;
  private final URI address;
  private final Pauses waiting;
  private final byte[] buffer = new byte[BUFFER_BYTES];

  /** Bytes that the listener knows of; a download that begins again does not count twice. */
  private long told;

  /** Bytes that came over the network. */
  private long received;

  FileDownload(
      HubClient client,
      HubCache cache,
      OpenOptions options,
      HubReference reference,
      String commit,
      HubFile file) {
    this.client = client;
    this.cache = cache;
    this.options = options;
    this.subject = HubSubject.of(reference).withFile(file.path());
    this.commit = commit;
    this.file = file;
    this.address = HubApi.content(client.settings(), reference, commit, file);
    this.waiting = Pauses.of(options.cancelled());
  }

  /**
   * Downloads the file, unless its content is there already.
   *
   * @return bytes that came over the network
   */
  long run() throws IOException {
    Path blob = cache.blob(file);
    boolean toldOfWaiting = false;
    while (true) {
      if (cache.has(commit, file)) {
        tell(file.sizeBytes());
        return received;
      }
      if (HubCache.isComplete(blob, file)) {
        cache.publish(commit, file, blob);
        tell(file.sizeBytes());
        return received;
      }
      try (BlobLock lock = BlobLock.tryLock(cache.lock(file))) {
        if (lock != null) {
          // whoever held the lock may just have finished
          if (!cache.has(commit, file) && !HubCache.isComplete(blob, file)) {
            download(lock.isExclusive() ? cache.unfinished(file) : cache.unfinishedAlone(file));
          }
          continue;
        }
      }
      if (!toldOfWaiting) {
        options
            .listener()
            .notice("waiting for another process that downloads " + subject.describe());
        toldOfWaiting = true;
      }
      waiting.pause(HubClient.POLL);
    }
  }

  private void download(Path part) throws IOException {
    if (!Files.exists(part)) {
      Optional<Path> others = cache.partOfOthers(file);
      if (others.isPresent()) {
        // a copy, since its owner may still be writing; the hash tells whether it was right
        Files.copy(others.get(), part);
      }
    }
    boolean continued = Files.exists(part);
    String found = fetch(part);
    if (!found.equals(file.etag()) && continued) {
      // what an earlier try has left may have been wrong
      Files.delete(part);
      found = fetch(part);
    }
    if (!found.equals(file.etag())) {
      Files.delete(part);
      throw new MalformedCheckpointException(
          "%s: expected %s %s, as the Hub lists it, found %s; the download was deleted, try again"
              .formatted(
                  subject.describe(), new ContentDigest(file).algorithm(), file.etag(), found));
    }
    cache.publish(commit, file, part);
  }

  /**
   * Downloads what is missing.
   *
   * @return hash of the whole
   */
  private String fetch(Path part) throws IOException {
    try (FileChannel out =
        FileChannel.open(
            part, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ContentDigest digest = new ContentDigest(file);
      readKept(out, digest);
      RetryBudget retries = client.retries();
      while (out.position() < file.sizeBytes()) {
        try {
          append(out, digest, retries);
        } catch (TransientHubException e) {
          retries.failed(e);
        }
      }
      // a name that is final must not stand for zeros after a power failure
      out.force(true);
      return digest.finish();
    } catch (IOException | RuntimeException e) {
      if (Files.exists(part) && Files.size(part) == 0) {
        Files.delete(part);
      }
      throw e;
    }
  }

  /** Takes what is there into the hash; leaves the channel behind it. */
  private void readKept(FileChannel out, ContentDigest digest) throws IOException {
    if (out.size() > file.sizeBytes()) {
      out.truncate(0);
    }
    ByteBuffer bytes = ByteBuffer.wrap(buffer);
    out.position(0);
    for (int read = out.read(bytes); read >= 0; read = out.read(bytes)) {
      HubClient.requireGoingOn(options.cancelled());
      digest.update(buffer, read);
      tell(out.position());
      bytes.clear();
    }
  }

  /** One request: takes what comes until it ends or breaks. */
  private void append(FileChannel out, ContentDigest digest, RetryBudget retries)
      throws IOException {
    long have = out.position();
    Optional<String> range = have == 0 ? Optional.empty() : Optional.of("bytes=" + have + "-");
    try (Reply reply = client.get(address, range, Hops.ANYWHERE, subject)) {
      requireHub(reply, file, commit);
      if (reply.status() == 206) {
        ContentRange.require(reply, file, have, file.sizeBytes());
      } else {
        ContentRange.requireWhole(reply, file);
        if (have > 0) {
          // a server without ranges sends everything again
          out.truncate(0);
          out.position(0);
          digest.reset();
          have = 0;
        }
      }
      // one byte more than expected, to see a body that is too long
      for (int read = reply.body().read(buffer, 0, atMost(have));
          read >= 0;
          read = reply.body().read(buffer, 0, atMost(have))) {
        have += read;
        if (have > file.sizeBytes()) {
          throw new MalformedCheckpointException(
              "%s: expected %d bytes, as the Hub lists it, found more"
                  .formatted(subject.describe(), file.sizeBytes()));
        }
        received += read;
        digest.update(buffer, read);
        write(out, ByteBuffer.wrap(buffer, 0, read));
        retries.progressed();
        tell(have);
      }
    }
    if (have < file.sizeBytes()) {
      throw TransientHubException.of(
          "%s: expected %d bytes, the reply ended after %d"
              .formatted(subject.describe(), file.sizeBytes(), have),
          null);
    }
  }

  private int atMost(long have) {
    return (int) Math.min(buffer.length, file.sizeBytes() - have + 1);
  }

  private void write(FileChannel out, ByteBuffer bytes) throws IOException {
    try {
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
    } catch (IOException e) {
      throw new IOException(cache.unfinished(file) + ": " + e.getMessage(), e);
    }
  }

  /**
   * Checks what the endpoint itself said of the file.
   *
   * @throws MalformedCheckpointException if it is no Hub, or has another file there
   */
  static void requireHub(Reply reply, HubFile file, String commit) {
    HttpHeaders headers =
        reply.endpointHeaders().orElseThrow(() -> new IllegalStateException("asked elsewhere"));
    String found = headers.firstValue("X-Repo-Commit").orElse("none");
    if (!found.equals(commit)) {
      throw new MalformedCheckpointException(
          "%s: expected X-Repo-Commit %s, found %s; is HF_ENDPOINT a Hub?"
              .formatted(file.path(), commit, found));
    }
    long size = headers.firstValueAsLong("X-Linked-Size").orElse(file.sizeBytes());
    if (size != file.sizeBytes()) {
      throw new MalformedCheckpointException(
          "%s: expected %d bytes, as the Hub lists it, found an X-Linked-Size of %d"
              .formatted(file.path(), file.sizeBytes(), size));
    }
  }

  private void tell(long have) {
    if (have > told) {
      options.listener().advanced(have - told);
      told = have;
    }
  }
}
