package io.hfmerge.analysis.report.page;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A headless browser, spoken to by the DevTools protocol. */
final class Chromium implements AutoCloseable {

  private static final List<String> NAMES =
      List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Process process;
  private final WebSocket socket;
  private final AtomicInteger next = new AtomicInteger();
  private final Map<Integer, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();
  private final List<JsonNode> events = new CopyOnWriteArrayList<>();

  /** Where a browser is on this machine: {@code CHROME_BIN}, or on the path. */
  static Optional<Path> find() {
    String named = System.getenv("CHROME_BIN");
    if (named != null && Files.isExecutable(Path.of(named))) {
      return Optional.of(Path.of(named));
    }
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
        .filter(folder -> !folder.isEmpty())
        .flatMap(folder -> NAMES.stream().map(name -> Path.of(folder, name)))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** Starts a browser on a page. */
  Chromium(Path program, Path profile) throws Exception {
    process =
        new ProcessBuilder(
                program.toString(),
                "--headless=new",
                // tests run in containers, whose kernels allow no further sandbox
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                "--no-first-run",
                "--user-data-dir=" + profile,
                "--remote-debugging-port=0",
                "about:blank")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.to(profile.resolve("log").toFile()))
            .start();
    Path port = profile.resolve("DevToolsActivePort");
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!Files.exists(port) || Files.readAllLines(port).size() < 2) {
      if (System.nanoTime() > end || !process.isAlive()) {
        process.destroyForcibly();
        throw new IOException(
            "the browser did not start: " + Files.readString(profile.resolve("log")));
      }
      Thread.sleep(50);
    }
    List<String> lines = Files.readAllLines(port);
    HttpClient client = HttpClient.newHttpClient();
    String target = "";
    try (BufferedReader reader =
        new BufferedReader(
            new java.io.InputStreamReader(
                URI.create("http://127.0.0.1:" + lines.get(0) + "/json/list").toURL().openStream(),
                StandardCharsets.UTF_8))) {
      for (JsonNode entry : JSON.readTree(reader)) {
        if (entry.get("type").asString().equals("page")) {
          target = entry.get("webSocketDebuggerUrl").asString();
        }
      }
    }
    socket = client.newWebSocketBuilder().buildAsync(URI.create(target), new Listener()).get();
    for (String domain : List.of("Page", "Runtime", "Log", "Network")) {
      call(domain + ".enable", Map.of());
    }
  }

  private final class Listener implements WebSocket.Listener {
    private final StringBuilder message = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
      message.append(data);
      if (last) {
        JsonNode node = JSON.readTree(message.toString());
        message.setLength(0);
        if (node.has("id")) {
          CompletableFuture<JsonNode> answer = waiting.remove(node.get("id").asInt());
          if (answer != null) {
            answer.complete(node);
          }
        } else {
          events.add(node);
        }
      }
      from.request(1);
      return CompletableFuture.completedStage(null);
    }
  }

  JsonNode call(String method, Map<String, ?> parameters) throws Exception {
    int id = next.incrementAndGet();
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    waiting.put(id, answer);
    socket
        .sendText(
            JSON.writeValueAsString(Map.of("id", id, "method", method, "params", parameters)), true)
        .get();
    JsonNode node = answer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    if (node.has("error")) {
      throw new IOException(method + ": " + node.get("error"));
    }
    return node.get("result");
  }

  /** Opens a file and waits until it is loaded. */
  void open(Path file, int width, int height, boolean dark, String media) throws Exception {
    call(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < 600));
    call(
        "Emulation.setEmulatedMedia",
        Map.of(
            "media",
            media,
            "features",
            List.of(Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"))));
    events.clear();
    call("Page.navigate", Map.of("url", file.toUri().toString()));
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (named("Page.loadEventFired").isEmpty()) {
      if (System.nanoTime() > end) {
        throw new IOException(file + " did not load");
      }
      Thread.sleep(20);
    }
  }

  private List<JsonNode> named(String method) {
    return events.stream().filter(e -> e.get("method").asString().equals(method)).toList();
  }

  /** What the console said, policy violations included. */
  List<String> console() {
    List<String> lines = new ArrayList<>();
    for (String method :
        List.of("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")) {
      named(method).forEach(event -> lines.add(event.get("params").toString()));
    }
    return lines;
  }

  /** Addresses that the page asked for. */
  List<String> requests() {
    return named("Network.requestWillBeSent").stream()
        .map(event -> event.get("params").get("request").get("url").asString())
        .toList();
  }

  /** A number that an expression has in the page. */
  double number(String expression) throws Exception {
    return call("Runtime.evaluate", Map.of("expression", expression, "returnByValue", true))
        .get("result")
        .get("value")
        .asDouble();
  }

  /** A picture of the first pixels of the page, as PNG. */
  byte[] screenshot(int width, int height) throws Exception {
    JsonNode result =
        call(
            "Page.captureScreenshot",
            Map.of(
                "format",
                "png",
                "captureBeyondViewport",
                true,
                "clip",
                Map.of("x", 0, "y", 0, "width", width, "height", height, "scale", 1)));
    return Base64.getDecoder().decode(result.get("data").asString());
  }

  @Override
  public void close() {
    socket.abort();
    process.destroyForcibly();
    process.onExit().orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
  }
}
