package io.hfmerge.hf.hub;

import io.hfmerge.error.AccessRefusedException;
import io.hfmerge.error.UnresolvedReferenceException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a reply other than success means, told in the order in which {@code huggingface_hub} decides
 * it: by the Hub's own error code first, then by its message, then by the status.
 */
final class HubErrors {

  private static final String DISABLED = "Access to this resource is disabled.";
  private static final String BAD_TOKEN = "Invalid credentials in Authorization header";
  private static final int MAX_SERVER_TEXT = 300;

  /** {@code "resolvers";r=0;t=55}: no request left, 55 s until there are some again. */
  private static final Pattern RATE_LIMIT = Pattern.compile("(?:^|;)\\s*t=(\\d{1,9})\\b");

  private final HubSettings settings;

  HubErrors(HubSettings settings) {
    this.settings = settings;
  }

  /** Refuses a reply; never returns. */
  IOException refuse(URI address, int status, HttpHeaders headers, HubSubject subject)
      throws IOException {
    String code = headers.firstValue("X-Error-Code").orElse("");
    String said = headers.firstValue("X-Error-Message").map(HubErrors::shortened).orElse("");
    String where = where(address, status, headers, said);
    if (!settings.isEndpoint(address)) {
      return elsewhere(status, subject, where);
    }
    switch (code) {
      case "RevisionNotFound" ->
          throw new UnresolvedReferenceException(
              "%s: expected a branch, tag or commit, found no revision \"%s\" in this repository %s"
                  .formatted(subject.repository(), subject.revision(), where));
      case "EntryNotFound" ->
          throw new UnresolvedReferenceException(
              "%s at %s: expected %s in it, found no such file %s"
                  .formatted(
                      subject.repository(),
                      subject.revision(),
                      subject.file().orElse("files"),
                      where));
      case "GatedRepo" -> throw gated(status, subject, where);
      default -> {
        // told by the status
      }
    }
    if (said.equals(DISABLED)) {
      throw new AccessRefusedException(
          subject.repository() + ": the Hub has disabled access to this repository " + where);
    }
    if (status == 401 && said.contains(BAD_TOKEN)) {
      throw new AccessRefusedException(
          ("%s: the Hub does not accept the token of %s: it is invalid or has expired; make a new one"
                  + " at %s/settings/tokens, or run 'hf auth login' again %s")
              .formatted(subject.repository(), tokenSource(), settings.endpoint(), where));
    }
    if (code.equals("RepoNotFound") || status == 401 || (code.isEmpty() && status == 404)) {
      throw new RepositoryNotFoundException(
          "%s/%s: no such repository, or a private or gated one that %s; check the name %s"
              .formatted(settings.endpoint(), subject.repository(), seenBy(), where));
    }
    return byStatus(status, headers, subject, where);
  }

  private IOException byStatus(int status, HttpHeaders headers, HubSubject subject, String where) {
    return switch (status) {
      case 403 ->
          throw new AccessRefusedException(
              "%s: the Hub refuses access%s %s"
                  .formatted(
                      subject.describe(),
                      settings.token().isPresent()
                          ? "; the token of " + tokenSource() + " lacks the right to read it"
                          : "; set HF_TOKEN",
                      where));
      case 429 -> {
        Optional<Duration> pause = pause(headers);
        yield TransientHubException.ofRateLimit(
            "%s: too many requests; try again in %s%s %s"
                .formatted(
                    subject.describe(),
                    pause.map(time -> time.toSeconds() + " s").orElse("five minutes"),
                    settings.token().isPresent() ? "" : "; with HF_TOKEN set the limits are higher",
                    where),
            pause);
      }
      case 408, 500, 502, 503, 504 ->
          TransientHubException.of(
              "%s: the Hub is in trouble %s".formatted(subject.describe(), where), null);
      case 416 ->
          new IOException(
              "%s: the Hub has no such range; it has %s %s"
                  .formatted(
                      subject.describe(),
                      headers.firstValue("Content-Range").map(HubErrors::shortened).orElse("?"),
                      where));
      default -> new IOException(subject.describe() + ": unexpected reply " + where);
    };
  }

  /** Storage behind the Hub: its addresses are signed for a while, so refusals may pass. */
  private static IOException elsewhere(int status, HubSubject subject, String where) {
    return switch (status) {
      case 400, 401, 403, 404, 408, 410, 429, 500, 502, 503, 504 ->
          TransientHubException.of(
              subject.describe() + ": the storage behind the Hub does not give it " + where, null);
      default ->
          new IOException(
              subject.describe() + ": unexpected reply of the storage behind the Hub " + where);
    };
  }

  private AccessRefusedException gated(int status, HubSubject subject, String where) {
    String page = settings.endpoint() + "/" + subject.repository();
    return new AccessRefusedException(
        status == 401 || settings.token().isEmpty()
            ? ("%s is gated: accept its terms at %s in a browser, then set HF_TOKEN to a token of that"
                    + " account, or run 'hf auth login' %s")
                .formatted(subject.repository(), page, where)
            : ("%s is gated and the account of the token (%s) is not on its list: ask for access at"
                    + " %s in a browser; a request may be pending or denied, and a fine-grained token"
                    + " needs the right to read gated repositories %s")
                .formatted(subject.repository(), tokenSource(), page, where));
  }

  private String seenBy() {
    return settings.token().isPresent()
        ? "the account of the token (" + tokenSource() + ") may not see"
        : "needs a token (set HF_TOKEN)";
  }

  private String tokenSource() {
    return settings.token().map(AccessToken::source).orElse("nobody");
  }

  /** What the server asks for. */
  private static Optional<Duration> pause(HttpHeaders headers) {
    Optional<String> after = headers.firstValue("Retry-After").map(String::strip);
    if (after.isPresent()) {
      if (after.get().matches("\\d{1,9}")) {
        return Optional.of(Duration.ofSeconds(Long.parseLong(after.get())));
      }
      try {
        Instant until =
            ZonedDateTime.parse(after.get(), DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
        Duration left = Duration.between(Instant.now(), until);
        return Optional.of(left.isNegative() ? Duration.ZERO : left);
      } catch (DateTimeParseException e) {
        // neither form: as if there were none
      }
    }
    return headers
        .firstValue("RateLimit")
        .map(RATE_LIMIT::matcher)
        .filter(Matcher::find)
        .map(match -> Duration.ofSeconds(Long.parseLong(match.group(1)) + 1));
  }

  /** The query of an address is left out: it may hold a signature. */
  static String shown(URI address) {
    return address.getScheme() + "://" + address.getRawAuthority() + address.getRawPath();
  }

  private static String where(URI address, int status, HttpHeaders headers, String said) {
    Optional<String> request =
        headers
            .firstValue("x-request-id")
            .or(() -> headers.firstValue("X-Amzn-Trace-Id"))
            .or(() -> headers.firstValue("x-amz-cf-id"))
            .map(HubErrors::shortened);
    return "(HTTP "
        + status
        + " from "
        + shown(address)
        + (said.isEmpty() ? "" : ": " + said)
        + request.map(id -> "; request " + id).orElse("")
        + ")";
  }

  private static String shortened(String text) {
    return text.length() <= MAX_SERVER_TEXT ? text : text.substring(0, MAX_SERVER_TEXT) + "...";
  }
}
