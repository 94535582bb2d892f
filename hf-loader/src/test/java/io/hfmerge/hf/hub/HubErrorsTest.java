package io.hfmerge.hf.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.AccessRefusedException;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.TestHub;
import io.hfmerge.hf.testing.TestHub.Answer;
import io.hfmerge.hf.testing.TestHub.Request;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the Hub may answer, and what users are told. */
class HubErrorsTest {

  private static final Predicate<Request> API = request -> request.path().startsWith("/api/");
  private static final Predicate<Request> LISTING = request -> request.path().contains("/tree/");
  private static final Predicate<Request> RESOLVE = request -> request.path().contains("/resolve/");
  private static final Predicate<Request> STORAGE = Request::storage;

  @TempDir Path temp;
  private HubFixture fixture;
  private TestHub hub;

  @BeforeEach
  void start() throws IOException {
    fixture = new HubFixture(temp);
    hub = fixture.hub;
    hub.commit("org/llama", ModelFolders.golden("llama", "a"));
  }

  @AfterEach
  void stop() {
    fixture.close();
  }

  private void assertRefused(Class<? extends Exception> type, String... says) {
    assertThatThrownBy(() -> fixture.fetch("org/llama"))
        .isInstanceOf(type)
        .message()
        .contains(says)
        .doesNotContain("hf_secret");
  }

  private static Answer error(int status, String code, String message) {
    return TestHub.status(
        status, "X-Error-Code", code, "X-Error-Message", message, "x-request-id", "Root=1-2");
  }

  @Test
  void namesARevisionThatIsNotThere() {
    assertThatThrownBy(() -> fixture.fetch("org/llama@v9"))
        .isInstanceOf(UnresolvedReferenceException.class)
        .message()
        .contains("org/llama: expected a branch, tag or commit, found no revision \"v9\"")
        .contains("HTTP 404 from " + hub.endpoint() + "/api/models/org/llama/revision/v9");
    assertThatThrownBy(() -> fixture.fetch("org/llama@" + "0".repeat(40)))
        .isInstanceOf(UnresolvedReferenceException.class)
        .hasMessageContaining("no revision \"0000");
  }

  @Test
  void namesAFileThatIsNotThere() {
    hub.answer(RESOLVE, 1000, error(404, "EntryNotFound", "Entry not found"));
    assertRefused(
        UnresolvedReferenceException.class, "no such file", "Entry not found; request Root=1-2)");
  }

  @Test
  void saysWhereToAcceptTheTermsOfAGatedModel() {
    hub.answer(RESOLVE, 1000, error(401, "GatedRepo", "Access to model is restricted"));
    assertRefused(
        AccessRefusedException.class,
        "org/llama is gated: accept its terms at " + hub.endpoint() + "/org/llama in a browser",
        "HF_TOKEN",
        "hf auth login");
  }

  @Test
  void saysThatTheAccountIsNotOnTheListOfAGatedModel() {
    fixture.environment.put("HF_TOKEN", "hf_secret");
    hub.answer(RESOLVE, 1000, error(403, "GatedRepo", "awaiting a review"));
    assertRefused(
        AccessRefusedException.class,
        "is not on its list",
        "the token (HF_TOKEN)",
        hub.endpoint() + "/org/llama",
        "fine-grained");
  }

  @Test
  void saysThatATokenIsNotValid() throws IOException {
    Path file = fixture.home.resolve(".cache/huggingface/token");
    Files.createDirectories(file.getParent());
    Files.writeString(file, "hf_secret\n");
    hub.answer(API, 1000, error(401, "", "Invalid credentials in Authorization header"));
    assertRefused(
        AccessRefusedException.class,
        "does not accept the token of " + file,
        "invalid or has expired",
        "hf auth login");
  }

  @Test
  void saysThatARepositoryMayBeMissingPrivateOrGated() {
    hub.answer(API, 1000, error(401, "", "Invalid username or password."));
    assertRefused(
        UnresolvedReferenceException.class, "no such repository, or a private or gated one");
    fixture.environment.put("HF_TOKEN", "hf_secret");
    hub.answer(API, 1000, error(404, "RepoNotFound", "Repository not found"));
    assertRefused(
        UnresolvedReferenceException.class, "the account of the token (HF_TOKEN) may not see");
  }

  @Test
  void saysThatARepositoryIsDisabled() {
    hub.answer(API, 1000, error(403, "", "Access to this resource is disabled."));
    assertRefused(AccessRefusedException.class, "the Hub has disabled access");
  }

  @Test
  void saysThatAccessIsForbidden() {
    hub.answer(API, 1000, error(403, "", "No."));
    assertRefused(AccessRefusedException.class, "refuses access; set HF_TOKEN", "No.");
  }

  @Test
  void waitsAsLongAsTheHubAsks() throws IOException {
    hub.answer(API, 1, TestHub.status(429, "Retry-After", "17"));
    hub.answer(RESOLVE, 1, TestHub.status(429, "RateLimit", "\"resolvers\";r=0;t=55"));
    fixture.fetch("org/llama");
    assertThat(fixture.pauses).contains(Duration.ofSeconds(17), Duration.ofSeconds(56));
  }

