package io.hfmerge.hf.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.UnsupportedFeatureException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Variables and their order, as huggingface_hub has them. */
class HubSettingsTest {

  @TempDir Path home;
  private final Map<String, String> variables = new HashMap<>();

  private HubSettings settings() throws IOException {
    return HubSettings.of(variables::get, home);
  }

  @Test
  void hasDefaults() throws IOException {
    HubSettings settings = settings();
    assertThat(settings.endpoint()).isEqualTo(URI.create("https://huggingface.co"));
    assertThat(settings.cache()).isEqualTo(home.resolve(".cache/huggingface/hub"));
    assertThat(settings.token()).isEmpty();
    assertThat(settings.offline()).isFalse();
    assertThat(settings.symlinks()).isTrue();
    assertThat(settings.metadataTimeout()).isEqualTo(Duration.ofSeconds(10));
  }

  @Test
  void findsTheCacheInTheOrderOfPrecedence() throws IOException {
    variables.put("XDG_CACHE_HOME", home + "/xdg");
    assertThat(settings().cache()).isEqualTo(home.resolve("xdg/huggingface/hub"));
    variables.put("HF_HOME", "~/hf");
    assertThat(settings().cache()).isEqualTo(home.resolve("hf/hub"));
    variables.put("BIG", home.resolve("big").toString());
    variables.put("HUGGINGFACE_HUB_CACHE", "$BIG/old");
    assertThat(settings().cache()).isEqualTo(home.resolve("big/old"));
    variables.put("HF_HUB_CACHE", "${BIG}/new/$UNKNOWN");
    assertThat(settings().cache()).isEqualTo(home.resolve("big/new/$UNKNOWN"));
  }

  @Test
  void findsTheTokenInTheOrderOfPrecedence() throws IOException {
    Path file = home.resolve(".cache/huggingface/token");
    Files.createDirectories(file.getParent());
    Files.writeString(file, " of_file \n");
    assertThat(settings().token()).contains(new AccessToken("of_file", file.toString()));
    Path other = Files.writeString(home.resolve("other"), "of_path");
    variables.put("HF_TOKEN_PATH", other.toString());
    assertThat(settings().token()).contains(new AccessToken("of_path", other.toString()));
    variables.put("HUGGING_FACE_HUB_TOKEN", "old");
    assertThat(settings().token()).contains(new AccessToken("old", "HUGGING_FACE_HUB_TOKEN"));
    variables.put("HF_TOKEN", "new\r\n");
    assertThat(settings().token()).contains(new AccessToken("new", "HF_TOKEN"));
    variables.put("HF_TOKEN", "  ");
    assertThat(settings().token()).contains(new AccessToken("old", "HUGGING_FACE_HUB_TOKEN"));
    variables.put("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
    assertThat(settings().token()).isEmpty();
  }

  @Test
  void neverShowsAToken() {
    assertThat(new AccessToken("hf_secret", "HF_TOKEN").toString()).doesNotContain("hf_secret");
    variables.put("HF_TOKEN", "hf_sec ret");
    assertThatThrownBy(this::settings)
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageStartingWith("HF_TOKEN: expected a token")
        .message()
        .doesNotContain("hf_sec");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "ON", "yes", "True"})
  void knowsWhatTrueIs(String value) throws IOException {
    variables.put("TRANSFORMERS_OFFLINE", value);
    assertThat(settings().offline()).isTrue();
    variables.put("HF_HUB_OFFLINE", "0");
    assertThat(settings().offline()).isFalse();
    variables.put("HF_HUB_OFFLINE", value);
    assertThat(settings().offline()).isTrue();
  }

  @Test
  void readsEndpointAndTimeouts() throws IOException {
    variables.put("HF_ENDPOINT", "https://mirror.example/hub/");
    variables.put("HF_HUB_ETAG_TIMEOUT", "0");
    variables.put("HF_HUB_DOWNLOAD_TIMEOUT", "60");
    HubSettings settings = settings();
    assertThat(settings.endpoint()).isEqualTo(URI.create("https://mirror.example/hub"));
    assertThat(settings.metadataTimeout()).isEqualTo(Duration.ofSeconds(10));
    assertThat(settings.downloadTimeout()).isEqualTo(Duration.ofMinutes(1));
  }

  @ParameterizedTest
  @CsvSource({
    "HF_ENDPOINT, huggingface.co",
    "HF_ENDPOINT, ftp://huggingface.co",
    "HF_ENDPOINT, https://user:secret@huggingface.co",
    "HF_ENDPOINT, 'https://a b'",
    "HF_HUB_ETAG_TIMEOUT, ten",
    "HF_HUB_DOWNLOAD_TIMEOUT, -1",
    "HTTPS_PROXY, socks5://proxy:1",
  })
  void refusesWhatItCannotUnderstandByName(String name, String value) {
    variables.put(name, value);
    assertThatThrownBy(this::settings)
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageStartingWith(name + ": expected");
  }

  @ParameterizedTest
  @CsvSource({
    "https://huggingface.co/x, true",
    "https://HuggingFace.co:443/x, true",
    "http://huggingface.co/x, false",
    "https://huggingface.co:8443/x, false",
    "https://huggingface.co.evil.example/x, false",
    "https://cdn-lfs.huggingface.co/x, false",
  })
  void knowsTheEndpointBySchemeHostAndPort(String address, boolean same) throws IOException {
    assertThat(settings().isEndpoint(URI.create(address))).isEqualTo(same);
  }

  @Test
  void usesTheProxyThatTheVariablesName() throws IOException {
    variables.put("https_proxy", "http://proxy.example:3128");
    variables.put("NO_PROXY", "localhost, .corp.example");
    assertThat(settings().proxy().select(URI.create("https://huggingface.co/")))
        .singleElement()
        .satisfies(proxy ->
            assertThat(proxy.address())
                .isInstanceOfSatisfying(
                    InetSocketAddress.class,
                    to -> assertThat(to.getHostString()).isEqualTo("proxy.example")));
    for (String direct :
        new String[] {"https://localhost/", "https://hub.corp.example/", "http://x/"}) {
      assertThat(settings().proxy().select(URI.create(direct))).containsExactly(Proxy.NO_PROXY);
    }
  }
}
