package io.hfmerge.hf.output;

import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.LocalPath;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Opens models that are folders or files at the same time: headers of many tensors take a core a
 * while. Models that may have to be fetched are left to their caller, one by one. Closes what
 * nobody took.
 */
final class LocalModels implements AutoCloseable {

  private final Map<String, Future<HfModel>> opening = new LinkedHashMap<>();

  private LocalModels() {}

  /** Begins to open those of several references that are paths; of a single one none. */
  static LocalModels open(HfModels models, List<String> references) {
    LocalModels local = new LocalModels();
    List<String> paths = references.stream().filter(LocalPath::exists).distinct().toList();
    if (paths.size() > 1) {
      int threads = Math.min(paths.size(), Runtime.getRuntime().availableProcessors());
      try (ExecutorService workers =
          Executors.newFixedThreadPool(threads, Thread.ofPlatform().daemon().factory())) {
        for (String path : paths) {
          local.opening.put(path, workers.submit(() -> models.openModel(path)));
        }
      } // waits for all
    }
    return local;
  }

  /**
   * A model that was opened; the caller's to close.
   *
   * @return {@code null} if it was not to be opened here
   * @throws IOException why it could not be opened, as {@link HfModels#openModel} says it
   */
  @Nullable HfModel take(String reference) throws IOException {
    Future<HfModel> model = opening.remove(reference);
    return model == null ? null : result(model);
  }

  private static HfModel result(Future<HfModel> model) throws IOException {
    try {
      return model.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException)
          new InterruptedIOException("opening the models was interrupted").initCause(e);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException cause -> throw cause;
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw new IllegalStateException(e);
      }
    }
  }

  @Override
  public void close() throws IOException {
    for (Future<HfModel> model : opening.values()) {
      if (model.state() == Future.State.SUCCESS) {
        model.resultNow().close();
      }
    }
  }
}
