package io.hfmerge.hf.hub;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.hub.HubClient.JsonPage;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** What the Hub says of a repository. Nothing of it is believed before it is checked. */
final class HubApi {

  private static final int MAX_FILES = 100_000;
  private static final int MAX_PAGES = 1_000;

  /** Twenty times the Hub's own limit of 500 GB. */
  private static final long MAX_FILE_BYTES = 10_000_000_000_000L;

  private static final Pattern NEXT = Pattern.compile("<([^<>]+)>\\s*;\\s*rel=\"?next\"?");
  private static final Pattern SHA1 = Pattern.compile("[0-9a-f]{40}");
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  private final HubClient client;

  HubApi(HubClient client) {
    this.client = client;
  }

  /**
   * The commit that a revision is now.
   *
   * @throws RepositoryNotFoundException if there is no such repository
   * @throws io.hfmerge.error.UnresolvedReferenceException if it has no such revision
   */
  String commit(HubReference reference) throws IOException {
    JsonPage page =
        client.getJson(
            address(
                "/api/models/"
                    + reference.repository()
                    + "/revision/"
                    + encoded(reference.revisionOrMain())),
            HubSubject.of(reference));
    String commit = text(page.json(), "sha");
    if (!HubReference.isCommit(commit)) {
      throw unexpected(page, "a commit of 40 hexadecimal digits as \"sha\"", commit);
    }
    String asked = reference.revisionOrMain();
    if (HubReference.isCommit(asked) && !asked.equals(commit)) {
      throw unexpected(page, "commit " + asked, commit);
    }
    return commit;
  }

  /** All files of a repository at a commit. */
  List<HubFile> files(HubReference reference, String commit) throws IOException {
    HubSubject subject = HubSubject.of(reference);
    List<HubFile> files = new ArrayList<>();
    Set<String> paths = new HashSet<>();
    Optional<URI> next =
        Optional.of(
            address(
                "/api/models/" + reference.repository() + "/tree/" + commit + "?recursive=true"));
    for (int pages = 0; next.isPresent(); pages++) {
      JsonPage page = client.getJson(next.get(), subject);
      if (pages >= MAX_PAGES || !page.json().isArray()) {
        throw unexpected(
            page, "a list of files in at most " + MAX_PAGES + " pages", "something else");
      }
      for (JsonNode entry : page.json()) {
        if (text(entry, "type").equals("file")) {
          HubFile file = file(page, entry);
          if (!paths.add(file.path()) || files.size() >= MAX_FILES) {
            throw unexpected(
                page, "up to " + MAX_FILES + " files, each once", '"' + file.path() + "\" again");
          }
          files.add(file);
        }
      }
      next = next(page);
    }
    return files;
  }

  /** Where the bytes of a file are asked for. */
  static URI content(HubSettings settings, HubReference reference, String commit, HubFile file) {
    return URI.create(
        settings.endpoint()
            + "/"
            + reference.repository()
            + "/resolve/"
            + commit
            + "/"
            + Stream.of(file.path().split("/"))
                .map(HubApi::encoded)
                .collect(Collectors.joining("/")));
  }

  private HubFile file(JsonPage page, JsonNode entry) {
    String path = text(entry, "path");
    Optional<String> fault = RepositoryPath.fault(path);
    if (fault.isPresent()) {
      throw unexpected(
          page, "names of files within the repository", '"' + path + "\" (" + fault.get() + ")");
    }
    JsonNode lfs = entry.path("lfs");
    boolean large = lfs.isObject();
    String hash = text(large ? lfs : entry, "oid");
    if (!(large ? SHA256 : SHA1).matcher(hash).matches()) {
      throw unexpected(page, "the hash of \"" + path + '"', '"' + hash + '"');
    }
    JsonNode size = (large ? lfs : entry).path("size");
    if (!size.isIntegralNumber()
        || !size.canConvertToLong()
        || size.asLong() < 0
        || size.asLong() > MAX_FILE_BYTES) {
      throw unexpected(
          page, "0 to " + MAX_FILE_BYTES + " as the size of \"" + path + '"', size.toString());
    }
    return new HubFile(path, size.asLong(), hash);
  }

  /** The next page, as a {@code Link} header names it. */
  private Optional<URI> next(JsonPage page) {
    for (String link : page.headers().allValues("Link")) {
      Matcher next = NEXT.matcher(link);
      if (next.find()) {
        try {
          URI uri = client.settings().endpoint().resolve(new URI(next.group(1)));
          if (client.settings().isEndpoint(uri)) {
            return Optional.of(uri);
          }
        } catch (URISyntaxException e) {
          throw unexpected(page, "the address of the next page", link);
        }
        throw unexpected(page, "the next page at " + client.settings().endpoint(), link);
      }
    }
    return Optional.empty();
  }

  private URI address(String path) {
    return URI.create(client.settings().endpoint() + path);
  }

  /** As part of a path: everything but letters, digits and {@code -_.~} by its bytes. */
  static String encoded(String segment) {
    return URLEncoder.encode(segment, StandardCharsets.UTF_8)
        .replace("+", "%20")
        .replace("*", "%2A")
        .replace("%7E", "~");
  }

  private static String text(JsonNode node, String key) {
    JsonNode value = node.path(key);
    return value.isString() ? value.asString() : "";
  }

  private static MalformedCheckpointException unexpected(
      JsonPage page, String expected, String found) {
    String shown = found.length() <= 200 ? found : found.substring(0, 200) + "...";
    return new MalformedCheckpointException(
        "%s: expected %s, found %s".formatted(page.address(), expected, shown));
  }
}