  @Test
  void givesUpWhereTheHubAsksToWaitForHours() {
    hub.answer(API, 1, TestHub.status(429, "Retry-After", "7200"));
    assertRefused(
        IOException.class, "too many requests; try again in 7200 s; with HF_TOKEN set the limits");
    assertThat(fixture.pauses).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {408, 500, 502, 503, 504})
  void triesAgainWhereTheHubIsInTrouble(int status) throws IOException {
    hub.answer(API, 3, TestHub.status(status));
    fixture.fetch("org/llama");
    assertThat(fixture.pauses.stream().map(Duration::toSeconds)).containsExactly(1L, 2L, 4L);
  }

  @Test
  void saysWhatFailedWhenAllTriesHaveFailed() {
    hub.answer(API, 1000, TestHub.status(500, "X-Error-Message", "boom"));
    assertRefused(IOException.class, "the Hub is in trouble (HTTP 500", "boom");
    assertThat(fixture.pauses).hasSize(4);
  }

  @Test
  void asksTheHubAgainWhereASignedAddressHasExpired() throws IOException {
    hub.answer(STORAGE, 2, TestHub.status(403));
    fixture.fetch("org/llama");
    assertThat(hub.requests()).filteredOn(RESOLVE).hasSizeGreaterThan(3);
  }

  @Test
  void refusesRedirectsThatNeverEndOrLeaveTheHub() {
    hub.answer(API, 1000, TestHub.status(307, "Location", "/api/models/org/llama/revision/main"));
    assertRefused(IOException.class, "at most 10 redirects");
  }

  @ParameterizedTest
  @CsvSource({
    "http://example.invalid/api, 'within http'",
    "file:///etc/passwd, 'as safe as this one'",
    "'::', 'no address'"
  })
  void refusesRedirectsOfTheApiToElsewhere(String location, String says) {
    hub.answer(API, 1000, TestHub.status(302, "Location", location));
    assertRefused(IOException.class, says);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "no json|expected JSON",
        "{}|expected a commit of 40 hexadecimal digits",
        "{\"sha\": \"../../x\"}|expected a commit",
        "{\"sha\": 7}|expected a commit",
        "[1|expected JSON",
        "{\"sha\":\"a\",\"sha\":\"b\"}|expected JSON",
      })
  void refusesWhatIsNoDescriptionOfARevision(String reply, String says) {
    hub.answer(API, 1000, TestHub.json(reply));
    assertRefused(MalformedCheckpointException.class, says);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}|expected a list of files",
        "[{'type':'file','path':'../../../evil','size':1,'oid':'SHA'}]|\"../../../evil\"",
        "[{'type':'file','path':'/etc/cron.d/x','size':1,'oid':'SHA'}]|slash",
        "[{'type':'file','path':'a\\\\b','size':1,'oid':'SHA'}]|backslash",
        "[{'type':'file','path':'C:x','size':1,'oid':'SHA'}]|drive",
        "[{'type':'file','path':'a\\u0000','size':1,'oid':'SHA'}]|control character",
        "[{'type':'file','path':'','size':1,'oid':'SHA'}]|empty",
        "[{'type':'file','path':'config.json','size':1,'oid':'../../x'}]|the hash of",
        "[{'type':'file','path':'config.json','size':-1,'oid':'SHA'}]|as the size of",
        "[{'type':'file','path':'config.json','size':1e3,'oid':'SHA'}]|as the size of",
        "[{'type':'file','path':'config.json','size':99999999999999999999,'oid':'SHA'}]|the size of",
        "[{'type':'file','path':'m.bin','size':1,'oid':'SHA','lfs':{'oid':'SHA','size':1}}]|the hash",
        "[{'type':'file','path':'a','size':1,'oid':'SHA'},{'type':'file','path':'a','size':1,'oid':'SHA'}]|again",
      })
  void refusesAListingThatCannotBe(String reply, String says) throws IOException {
    String json = reply.replace('\'', '"').replace("SHA", "a".repeat(40));
    hub.answer(LISTING, 1000, TestHub.json(json));
    assertRefused(MalformedCheckpointException.class, says);
    assertThat(fixture.cache()).doesNotExist();
  }

  @Test
  void refusesAListingWithoutEnd() {
    hub.answer(
        LISTING,
        1000,
        exchange -> {
          exchange.getResponseHeaders().add("Link", "<http://example.invalid/next>; rel=\"next\"");
          TestHub.json("[]").to(exchange);
        });
    assertRefused(MalformedCheckpointException.class, "expected the next page at ");
  }

  @Test
  void readsNoMoreThanALimitOfJson() {
    byte[] block = "[".repeat(1 << 20).getBytes(StandardCharsets.US_ASCII);
    hub.answer(
        API,
        1,
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          for (int i = 0; i < 10_000; i++) {
            exchange.getResponseBody().write(block);
          }
        });
    assertRefused(MalformedCheckpointException.class, "bytes of JSON, found more");
  }

  @Test
  void refusesAServerThatIsNoHub() {
    hub.answer(
        request -> RESOLVE.test(request),
        1000,
        exchange -> TestHub.send(exchange, 200, "hello".getBytes(StandardCharsets.UTF_8)));
    assertRefused(MalformedCheckpointException.class, "X-Repo-Commit", "is HF_ENDPOINT a Hub?");
  }
}
