package io.hfmerge.hf.hub;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.hf.OpenOptions;
import io.hfmerge.hf.testing.TestHub;
import io.hfmerge.hf.testing.TestHub.Request;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes of their own that want the same file at the same time. */
class TwoProcessesTest {

  private static final int SIZE = 2_000_003;

  @TempDir Path temp;

  /** The other process: fetches what its argument says. */
  public static void main(String[] arguments) throws IOException {
    HubModels.ofEnvironment().fetch(arguments[0], OpenOptions.DEFAULT);
  }

  private Process start(TestHub hub, Path cache) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            TwoProcessesTest.class.getName(),
            "org/m");
    builder.environment().remove("HF_HUB_OFFLINE");
    builder.environment().put("HF_HUB_CACHE", cache.toString());
    builder.environment().put("HF_ENDPOINT", hub.endpoint());
    return builder.redirectErrorStream(true).redirectOutput(temp.resolve("out").toFile()).start();
  }

  @Test
  void downloadItOnce() throws Exception {
    byte[] weights = new byte[SIZE];
    new Random(3).nextBytes(weights);
    Path cache = temp.resolve("cache");
    try (TestHub hub = TestHub.start()) {
      String commit = hub.commit("org/m", Map.of("model.safetensors", weights));
      hub.delivery((exchange, content, begin, end, ranged) -> {
        try {
          Thread.sleep(Duration.ofSeconds(2)); // until both have asked
        } catch (InterruptedException e) {
          throw new IOException(e);
        }
        TestHub.deliver(exchange, content, begin, end, ranged);
      });
      for (Process process : List.of(start(hub, cache), start(hub, cache))) {
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(temp.resolve("out"))).isZero();
      }
      assertThat(cache.resolve("models--org--m/snapshots/" + commit + "/model.safetensors"))
          .hasBinaryContent(weights);
      assertThat(hub.requests()).filteredOn(Request::storage).hasSize(1);
      assertThat(cache.resolve("models--org--m/blobs"))
          .isDirectoryNotContaining("glob:**.incomplete");
    }
  }

  @Test
  void goOnWhereOneWasKilled() throws Exception {
    byte[] weights = new byte[SIZE];
    new Random(4).nextBytes(weights);
    Path cache = temp.resolve("cache");
    try (TestHub hub = TestHub.start()) {
      hub.commit("org/m", Map.of("model.safetensors", weights));
      hub.delivery((exchange, content, begin, end, ranged) -> {
        exchange.sendResponseHeaders(200, content.length);
        exchange.getResponseBody().write(content, 0, SIZE / 2);
        exchange.getResponseBody().flush();
        try {
          Thread.sleep(Duration.ofSeconds(60));
        } catch (InterruptedException e) {
          throw new IOException(e);
        }
      });
      Process killed = start(hub, cache);
      Path unfinished =
          cache
              .resolve("models--org--m/blobs")
              .resolve(TestHub.etag("model.safetensors", weights) + ".68666d67.incomplete");
      for (int i = 0;
          i < 600 && (!Files.exists(unfinished) || Files.size(unfinished) < SIZE / 2);
          i++) {
        Thread.sleep(50);
      }
      killed.destroyForcibly().waitFor();
      assertThat(Files.size(unfinished)).isEqualTo(SIZE / 2);

      hub.delivery(TestHub::deliver);
      hub.forgetRequests();
      Process second = start(hub, cache);
      assertThat(second.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(second.exitValue()).as(Files.readString(temp.resolve("out"))).isZero();
      assertThat(hub.requests())
          .filteredOn(Request::storage)
          .extracting(request -> request.range().orElse("all"))
          .containsExactly("bytes=" + SIZE / 2 + "-");
    }
  }
}
