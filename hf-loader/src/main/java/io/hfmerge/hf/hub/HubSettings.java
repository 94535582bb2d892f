package io.hfmerge.hf.hub;

import io.hfmerge.error.UnsupportedFeatureException;
import java.io.IOException;
import java.net.ProxySelector;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the environment says of the Hub: the variables of {@code huggingface_hub}, in its order of
 * precedence.
 *
 * @param endpoint without a trailing slash
 * @param cache folder that holds {@code models--OWNER--NAME}
 * @param token sent to the endpoint, and to nobody else
 * @param offline whether the network is not to be used
 * @param metadataTimeout how long the server may take to answer
 * @param downloadTimeout how long a download may stand still
 * @param symlinks whether snapshots may hold symbolic links
 * @param proxy how to reach hosts
 */
record HubSettings(
    URI endpoint,
    Path cache,
    Optional<AccessToken> token,
    boolean offline,
    Duration metadataTimeout,
    Duration downloadTimeout,
    boolean symlinks,
    ProxySelector proxy) {

  private static final String DEFAULT_ENDPOINT = "https://huggingface.co";
  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);
  private static final Set<String> TRUE = Set.of("1", "ON", "YES", "TRUE");
  private static final int MAX_TOKEN_BYTES = 100_000;

  /** {@code $NAME} or {@code ${NAME}}. */
  private static final Pattern VARIABLE = Pattern.compile("\\$(?:\\{(\\w+)}|(\\w+))");

  /**
   * Reads variables.
   *
   * @param environment gives the value of a variable, null where it is not set
   * @param home the user's home
   * @throws UnsupportedFeatureException if a variable cannot be understood
   * @throws IOException if a token file is there but cannot be read
   */
  static HubSettings of(Function<String, @Nullable String> environment, Path home)
      throws IOException {
    Reader variables = new Reader(environment, home);
    Path hfHome =
        variables
            .path("HF_HOME")
            .orElseGet(() ->
                variables
                    .path("XDG_CACHE_HOME")
                    .orElse(home.resolve(".cache"))
                    .resolve("huggingface"));
    return new HubSettings(
        variables.endpoint(),
        variables
            .path("HF_HUB_CACHE")
            .or(() -> variables.path("HUGGINGFACE_HUB_CACHE"))
            .orElse(hfHome.resolve("hub"))
            .toAbsolutePath()
            .normalize(),
        variables.isTrue("HF_HUB_DISABLE_IMPLICIT_TOKEN")
            ? Optional.empty()
            : variables.token(hfHome),
        variables.text("HF_HUB_OFFLINE").isPresent()
            ? variables.isTrue("HF_HUB_OFFLINE")
            : variables.isTrue("TRANSFORMERS_OFFLINE"),
        variables.seconds("HF_HUB_ETAG_TIMEOUT"),
        variables.seconds("HF_HUB_DOWNLOAD_TIMEOUT"),
        !variables.isTrue("HF_HUB_DISABLE_SYMLINKS"),
        ProxyVariables.of(environment));
  }

  /** Whether a request to this address goes to the endpoint itself: scheme, host and port. */
  boolean isEndpoint(URI address) {
    return endpoint.getScheme().equalsIgnoreCase(address.getScheme())
        && endpoint.getHost().equalsIgnoreCase(String.valueOf(address.getHost()))
        && port(endpoint) == port(address);
  }

  private static int port(URI address) {
    if (address.getPort() >= 0) {
      return address.getPort();
    }
    return "https".equalsIgnoreCase(address.getScheme()) ? 443 : 80;
  }

  private record Reader(Function<String, @Nullable String> environment, Path home) {

    /** A variable that is set to something. */
    Optional<String> text(String name) {
      return Optional.ofNullable(environment.apply(name))
          .map(String::strip)
          .filter(value -> !value.isEmpty());
    }

    boolean isTrue(String name) {
      return text(name).filter(value -> TRUE.contains(value.toUpperCase(Locale.ROOT))).isPresent();
    }

    /** A path in which {@code ~} and variables stand for their values. */
    Optional<Path> path(String name) {
      return text(name).map(this::expanded).map(Path::of);
    }

    private String expanded(String value) {
      String path =
          VARIABLE
              .matcher(value)
              .replaceAll(match -> {
                String variable = match.group(1) != null ? match.group(1) : match.group(2);
                String found = environment.apply(variable);
                return Matcher.quoteReplacement(found == null ? match.group() : found);
              });
      return path.equals("~") || path.startsWith("~/") ? home + path.substring(1) : path;
    }

    URI endpoint() {
      String value = text("HF_ENDPOINT").orElse(DEFAULT_ENDPOINT);
      while (value.endsWith("/")) {
        value = value.substring(0, value.length() - 1);
      }
      try {
        URI uri = new URI(value);
        boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
        if (http && uri.getHost() != null && uri.getQuery() == null && uri.getUserInfo() == null) {
          return uri;
        }
      } catch (URISyntaxException e) {
        throw unusableEndpoint(value, e);
      }
      throw unusableEndpoint(value, null);
    }

    private static UnsupportedFeatureException unusableEndpoint(
        String value, @Nullable Exception cause) {
      return new UnsupportedFeatureException(
          "HF_ENDPOINT: expected an address such as "
              + DEFAULT_ENDPOINT
              + ", found \""
              + value
              + '"',
          cause);
    }

    Duration seconds(String name) {
      Optional<String> value = text(name);
      if (value.isEmpty()) {
        return DEFAULT_TIMEOUT;
      }
      try {
        long seconds = Long.parseLong(value.get());
        if (seconds >= 0) {
          return seconds == 0 ? DEFAULT_TIMEOUT : Duration.ofSeconds(seconds);
        }
      } catch (NumberFormatException e) {
        throw unusableSeconds(name, value.get(), e);
      }
      throw unusableSeconds(name, value.get(), null);
    }

    private static UnsupportedFeatureException unusableSeconds(
        String name, String value, @Nullable Exception cause) {
      return new UnsupportedFeatureException(
          name + ": expected a whole number of seconds, found \"" + value + '"', cause);
    }

    Optional<AccessToken> token(Path hfHome) throws IOException {
      for (String name : new String[] {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
        Optional<AccessToken> token = token(environment.apply(name), name);
        if (token.isPresent()) {
          return token;
        }
      }
      Path file = path("HF_TOKEN_PATH").orElse(hfHome.resolve("token"));
      if (!Files.isRegularFile(file)) {
        return Optional.empty();
      }
      long size = Files.size(file);
      if (size > MAX_TOKEN_BYTES) {
        throw new UnsupportedFeatureException(
            "%s: expected a token of at most %d bytes, found %d"
                .formatted(file, MAX_TOKEN_BYTES, size));
      }
      return token(Files.readString(file), file.toString());
    }

    private static Optional<AccessToken> token(@Nullable String value, String source) {
      String stripped = value == null ? "" : value.replaceAll("[\\r\\n]", "").strip();
      if (stripped.isEmpty()) {
        return Optional.empty();
      }
      try {
        return Optional.of(new AccessToken(stripped, source));
      } catch (IllegalArgumentException e) {
        throw new UnsupportedFeatureException(String.valueOf(e.getMessage()), e);
      }
    }
  }
}
