package io.hfmerge.hf.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.OpenOptions;
import io.hfmerge.hf.testing.TestHub;
import io.hfmerge.hf.testing.TestHub.Request;
import io.hfmerge.progress.ProgressListener;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What may go wrong while bytes come. */
class FileDownloadTest {

  private static final int SIZE = 3_000_017;

  @TempDir Path temp;
  private HubFixture fixture;
  private TestHub hub;
  private byte[] weights;

  @BeforeEach
  void start() throws IOException {
    fixture = new HubFixture(temp);
    hub = fixture.hub;
    weights = new byte[SIZE];
    new Random(7).nextBytes(weights);
    hub.commit(
        "org/m",
        Map.of("config.json", "{}".getBytes(StandardCharsets.UTF_8), "model.safetensors", weights));
  }

  @AfterEach
  void stop() {
    fixture.close();
  }

  private void assertDownloaded() throws IOException {
    FetchedModel fetched = fixture.fetch("org/m");
    assertThat(fetched.location().folder().resolve("model.safetensors")).hasBinaryContent(weights);
    assertNothingUnfinished();
  }

  private void assertNothingUnfinished() throws IOException {
    assertThat(fixture.state().keySet())
        .noneMatch(name -> name.contains("incomplete") || name.contains(".tmp"));
  }

