package io.hfmerge.hf.hub;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Chunks of remote files in memory, fetched by several connections at once: those asked for, and,
 * where a file is read on and on, those that will be. Readers that come close to each other share
 * them; the least recently used give way. Thread-safe; owns the client until closed.
 */
final class RangeCache implements Closeable {

  /** Long enough to make a request worth its round trip. */
  static final int CHUNK_BYTES = 4 << 20;

  /** Requests at a time, and most chunks fetched ahead. */
  private static final int CONNECTIONS = 8;

  /** What readers look at, what is on its way, and what was just read and is read again. */
  private static final int MAX_CHUNKS = 16;

  private record Key(RangeSource source, long number) {}

  private enum State {
    COMING,
    THERE,
    FAILED
  }

  /** Guarded by the cache. */
  private static final class Chunk {
    final byte[] bytes;
    State state = State.COMING;
    @Nullable Throwable failure;

    /** Readers that copy from it or wait for it. */
    int users;

    Chunk(byte[] bytes) {
      this.bytes = bytes;
    }
  }

  private final HubClient client;
  private final ExecutorService threads;

  /** In the order of use. */
  private final Map<Key, Chunk> chunks = new LinkedHashMap<>(MAX_CHUNKS, 0.75f, true);

  private final Deque<byte[]> spare = new ArrayDeque<>();
  private final Map<RangeSource, ReadAhead> readAheads = new LinkedHashMap<>();
  private int allocated;
  private boolean closed;

  RangeCache(HubClient client) {
    this.client = client;
    this.threads =
        Executors.newFixedThreadPool(
            CONNECTIONS, Thread.ofPlatform().daemon().name("hfmerge-stream-", 0).factory());
  }

  /** For requests; closed with this. */
  HubClient client() {
    return client;
  }

  /** Memory that it takes at most. */
  static long memoryBytes() {
    return (long) MAX_CHUNKS * CHUNK_BYTES;
  }

  /** Threads that fetch. */
  ExecutorService threads() {
    return threads;
  }

  /** Copies a part of a file. */
  void read(RangeSource source, long position, ByteBuffer target) throws IOException {
    long end = position + target.remaining();
    long last = (end - 1) / CHUNK_BYTES;
    for (long at = position; at < end; ) {
      long number = at / CHUNK_BYTES;
      int from = (int) (at - number * CHUNK_BYTES);
      int length = (int) Math.min(CHUNK_BYTES - from, end - at);
      Chunk chunk;
      try {
        chunk = take(source, number, last);
      } catch (InterruptedException e) {
        throw HubClient.interrupted(e);
      }
      try {
        target.put(chunk.bytes, from, length);
      } finally {
        giveBack(chunk);
      }
      at += length;
    }
  }

  /** The chunk once it is there, to be given back; begins to fetch what comes after it. */
  private synchronized Chunk take(RangeSource source, long number, long lastNeeded)
      throws IOException, InterruptedException {
    Key key = new Key(source, number);
    requireOpen();
    Chunk chunk = chunks.get(key);
    while (chunk == null) {
      byte[] space = space(true);
      if (space != null) {
        chunk = begin(key, space);
      } else {
        wait();
        requireOpen();
        chunk = chunks.get(key);
      }
    }
    chunk.users++;
    boolean taken = false;
    try {
      fetchAhead(source, number, lastNeeded);
      while (chunk.state == State.COMING && !closed) {
        wait();
      }
      if (chunk.state == State.FAILED) {
        throw failure(chunk);
      }
      requireOpen();
      taken = true;
      return chunk;
    } finally {
      if (!taken) {
        chunk.users--;
      }
    }
  }

  private synchronized void giveBack(Chunk chunk) {
    chunk.users--;
    notifyAll();
  }

  /** The rest of what is asked for, and of what will be if the file is read on. */
  private void fetchAhead(RangeSource source, long number, long lastNeeded) {
    long lastOfFile = (source.file().sizeBytes() - 1) / CHUNK_BYTES;
    long guess =
        readAheads.computeIfAbsent(source, key -> new ReadAhead(CONNECTIONS)).until(number);
    long until = Math.min(lastOfFile, Math.max(guess, Math.min(lastNeeded, number + CONNECTIONS)));
    for (long next = number + 1; next <= until; next++) {
      Key key = new Key(source, next);
      if (!chunks.containsKey(key)) {
        byte[] space = space(next <= lastNeeded);
        if (space == null) {
          return;
        }
        begin(key, space);
      }
    }
  }

  private Chunk begin(Key key, byte[] space) {
    Chunk chunk = new Chunk(space);
    chunks.put(key, chunk);
    try {
      threads.execute(() -> fetch(key, chunk));
    } catch (RejectedExecutionException e) {
      chunk.state = State.FAILED;
      chunk.failure = new CancellationException("the checkpoint was closed");
    }
    return chunk;
  }

  private void fetch(Key key, Chunk chunk) {
    Throwable failure = null;
    try {
      long begin = key.number() * CHUNK_BYTES;
      int length = (int) Math.min(CHUNK_BYTES, key.source().file().sizeBytes() - begin);
      key.source().fetch(begin, length, chunk.bytes);
    } catch (IOException | RuntimeException | Error e) {
      failure = e;
    }
    synchronized (this) {
      chunk.failure = failure;
      chunk.state = failure == null ? State.THERE : State.FAILED;
      if (failure != null) {
        // a later reader tries again; the memory goes with the chunk
        chunks.remove(key);
        allocated--;
      }
      notifyAll();
    }
  }

  /**
   * Memory for a chunk.
   *
   * @param needed whether chunks that nobody looks at may give way that were fetched ahead
   * @return null if there is none now
   */
  private byte @Nullable [] space(boolean needed) {
    byte[] free = spare.pollFirst();
    if (free != null) {
      return free;
    }
    if (allocated < MAX_CHUNKS) {
      allocated++;
      return new byte[CHUNK_BYTES];
    }
    int kept = needed ? 0 : MAX_CHUNKS / 2;
    int seen = 0;
    for (Iterator<Chunk> eldest = chunks.values().iterator(); eldest.hasNext(); seen++) {
      if (seen >= MAX_CHUNKS - kept) {
        return null; // what was just read is worth more than a guess
      }
      Chunk chunk = eldest.next();
      if (chunk.users == 0 && chunk.state == State.THERE) {
        eldest.remove();
        return chunk.bytes;
      }
    }
    return null;
  }

  private static IOException failure(Chunk chunk) throws IOException {
    switch (chunk.failure) {
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case IOException e -> throw new IOException(e.getMessage(), e);
      case null, default -> throw new IOException("a range could not be read", chunk.failure);
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the checkpoint is closed");
    }
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    client.close();
    threads.shutdownNow();
  }
}
