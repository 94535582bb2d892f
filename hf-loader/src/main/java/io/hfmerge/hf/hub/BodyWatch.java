package io.hfmerge.hf.hub;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Ends reading of bodies that stand still or are wanted no more: Java's client has no time limit
 * for the gaps in a body. Its one thread looks at all open bodies now and then.
 */
final class BodyWatch implements AutoCloseable {

  private final Duration idleTimeout;
  private final BooleanSupplier cancelled;
  private final Set<Body> open = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService thread;
  private final ScheduledFuture<?> looking;

  BodyWatch(Duration idleTimeout, BooleanSupplier cancelled) {
    this.idleTimeout = idleTimeout;
    this.cancelled = cancelled;
    this.thread =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("hfmerge-hub-watch").factory());
    long millis = HubClient.POLL.toMillis();
    this.looking = thread.scheduleWithFixedDelay(this::look, millis, millis, TimeUnit.MILLISECONDS);
  }

  /** A body under watch until it is closed. */
  InputStream watch(InputStream body, String where) {
    Body watched = new Body(body, where);
    open.add(watched);
    return watched;
  }

  private void look() {
    boolean stop = cancelled.getAsBoolean();
    long now = System.nanoTime();
    for (Body body : open) {
      if (stop) {
        body.end(new CancellationException("cancelled while reading " + body.where));
      } else if (body.waiting && now - body.waitingSince > idleTimeout.toNanos()) {
        body.end(
            TransientHubException.of(
                "%s: no byte came for %d s (HF_HUB_DOWNLOAD_TIMEOUT)"
                    .formatted(body.where, idleTimeout.toSeconds()),
                null));
      }
    }
  }

  @Override
  public void close() {
    looking.cancel(true);
    thread.shutdownNow();
    open.forEach(body -> body.end(new CancellationException("closed while being read")));
  }

  private final class Body extends InputStream {

    private final InputStream in;
    private final String where;
    private volatile boolean waiting;
    private volatile long waitingSince;
    private volatile @Nullable Exception fault;

    Body(InputStream in, String where) {
      this.in = in;
      this.where = where;
    }

    void end(Exception reason) {
      fault = reason;
      open.remove(this);
      try {
        in.close(); // wakes the reader
      } catch (IOException e) {
        reason.addSuppressed(e);
      }
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      waitingSince = System.nanoTime();
      waiting = true;
      try {
        int read = in.read(target, offset, length);
        throwFault();
        return read;
      } catch (IOException e) {
        throwFault();
        throw TransientHubException.of(where + ": the connection broke: " + e.getMessage(), e);
      } finally {
        waiting = false;
      }
    }

    private void throwFault() throws IOException {
      switch (fault) {
        case TransientHubException e -> throw e;
        case RuntimeException e -> throw e;
        case null, default -> {
          // none
        }
      }
    }

    @Override
    public void close() throws IOException {
      open.remove(this);
      in.close();
    }
  }
}
