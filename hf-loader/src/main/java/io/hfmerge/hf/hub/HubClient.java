package io.hfmerge.hf.hub;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.OpenOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Requests to the Hub and to the storage that it refers to. Redirects are walked here, because Java
 * versions differ in whether they take the token along to another host: only requests to the
 * endpoint itself carry it. Thread-safe; owns its connections until closed.
 */
final class HubClient implements AutoCloseable {

  /** Between two looks whether to stop. */
  static final Duration POLL = Duration.ofMillis(100);

  private static final int MAX_REDIRECTS = 10;

  /** A connection that takes longer is none. */
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  /** An error page is drained up to here, so that its connection can be used again. */
  private static final int MAX_DRAINED_BYTES = 1 << 16;

  /** Far above a page of 1000 files, and above the description of any real repository. */
  private static final int MAX_JSON_BYTES = 32 << 20;

  private static final String USER_AGENT =
      "hfmerge/"
          + Objects.requireNonNullElse(
              HubClient.class.getPackage().getImplementationVersion(), "dev")
          + "; java/"
          + Runtime.version().feature();

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  /** What a request may be redirected to. */
  enum Hops {
    /** The endpoint alone: a renamed repository. */
    ENDPOINT,
    /** Any host: the storage of large files. */
    ANYWHERE
  }

  /**
   * A successful reply; its body is open until it is closed.
   *
   * @param address where it came from in the end
   * @param status 200 or 206
   * @param headers of this reply
   * @param endpointHeaders of the last reply of the endpoint itself
   */
  record Reply(
      URI address,
      int status,
      HttpHeaders headers,
      Optional<HttpHeaders> endpointHeaders,
      InputStream body)
      implements AutoCloseable {

    @Override
    public void close() throws IOException {
      body.close();
    }
  }

  private final HubSettings settings;
  private final BooleanSupplier cancelled;
  private final HubErrors errors;
  private final HttpClient http;
  private final BodyWatch watch;
  private final Pauses pauses;

  private final AtomicBoolean answered;

  /**
   * Connects when it is first asked for something.
   *
   * @param answered whether the Hub has answered before; set when it does
   */
  HubClient(HubSettings settings, OpenOptions options, Pauses pauses, AtomicBoolean answered) {
    this.answered = answered;
    this.settings = settings;
    this.cancelled = options.cancelled();
    this.errors = new HubErrors(settings);
    this.pauses = pauses;
    this.watch = new BodyWatch(settings.downloadTimeout(), cancelled);
    this.http =
        HttpClient.newBuilder()
            // a connection for each file in flight: several share the window of one in HTTP/2
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(CONNECT_TIMEOUT)
            .proxy(settings.proxy())
            .build();
  }

  HubSettings settings() {
    return settings;
  }

  /** For one piece of work. */
  RetryBudget retries() {
    return new RetryBudget(pauses);
  }

