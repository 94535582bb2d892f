package io.hfmerge.hf.hub;

import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.hub.HubClient.Hops;
import io.hfmerge.hf.hub.HubClient.Reply;
import java.io.IOException;
import java.net.URI;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Requests for parts of one file. Where its storage is, is remembered, so that the Hub, which
 * limits requests, is asked only once and again when the storage's signed address has expired.
 * Thread-safe.
 */
final class RangeSource {

  private final HubClient client;
  private final HubSubject subject;
  private final String commit;
  private final HubFile file;
  private final URI address;
  private volatile @Nullable URI storage;

  RangeSource(HubClient client, HubReference reference, String commit, HubFile file) {
    this.client = client;
    this.subject = HubSubject.of(reference).withFile(file.path());
    this.commit = commit;
    this.file = file;
    this.address = HubApi.content(client.settings(), reference, commit, file);
  }

  HubFile file() {
    return file;
  }

  URI address() {
    return address;
  }

  /** Reads a part, again where that may help, into the beginning of an array. */
  void fetch(long begin, int length, byte[] target) throws IOException {
    client
        .retries()
        .run(() -> {
          try {
            fetchOnce(begin, length, target);
            return target;
          } catch (TransientHubException e) {
            storage = null;
            throw e;
          }
        });
  }

  private void fetchOnce(long begin, int length, byte[] target) throws IOException {
    URI known = storage;
    long end = begin + length;
    try (Reply reply =
        client.get(
            known == null ? address : known,
            Optional.of("bytes=" + begin + "-" + (end - 1)),
            Hops.ANYWHERE,
            subject)) {
      if (reply.endpointHeaders().isPresent()) {
        FileDownload.requireHub(reply, file, commit);
      }
      if (reply.status() == 206) {
        ContentRange.require(reply, file, begin, end);
      } else if (begin == 0 && length == file.sizeBytes()) {
        ContentRange.requireWhole(reply, file);
      } else {
        throw new UnsupportedFeatureException(
            "%s: expected bytes %d-%d, found that the server sends files only whole; leave --stream"
                    .formatted(HubErrors.shown(reply.address()), begin, end - 1)
                + " out to download it");
      }
      int read = reply.body().readNBytes(target, 0, length);
      if (read < length) {
        throw TransientHubException.of(
            "%s: expected %d bytes from %d on, the reply ended after %d"
                .formatted(subject.describe(), length, begin, read),
            null);
      }
      if (reply.endpointHeaders().isPresent() && !client.settings().isEndpoint(reply.address())) {
        storage = reply.address();
      }
    }
  }
}
