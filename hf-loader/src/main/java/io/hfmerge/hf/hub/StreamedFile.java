package io.hfmerge.hf.hub;

import io.hfmerge.hf.files.ByteSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/** A file on the Hub: its beginning, which holds the header, by itself; the rest by chunks. */
final class StreamedFile implements ByteSource {

  /** As {@code huggingface_hub} asks for first: it holds the headers of most models. */
  private static final int HEAD_BYTES = 100_000;

  private final RangeSource source;
  private final RangeCache cache;
  private final Future<byte[]> head;

  /** Begins to fetch the beginning. */
  StreamedFile(RangeSource source, RangeCache cache) {
    this.source = source;
    this.cache = cache;
    int length = (int) Math.min(HEAD_BYTES, size());
    this.head =
        cache
            .threads()
            .submit(() -> {
              byte[] bytes = new byte[length];
              if (length > 0) {
                source.fetch(0, length, bytes);
              }
              return bytes;
            });
  }

  @Override
  public String name() {
    return source.address().toString();
  }

  @Override
  public long size() {
    return source.file().sizeBytes();
  }

  @Override
  public void read(long position, ByteBuffer target) throws IOException {
    int length = target.remaining();
    if (length == 0) {
      return;
    }
    if (position + length <= Math.min(HEAD_BYTES, size())) {
      target.put(head(), (int) position, length);
    } else {
      cache.read(source, position, target);
    }
  }

  private byte[] head() throws IOException {
    try {
      return head.get();
    } catch (InterruptedException e) {
      throw HubClient.interrupted(e);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException io -> throw io;
        case RuntimeException refused -> throw refused;
        case Error error -> throw error;
        case null, default -> throw new IOException("the header could not be read", e);
      }
    }
  }
}
