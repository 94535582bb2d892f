package io.hfmerge.hf.hub;

import io.hfmerge.error.UnsupportedFeatureException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The proxy that {@code HTTPS_PROXY}, {@code HTTP_PROXY}, {@code ALL_PROXY} and {@code NO_PROXY}
 * name, in small letters too; where none is set, what Java itself was told.
 */
final class ProxyVariables extends ProxySelector {

  private static final int DEFAULT_PORT = 80;

  private final Optional<InetSocketAddress> forHttp;
  private final Optional<InetSocketAddress> forHttps;
  private final List<String> direct;

  private ProxyVariables(
      Optional<InetSocketAddress> forHttp,
      Optional<InetSocketAddress> forHttps,
      List<String> direct) {
    this.forHttp = forHttp;
    this.forHttps = forHttps;
    this.direct = direct;
  }

  /**
   * Reads variables.
   *
   * @throws UnsupportedFeatureException if one names no HTTP proxy
   */
  static ProxySelector of(Function<String, @Nullable String> environment) {
    Optional<InetSocketAddress> http = proxy(environment, "http_proxy");
    Optional<InetSocketAddress> https = proxy(environment, "https_proxy");
    if (http.isEmpty() && https.isEmpty()) {
      ProxySelector java = ProxySelector.getDefault();
      return java != null ? java : ProxySelector.of(null);
    }
    String direct = value(environment, "no_proxy").orElse("");
    return new ProxyVariables(
        http, https, List.of(direct.strip().toLowerCase(Locale.ROOT).split("[\\s,]+")));
  }

  private static Optional<InetSocketAddress> proxy(
      Function<String, @Nullable String> environment, String name) {
    return value(environment, name)
        .or(() -> value(environment, "all_proxy"))
        .map(value -> {
          try {
            URI uri = URI.create(value.contains("://") ? value : "http://" + value);
            if ("http".equals(uri.getScheme())
                && uri.getHost() != null
                && uri.getUserInfo() == null) {
              return InetSocketAddress.createUnresolved(
                  uri.getHost(), uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort());
            }
          } catch (IllegalArgumentException e) {
            throw unusable(name, e);
          }
          throw unusable(name, null);
        });
  }

  /** The value is not shown: it may hold a password. */
  private static UnsupportedFeatureException unusable(String name, @Nullable Exception cause) {
    return new UnsupportedFeatureException(
        name.toUpperCase(Locale.ROOT)
            + ": expected http://HOST:PORT without user and password, found something else",
        cause);
  }

  private static Optional<String> value(
      Function<String, @Nullable String> environment, String name) {
    return Optional.ofNullable(environment.apply(name))
        .filter(value -> !value.isBlank())
        .or(() -> Optional.ofNullable(environment.apply(name.toUpperCase(Locale.ROOT))))
        .filter(value -> !value.isBlank());
  }

  @Override
  public List<Proxy> select(URI address) {
    String host = String.valueOf(address.getHost()).toLowerCase(Locale.ROOT);
    Optional<InetSocketAddress> proxy =
        "https".equalsIgnoreCase(address.getScheme()) ? forHttps : forHttp;
    if (proxy.isEmpty() || isDirect(host)) {
      return List.of(Proxy.NO_PROXY);
    }
    InetSocketAddress named = proxy.get();
    return List.of(
        new Proxy(Proxy.Type.HTTP, new InetSocketAddress(named.getHostString(), named.getPort())));
  }

  private boolean isDirect(String host) {
    for (String entry : direct) {
      String suffix = entry.startsWith("*") ? entry.substring(1) : entry;
      String name = suffix.startsWith(".") ? suffix.substring(1) : suffix;
      if (entry.equals("*")
          || (!name.isEmpty() && (host.equals(name) || host.endsWith("." + name)))) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void connectFailed(URI address, SocketAddress proxy, IOException failure) {
    // the request that used it says so
  }
}