  /**
   * Asks once, following redirects.
   *
   * @param range value of the {@code Range} header
   * @throws TransientHubException if another try may succeed
   * @throws RepositoryNotFoundException if there is no such repository, as far as this user may
   *     know
   * @throws UnreachableHubException if the server does not answer at all
   * @throws io.hfmerge.error.HfMergeException if the Hub refuses
   */
  Reply get(URI address, Optional<String> range, Hops hops, HubSubject subject) throws IOException {
    URI at = address;
    Optional<HttpHeaders> endpointHeaders = Optional.empty();
    for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
      HttpResponse<InputStream> response = send(at, range);
      int status = response.statusCode();
      HttpHeaders headers = response.headers();
      if (settings.isEndpoint(at)) {
        endpointHeaders = Optional.of(headers);
      }
      if (status == 200 || status == 206) {
        InputStream body = watch.watch(response.body(), HubErrors.shown(at));
        return new Reply(at, status, headers, endpointHeaders, body);
      }
      drain(response);
      if (!isRedirect(status)) {
        throw errors.refuse(at, status, headers, subject);
      }
      at = next(at, headers, hops);
    }
    throw new IOException(
        "%s: expected at most %d redirects, found more".formatted(address, MAX_REDIRECTS));
  }

  /**
   * Asks for JSON, again where that may help.
   *
   * @throws MalformedCheckpointException if the reply is no JSON or absurdly large
   */
  JsonPage getJson(URI address, HubSubject subject) throws IOException {
    return retries()
        .run(() -> {
          try (Reply reply = get(address, Optional.empty(), Hops.ENDPOINT, subject)) {
            byte[] bytes = reply.body().readNBytes(MAX_JSON_BYTES + 1);
            String shown = HubErrors.shown(reply.address());
            if (bytes.length > MAX_JSON_BYTES) {
              throw new MalformedCheckpointException(
                  "%s: expected at most %d bytes of JSON, found more; is this a Hub?"
                      .formatted(shown, MAX_JSON_BYTES));
            }
            try {
              return new JsonPage(reply.headers(), shown, JSON.readTree(bytes));
            } catch (JacksonException e) {
              throw new MalformedCheckpointException(
                  "%s: expected JSON, found something else (%s); is HF_ENDPOINT a Hub?"
                      .formatted(shown, e.getOriginalMessage()),
                  e);
            }
          }
        });
  }

  /**
   * A reply of the Hub's API.
   *
   * @param headers of the reply
   * @param address where it came from, for messages
   * @param json its content
   */
  record JsonPage(HttpHeaders headers, String address, JsonNode json) {}

  private HttpResponse<InputStream> send(URI address, Optional<String> range) throws IOException {
    requireGoingOn(cancelled);
    HttpRequest.Builder request =
        HttpRequest.newBuilder(address)
            .header("User-Agent", USER_AGENT)
            // ranges and hashes are those of the plain file
            .header("Accept-Encoding", "identity");
    range.ifPresent(value -> request.header("Range", value));
    if (settings.isEndpoint(address)) {
      settings
          .token()
          .ifPresent(token -> request.header("Authorization", "Bearer " + token.value()));
    }
    CompletableFuture<HttpResponse<InputStream>> future =
        http.sendAsync(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    try {
      HttpResponse<InputStream> response = await(future, address);
      answered.set(true);
      return response;
    } catch (ExecutionException e) {
      throw failure(address, e.getCause());
    } catch (InterruptedException e) {
      future.cancel(true);
      throw interrupted(e);
    }
  }

  /** Waits for headers; the time of a body is not limited, only its gaps are. */
  private HttpResponse<InputStream> await(
      CompletableFuture<HttpResponse<InputStream>> future, URI address)
      throws IOException, InterruptedException, ExecutionException {
    long end = System.nanoTime() + settings.metadataTimeout().toNanos();
    while (true) {
      try {
        return future.get(POLL.toNanos(), TimeUnit.NANOSECONDS);
      } catch (TimeoutException e) {
        if (cancelled.getAsBoolean()) {
          future.cancel(true);
          requireGoingOn(cancelled);
        }
        if (System.nanoTime() > end) {
          future.cancel(true);
          throw TransientHubException.of(
              "%s: no answer within %d s (HF_HUB_ETAG_TIMEOUT)"
                  .formatted(HubErrors.shown(address), settings.metadataTimeout().toSeconds()),
              e);
        }
      }
    }
  }

  private IOException failure(URI address, @Nullable Throwable cause) {
    String shown = address.getScheme() + "://" + address.getRawAuthority();
    return switch (cause) {
      case SSLException e ->
          new UnreachableHubException(shown + ": no secure connection: " + e.getMessage(), e);
      case ConnectException e when !answered.get() && settings.isEndpoint(address) ->
          new UnreachableHubException(shown + " cannot be reached: " + reason(e), e);
      case HttpTimeoutException e when !answered.get() && settings.isEndpoint(address) ->
          new UnreachableHubException(shown + " cannot be reached: " + reason(e), e);
      case IOException e ->
          TransientHubException.of(shown + ": the connection failed: " + reason(e), e);
      case null, default -> new IOException(shown + ": the request failed: " + cause, cause);
    };
  }

  private static String reason(IOException failure) {
    if (failure.getMessage() != null) {
      return failure.getMessage();
    }
    for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof UnresolvedAddressException) {
        return "no such host";
      }
    }
    return failure.getClass().getSimpleName();
  }

  private URI next(URI from, HttpHeaders headers, Hops hops) throws IOException {
    String location =
        headers
            .firstValue("Location")
            .orElseThrow(
                () -> new IOException(HubErrors.shown(from) + ": redirects without a Location"));
    URI to;
    try {
      to = from.resolve(new URI(location));
    } catch (URISyntaxException | IllegalArgumentException e) {
      throw new IOException(HubErrors.shown(from) + ": redirects to what is no address", e);
    }
    String scheme = String.valueOf(to.getScheme()).toLowerCase(Locale.ROOT);
    boolean known = scheme.equals("https") || scheme.equals("http");
    boolean lessSecure = scheme.equals("http") && "https".equalsIgnoreCase(from.getScheme());
    if (!known || lessSecure || to.getHost() == null) {
      throw new IOException(
          "%s: expected a redirect to an address as safe as this one, found %s"
              .formatted(HubErrors.shown(from), HubErrors.shown(to)));
    }
    if (hops == Hops.ENDPOINT && !settings.isEndpoint(to)) {
      throw new IOException(
          "%s: expected a redirect within %s, found one to %s; is HF_ENDPOINT a Hub?"
              .formatted(HubErrors.shown(from), settings.endpoint(), HubErrors.shown(to)));
    }
    return to;
  }

  /** What is left of a small body, for the connection's sake. */
  private static void drain(HttpResponse<InputStream> response) {
    long length = response.headers().firstValueAsLong("Content-Length").orElse(0);
    try (InputStream body = response.body()) {
      if (length <= MAX_DRAINED_BYTES) {
        body.readNBytes(MAX_DRAINED_BYTES);
      }
    } catch (IOException e) {
      // nothing of it is used
    }
  }

  private static boolean isRedirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  }

  /**
   * Whether to go on.
   *
   * @throws CancellationException if not
   */
  static void requireGoingOn(BooleanSupplier cancelled) {
    if (cancelled.getAsBoolean()) {
      throw new CancellationException("cancelled; what was downloaded is kept and continued later");
    }
  }

  /** For a thread that was interrupted while it waited; stays interrupted. */
  static InterruptedIOException interrupted(InterruptedException cause) {
    Thread.currentThread().interrupt();
    InterruptedIOException e = new InterruptedIOException("interrupted while asking the Hub");
    e.initCause(cause);
    return e;
  }

  @Override
  public void close() {
    watch.close();
    http.shutdownNow();
  }
}
