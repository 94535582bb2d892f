package io.hfmerge.hf.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A Hugging Face Hub on this machine: the endpoints, headers and errors of the real one, with large
 * files behind a redirect to a server of another host name. It can be told to misbehave.
 */
public final class TestHub implements AutoCloseable {

  private static final Pattern REVISION = Pattern.compile("/api/models/(.+)/revision/([^/]+)");
  private static final Pattern TREE = Pattern.compile("/api/models/(.+)/tree/([^/]+)");
  private static final Pattern RESOLVE = Pattern.compile("/(.+)/resolve/([^/]+)/(.+)");
  private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d*)");

  /** An entry that is no file. */
  private static final String FOLDER =
      "{\"type\":\"directory\",\"oid\":\"%s\",\"size\":0,\"path\":\"onnx\"}"
          .formatted("0".repeat(40));

  /**
   * A request that came.
   *
   * @param storage whether it came to the second host
   * @param path with the query
   * @param host as the client named it
   */
  public record Request(
      boolean storage,
      String path,
      String host,
      Optional<String> authorization,
      Optional<String> range) {}

  /** Answers a request in its own way. */
  public interface Answer {
    void to(HttpExchange exchange) throws IOException;
  }

  /** Sends a part of a file. */
  public interface Delivery {
    void of(HttpExchange exchange, byte[] content, int begin, int end, boolean ranged)
        throws IOException;
  }

  private static final class Rule {
    final Predicate<Request> applies;
    final AtomicInteger times;
    final Answer answer;

    Rule(Predicate<Request> applies, int times, Answer answer) {
      this.applies = applies;
      this.times = new AtomicInteger(times);
      this.answer = answer;
    }
  }

  private final HttpServer hub;
  private final HttpServer storage;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, Map<String, Map<String, byte[]>>> commits = new ConcurrentHashMap<>();
  private final Map<String, Map<String, String>> branches = new ConcurrentHashMap<>();
  private final Map<String, String> renamed = new ConcurrentHashMap<>();
  private final Map<String, byte[]> blobs = new ConcurrentHashMap<>();
  private final List<Rule> rules = new CopyOnWriteArrayList<>();
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private volatile Delivery delivery = TestHub::deliver;
  private volatile int pageSize = 1000;

  private TestHub() throws IOException {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    hub = HttpServer.create(new InetSocketAddress(loopback, 0), 0);
    storage = HttpServer.create(new InetSocketAddress(loopback, 0), 0);
    hub.createContext("/", exchange -> answer(exchange, false));
    storage.createContext("/", exchange -> answer(exchange, true));
    hub.setExecutor(threads);
    storage.setExecutor(threads);
    hub.start();
    storage.start();
  }

  /** Starts one without models. */
  public static TestHub start() throws IOException {
    return new TestHub();
  }

  /** What {@code HF_ENDPOINT} is to be. */
  public String endpoint() {
    return "http://127.0.0.1:" + hub.getAddress().getPort();
  }

  private String storageAddress() {
    return "http://localhost:" + storage.getAddress().getPort();
  }

  /**
   * Commits files to the branch {@code main}.
   *
   * @param files by path; what ends like weights goes to large file storage
   * @return the commit
   */
  public String commit(String repository, Map<String, byte[]> files) {
    Map<String, byte[]> sorted = new TreeMap<>(files);
    StringBuilder all = new StringBuilder(repository);
    sorted.forEach((path, content) -> all.append(path).append(etag(path, content)));
    String commit = hash("SHA-1", all.toString().getBytes(StandardCharsets.UTF_8));
    sorted.forEach((path, content) -> blobs.put(etag(path, content), content));
    commits.computeIfAbsent(repository, key -> new ConcurrentHashMap<>()).put(commit, sorted);
    branch(repository, "main", commit);
    return commit;
  }

  /** Commits the files of a folder and its folders. */
  public String commit(String repository, Path folder) throws IOException {
    return commit(repository, files(folder));
  }

  /** The files of a folder and its folders, by path. */
  public static Map<String, byte[]> files(Path folder) throws IOException {
    Map<String, byte[]> files = new LinkedHashMap<>();
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.filter(Files::isRegularFile).toList()) {
        files.put(folder.relativize(path).toString().replace('\\', '/'), Files.readAllBytes(path));
      }
    }
    return files;
  }

  /** Points a branch at a commit. */
  public void branch(String repository, String branch, String commit) {
    branches.computeIfAbsent(repository, key -> new ConcurrentHashMap<>()).put(branch, commit);
  }

  /** A repository is called something else now. */
  public void rename(String old, String now) {
    renamed.put(old, now);
  }

  /** Files in one page of a listing. */
  public void pageSize(int files) {
    pageSize = files;
  }

  /** Answers the next requests of a kind in another way. */
  public void answer(Predicate<Request> requestsOfAKind, int times, Answer answer) {
    rules.add(new Rule(requestsOfAKind, times, answer));
  }

  /** Answers with a status and headers, given as name, value, name, value. */
  public static Answer status(int status, String... headers) {
    return exchange -> {
      for (int i = 0; i < headers.length; i += 2) {
        exchange.getResponseHeaders().add(headers[i], headers[i + 1]);
      }
      exchange.sendResponseHeaders(status, -1);
      exchange.close();
    };
  }

  /** Answers with JSON. */
  public static Answer json(String text) {
    return exchange -> send(exchange, 200, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Sends contents in another way from now on. */
  public void delivery(Delivery other) {
    delivery = other;
  }

  /** Everything that was asked so far. */
  public List<Request> requests() {
    return List.copyOf(requests);
  }

  /** Forgets what was asked so far. */
  public void forgetRequests() {
    requests.clear();
  }

  /** What hub and cache know a content by. */
  public static String etag(String path, byte[] content) {
    return isLarge(path) ? hash("SHA-256", content) : gitHash(content);
  }

  private static boolean isLarge(String path) {
    return path.endsWith(".safetensors") || path.endsWith(".bin");
  }

  private static String gitHash(byte[] content) {
    byte[] prefix = ("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII);
    byte[] all = Arrays.copyOf(prefix, prefix.length + content.length);
    System.arraycopy(content, 0, all, prefix.length, content.length);
    return hash("SHA-1", all);
  }

  private static String hash(String algorithm, byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private void answer(HttpExchange exchange, boolean atStorage) throws IOException {
    Request request =
        new Request(
            atStorage,
            exchange.getRequestURI().toString(),
            String.valueOf(exchange.getRequestHeaders().getFirst("Host")),
            Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization")),
            Optional.ofNullable(exchange.getRequestHeaders().getFirst("Range")));
    requests.add(request);
    try {
      for (Rule rule : rules) {
        if (rule.applies.test(request) && rule.times.getAndDecrement() > 0) {
          rule.answer.to(exchange);
          return;
        }
      }
      if (atStorage) {
        fromStorage(exchange);
      } else {
        fromHub(exchange);
      }
    } catch (IOException e) {
      exchange.close(); // the client went away, or was to be cut off
    }
  }

  private void fromStorage(HttpExchange exchange) throws IOException {
    byte[] content = blobs.get(exchange.getRequestURI().getPath().substring(1));
    boolean signed = "Signature=x".equals(exchange.getRequestURI().getQuery());
    if (content == null || !signed) {
      status(403).to(exchange);
    } else if (exchange.getRequestHeaders().containsKey("Authorization")) {
      status(400).to(exchange);
    } else {
      part(exchange, content);
    }
  }

  private void fromHub(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getRawPath();
    Matcher revision = REVISION.matcher(path);
    Matcher tree = TREE.matcher(path);
    Matcher resolve = RESOLVE.matcher(path);
    Matcher known = revision.matches() ? revision : tree.matches() ? tree : resolve;
    if (known == resolve && !resolve.matches()) {
      status(404).to(exchange);
      return;
    }
    String repository = known.group(1);
    String now = renamed.get(repository);
    if (now != null) {
      exchange.getResponseHeaders().add("Location", path.replace(repository, now));
      status(307).to(exchange);
      return;
    }
    if (!branches.containsKey(repository)) {
      status(401, "X-Error-Code", "RepoNotFound", "X-Error-Message", "Repository not found")
          .to(exchange);
      return;
    }
    String asked = URLDecoder.decode(known.group(2), StandardCharsets.UTF_8);
    String commit = branches.get(repository).getOrDefault(asked, asked);
    Map<String, byte[]> files = commits.get(repository).get(commit);
    if (files == null) {
      status(404, "X-Error-Code", "RevisionNotFound", "X-Error-Message", "Invalid rev id")
          .to(exchange);
    } else if (known == revision) {
      json("{\"id\":\"" + repository + "\",\"sha\":\"" + commit + "\",\"gated\":false}")
          .to(exchange);
    } else if (known == tree) {
      listing(exchange, files);
    } else {
      content(exchange, commit, URLDecoder.decode(resolve.group(3), StandardCharsets.UTF_8), files);
    }
  }

  private void listing(HttpExchange exchange, Map<String, byte[]> files) throws IOException {
    String query = String.valueOf(exchange.getRequestURI().getQuery());
    Matcher cursor = Pattern.compile("cursor=(\\d+)").matcher(query);
    int from = cursor.find() ? Integer.parseInt(cursor.group(1)) : 0;
    List<String> paths = List.copyOf(files.keySet());
    int to = Math.min(paths.size(), from + pageSize);
    if (to < paths.size()) {
      URI uri = exchange.getRequestURI();
      exchange
          .getResponseHeaders()
          .add(
              "Link",
              "<%s%s?recursive=true&cursor=%d>; rel=\"next\""
                  .formatted(endpoint(), uri.getRawPath(), to));
    }
    String entries =
        paths.subList(from, to).stream()
            .map(path -> entry(path, files.get(path)))
            .collect(Collectors.joining(",", "[" + FOLDER + ",", "]"));
    json(paths.isEmpty() ? "[]" : entries).to(exchange);
  }

  private static String entry(String path, byte[] content) {
    String lfs =
        isLarge(path)
            ? ",\"lfs\":{\"oid\":\"%s\",\"size\":%d,\"pointerSize\":134}"
                .formatted(etag(path, content), content.length)
            : "";
    return "{\"type\":\"file\",\"path\":\"%s\",\"size\":%d,\"oid\":\"%s\"%s}"
        .formatted(path, content.length, gitHash(content), lfs);
  }

  private void content(HttpExchange exchange, String commit, String path, Map<String, byte[]> files)
      throws IOException {
    exchange.getResponseHeaders().add("X-Repo-Commit", commit);
    byte[] content = files.get(path);
    if (content == null) {
      status(404, "X-Error-Code", "EntryNotFound", "X-Error-Message", "Entry not found")
          .to(exchange);
    } else if (isLarge(path)) {
      status(
              302,
              "X-Linked-Size",
              String.valueOf(content.length),
              "X-Linked-Etag",
              '"' + etag(path, content) + '"',
              "Location",
              storageAddress() + "/" + etag(path, content) + "?Signature=x")
          .to(exchange);
    } else {
      exchange.getResponseHeaders().add("ETag", '"' + etag(path, content) + '"');
      part(exchange, content);
    }
  }

  private void part(HttpExchange exchange, byte[] content) throws IOException {
    @Nullable String range = exchange.getRequestHeaders().getFirst("Range");
    Matcher parts = RANGE.matcher(range == null ? "" : range);
    boolean ranged = parts.matches();
    int begin = ranged ? Integer.parseInt(parts.group(1)) : 0;
    int end =
        ranged && !parts.group(2).isEmpty()
            ? Math.min(content.length, Integer.parseInt(parts.group(2)) + 1)
            : content.length;
    delivery.of(exchange, content, begin, end, ranged);
  }

  /** Sends what was asked for. */
  public static void deliver(
      HttpExchange exchange, byte[] content, int begin, int end, boolean ranged)
      throws IOException {
    if (ranged) {
      exchange
          .getResponseHeaders()
          .add("Content-Range", "bytes %d-%d/%d".formatted(begin, end - 1, content.length));
    }
    send(exchange, ranged ? 206 : 200, Arrays.copyOfRange(content, begin, end));
  }

  /** Sends what was asked for as far as a number of bytes, and breaks the connection. */
  public static void cut(
      HttpExchange exchange, byte[] content, int begin, int end, boolean ranged, int after)
      throws IOException {
    if (ranged) {
      exchange
          .getResponseHeaders()
          .add("Content-Range", "bytes %d-%d/%d".formatted(begin, end - 1, content.length));
    }
    exchange.sendResponseHeaders(ranged ? 206 : 200, end - begin);
    OutputStream body = exchange.getResponseBody();
    body.write(content, begin, Math.min(after, end - begin));
    body.flush();
    exchange.close();
  }

  /** Sends a whole body. */
  public static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(body);
    }
    exchange.close();
  }

  @Override
  public void close() {
    hub.stop(0);
    storage.stop(0);
    threads.shutdownNow();
  }
}
