package io.hfmerge.hf.hub;

import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.OpenOptions;
import io.hfmerge.hf.arch.Architectures;
import io.hfmerge.hf.local.LocalModelResolver;
import io.hfmerge.hf.testing.TestHub;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

/** A hub, an empty cache, and the settings that lead to both. */
final class HubFixture implements AutoCloseable {

  final TestHub hub;
  final Path home;

  /** What was waited for; nothing really is. */
  final List<Duration> pauses = new CopyOnWriteArrayList<>();

  final Map<String, String> environment = new HashMap<>();

  HubFixture(Path temp) throws IOException {
    hub = TestHub.start();
    home = temp.resolve("home");
    environment.put("HF_ENDPOINT", hub.endpoint());
    environment.put("HF_HUB_ETAG_TIMEOUT", "5");
    environment.put("HF_HUB_DOWNLOAD_TIMEOUT", "5");
  }

  HubSettings settings() throws IOException {
    return HubSettings.of(environment::get, home);
  }

  HubModels models() throws IOException {
    return new HubModels(new HubConnector(settings(), options -> pause -> pauses.add(pause)));
  }

  FetchedModel fetch(String reference) throws IOException {
    return models().fetch(reference, OpenOptions.DEFAULT);
  }

  HfModels hfModels(OpenOptions options) throws IOException {
    return new HfModels(
            List.of(new LocalModelResolver(), new HubModelResolver(models())),
            Architectures.load(HubFixture.class.getClassLoader()))
        .with(options);
  }

  Path cache() {
    return home.resolve(".cache/huggingface/hub");
  }

  /** Files, links and folders of the cache, with sizes or targets, but for locks. */
  Map<String, String> state() throws IOException {
    Map<String, String> state = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(cache())) {
      for (Path path : paths.toList()) {
        String name = cache().relativize(path).toString();
        if (Files.isSymbolicLink(path)) {
          state.put(name, "-> " + Files.readSymbolicLink(path));
        } else if (Files.isRegularFile(path) && !name.startsWith(".locks")) {
          state.put(name, "" + Files.size(path));
        }
      }
    }
    return state;
  }

  @Override
  public void close() {
    hub.close();
  }
}