  private Path unfinished() {
    return fixture
        .cache()
        .resolve("models--org--m/blobs")
        .resolve(TestHub.etag("model.safetensors", weights) + ".68666d67.incomplete");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void goesOnWhereTheConnectionWasCut(long seed) throws IOException {
    Random random = new Random(seed);
    AtomicInteger sent = new AtomicInteger();
    hub.delivery((exchange, content, begin, end, ranged) -> {
      int after = 1 + random.nextInt(SIZE / 3);
      sent.addAndGet(Math.min(after, end - begin));
      TestHub.cut(exchange, content, begin, end, ranged, after);
    });
    assertDownloaded();
    // what was sent but not received before the break may be sent again
    assertThat(hub.requests()).filteredOn(Request::storage).hasSizeGreaterThan(2);
    assertThat(hub.requests())
        .filteredOn(Request::storage)
        .extracting(request -> request.range().orElse(""))
        .doesNotHaveDuplicates();
  }

  @Test
  void goesOnInAnotherRunWhereOneWasStopped() throws IOException {
    hub.delivery((exchange, content, begin, end, ranged) ->
        TestHub.cut(exchange, content, begin, end, ranged, begin == 0 ? 1_000_000 : 0));
    assertThatThrownBy(() -> fixture.fetch("org/m")).isInstanceOf(IOException.class);
    long kept = Files.size(unfinished());
    assertThat(kept).isBetween(1L, 1_000_000L);

    hub.delivery(TestHub::deliver);
    hub.forgetRequests();
    AtomicLong told = new AtomicLong();
    FetchedModel fetched =
        fixture.models().fetch("org/m", OpenOptions.DEFAULT.withListener(new BytesListener(told)));
    assertThat(hub.requests())
        .filteredOn(Request::storage)
        .extracting(request -> request.range().orElse(""))
        .containsExactly("bytes=" + kept + "-");
    assertThat(fetched.receivedBytes()).isLessThan(SIZE);
    assertThat(told).hasValue(SIZE);
    assertDownloaded();
  }

  @Test
  void beginsAgainWhereTheServerIgnoresRanges() throws IOException {
    AtomicInteger requests = new AtomicInteger();
    hub.delivery((exchange, content, begin, end, ranged) -> {
      if (requests.incrementAndGet() < 3) {
        TestHub.cut(exchange, content, 0, content.length, false, content.length / 2);
      } else {
        TestHub.deliver(exchange, content, 0, content.length, false);
      }
    });
    assertDownloaded();
  }

  @Test
  void beginsAgainWhereWhatWasKeptIsWrong() throws IOException {
    Files.createDirectories(unfinished().getParent());
    Files.write(unfinished(), new byte[1_000_000]);
    assertDownloaded();
    assertThat(hub.requests())
        .filteredOn(Request::storage)
        .extracting(request -> request.range().orElse("all"))
        .containsExactly("bytes=1000000-", "all");
  }

  @Test
  void goesOnWhereAnotherProgramStopped() throws IOException {
    Path blobs = unfinished().getParent();
    Files.createDirectories(blobs);
    String etag = TestHub.etag("model.safetensors", weights);
    Path python = blobs.resolve(etag + ".incomplete");
    Files.write(python, Arrays.copyOf(weights, 2_000_000));
    Files.write(blobs.resolve(etag + ".0123abcd.incomplete"), Arrays.copyOf(weights, 1_000_000));

    FetchedModel fetched = fixture.fetch("org/m");

    assertThat(fetched.location().folder().resolve("model.safetensors")).hasBinaryContent(weights);
    assertThat(hub.requests())
        .filteredOn(Request::storage)
        .extracting(request -> request.range().orElse("all"))
        .containsExactly("bytes=2000000-");
    assertThat(python).hasSize(2_000_000); // its owner's
    assertThat(unfinished()).doesNotExist();
  }

  @Test
  void takesWhatIsCompleteWithoutARequest() throws IOException {
    Files.createDirectories(unfinished().getParent());
    Files.write(unfinished(), weights);
    assertDownloaded();
    assertThat(hub.requests()).noneMatch(Request::storage);
  }

  @Test
  void refusesBytesWithAnotherHash() throws IOException {
    hub.delivery((exchange, content, begin, end, ranged) -> {
      byte[] wrong = content.clone();
      wrong[wrong.length - 1] ^= (byte) (content.length == SIZE ? 1 : 0);
      TestHub.deliver(exchange, wrong, begin, end, ranged);
    });
    assertThatThrownBy(() -> fixture.fetch("org/m"))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageMatching(
            "org/m/.* at main: expected SHA-256 [0-9a-f]+, as the Hub lists it,"
                + " found [0-9a-f]+; the download was deleted, try again");
    assertNothingUnfinished();
    assertThat(fixture.state()).doesNotContainKey("models--org--m/refs/main");
  }

  @Test
  void refusesAReplyThatIsShorterThanItSays() {
    hub.delivery((exchange, content, begin, end, ranged) ->
        TestHub.deliver(
            exchange, Arrays.copyOf(content, content.length - 1), begin, end - 1, ranged));
    assertThatThrownBy(() -> fixture.fetch("org/m"))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("as the Hub lists it, found a Content-Length of");
  }

  @Test
  void givesUpOnABodyThatEndsEarlyEachTime() {
    hub.delivery((exchange, content, begin, end, ranged) ->
        TestHub.cut(exchange, content, begin, end, ranged, 0));
    // the end may be there before the client has seen the headers
    assertThatThrownBy(() -> fixture.fetch("org/m"))
        .isInstanceOf(IOException.class)
        .hasMessageMatching("(?s).*the connection (broke|failed): .*");
  }

  @Test
  void refusesABodyThatIsTooLong() throws IOException {
    hub.delivery((exchange, content, begin, end, ranged) -> {
      exchange.sendResponseHeaders(200, 0); // chunked, of no stated length
      exchange.getResponseBody().write(content);
      exchange.getResponseBody().write(content);
      exchange.close();
    });
    assertThatThrownBy(() -> fixture.fetch("org/m"))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("as the Hub lists it, found more");
  }

  @Test
  void refusesAnotherRangeThanItAskedFor() throws IOException {
    Files.createDirectories(unfinished().getParent());
    Files.write(unfinished(), Arrays.copyOf(weights, 1000));
    hub.delivery((exchange, content, begin, end, ranged) -> {
      exchange.getResponseHeaders().add("Content-Range", "bytes 0-99/" + content.length);
      TestHub.send(
          exchange, ranged ? 206 : 200, Arrays.copyOf(content, ranged ? 100 : content.length));
    });
    assertThatThrownBy(() -> fixture.fetch("org/m"))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("expected Content-Range bytes 1000-3000016/3000017")
        .hasMessageContaining("found bytes 0-99/3000017");
  }

  @Test
  void refusesBytesThatAreCompressed() {
    hub.delivery((exchange, content, begin, end, ranged) -> {
      exchange.getResponseHeaders().add("Content-Encoding", "gzip");
      TestHub.deliver(exchange, content, begin, end, ranged);
    });
    assertThatThrownBy(() -> fixture.fetch("org/m"))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("found Content-Encoding gzip");
  }

  @Test
  void endsAConnectionThatStandsStill() {
    fixture.environment.put("HF_HUB_DOWNLOAD_TIMEOUT", "1");
    hub.delivery((exchange, content, begin, end, ranged) -> {
      exchange.sendResponseHeaders(ranged ? 206 : 200, end - begin);
      exchange.getResponseBody().flush();
      try {
        Thread.sleep(Duration.ofSeconds(20));
      } catch (InterruptedException e) {
        exchange.close();
      }
    });
    assertThatThrownBy(() -> fixture.fetch("org/m"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no byte came for 1 s (HF_HUB_DOWNLOAD_TIMEOUT)");
  }

  @Test
  @Timeout(20)
  void stopsWhenItIsCancelledAndGoesOnLater() throws Exception {
    AtomicBoolean cancelled = new AtomicBoolean();
    hub.delivery((exchange, content, begin, end, ranged) -> {
      exchange.sendResponseHeaders(200, content.length);
      exchange.getResponseBody().write(content, 0, content.length / 2);
      exchange.getResponseBody().flush();
      cancelled.set(true);
      try {
        Thread.sleep(Duration.ofSeconds(60));
      } catch (InterruptedException e) {
        exchange.close();
      }
    });
    OpenOptions options = OpenOptions.DEFAULT.withCancellation(cancelled::get);
    assertThatThrownBy(() -> fixture.models().fetch("org/m", options))
        .isInstanceOf(CancellationException.class);
    hub.delivery(TestHub::deliver);
    assertDownloaded();
  }

  @Test
  void lentOneDownloadToAllThatWantTheSameFile() throws Exception {
    hub.delivery((exchange, content, begin, end, ranged) -> {
      try {
        Thread.sleep(300);
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      TestHub.deliver(exchange, content, begin, end, ranged);
    });
    Callable<FetchedModel> one = () -> fixture.fetch("org/m");
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      for (Future<FetchedModel> fetched : threads.invokeAll(List.of(one, one, one, one))) {
        assertThat(fetched.get().location().folder().resolve("model.safetensors"))
            .hasBinaryContent(weights);
      }
    }
    assertThat(hub.requests()).filteredOn(Request::storage).hasSize(1);
    assertNothingUnfinished();
  }

  @Test
  void refusesWhatDoesNotFitOnTheDisk() {
    String entry =
        "[{\"type\":\"file\",\"path\":\"model.safetensors\",\"size\":9,\"oid\":\"%s\",\"lfs\":"
                .formatted("a".repeat(40))
            + "{\"oid\":\"%s\",\"size\":9000000000000}}]".formatted("b".repeat(64));
    hub.answer(request -> request.path().contains("/tree/"), 1, TestHub.json(entry));
    assertThatThrownBy(() -> fixture.fetch("org/m"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("expected 9,000,000,000,000 bytes of free space")
        .hasMessageContaining("--stream");
  }

  private record BytesListener(AtomicLong bytes) implements ProgressListener {
    @Override
    public void started(String task, long totalBytes) {}

    @Override
    public void advanced(long more) {
      bytes.addAndGet(more);
    }

    @Override
    public void finished() {}
  }
}
