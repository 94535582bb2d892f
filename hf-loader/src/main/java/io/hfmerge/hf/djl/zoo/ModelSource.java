package io.hfmerge.hf.djl.zoo;

import ai.djl.Device;
import ai.djl.engine.Engine;
import io.hfmerge.engine.MergeOptions;
import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.ModelReference;
import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.djl.model.LoadOptions;
import io.hfmerge.hf.djl.model.Task;
import io.hfmerge.hf.djl.model.TransformerModel;
import io.hfmerge.hf.djl.text.TextTokenizer;
import io.hfmerge.hf.files.Utf8Text;
import io.hfmerge.hf.output.ComputedModel;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.recipe.RecipeBook;
import io.hfmerge.recipe.RecipeReader;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a model URL stands for. */
sealed interface ModelSource {

  /** Argument that names the head, as in {@code task=embedding}. */
  String TASK = "task";

  /** How the model is called. */
  String name();

  /**
   * Opens the model's files.
   *
   * @param owned gets what is to be closed with them, first what is opened first
   */
  HfModel open(Deque<AutoCloseable> owned) throws IOException;

  /** Called once the weights are read. */
  default void check(Deque<AutoCloseable> owned) {}

  /** A model reference. */
  record Reference(String name) implements ModelSource {

    @Override
    public HfModel open(Deque<AutoCloseable> owned) throws IOException {
      HfModel model = HfModels.open(name);
      owned.push(model);
      return model;
    }
  }

  /** A recipe file, merged in memory. */
  record RecipeFile(Path file) implements ModelSource {

    @Override
    public String name() {
      return file.toString();
    }

    @Override
    public HfModel open(Deque<AutoCloseable> owned) throws IOException {
      MergeMethods methods = MergeMethods.installed();
      RecipeBook book = new RecipeReader(methods).readBook(Utf8Text.read(file), name());
      ComputedModel computed =
          ComputedModel.open(
              HfModels.load(),
              methods,
              book,
              MergeOptions.ofThreads(Runtime.getRuntime().availableProcessors()),
              "merged");
      owned.push(computed);
      return computed.model();
    }

    @Override
    public void check(Deque<AutoCloseable> owned) {
      for (AutoCloseable resource : owned) {
        if (resource instanceof ComputedModel computed) {
          computed.checkFinite();
        }
      }
    }
  }

  /**
   * Reads a URL: {@code hf://REFERENCE}, {@code hf:///absolute/folder}, either with {@code
   * +ADAPTER}, {@code hfmerge://recipe.yaml}, {@code hfmerge:///absolute/recipe.yaml}.
   */
  static ModelSource of(URI uri) {
    String authority = uri.getAuthority() == null ? "" : uri.getAuthority();
    String path = uri.getPath() == null ? "" : uri.getPath();
    String whole = authority + path;
    if (whole.isEmpty() || whole.equals("/")) {
      throw new InvalidInputException(
          "%s: expected hf://REFERENCE or hfmerge://RECIPE, found no name".formatted(uri));
    }
    if (HfMergeRepositories.RECIPES.equals(uri.getScheme())) {
      return new RecipeFile(Path.of(whole));
    }
    // of a base with an adapter, the base tells
    Path first = Path.of(ModelReference.parse(whole).model());
    boolean name = authority.isEmpty() && !Files.exists(first);
    return new Reference(name ? whole.substring(1) : whole);
  }

  /** Loads the model for DJL. */
  default LoadedBlock load(Device device, Map<String, ?> arguments) throws IOException {
    Deque<AutoCloseable> owned = new ArrayDeque<>();
    boolean complete = false;
    try {
      HfModel files = open(owned);
      LoadOptions options = LoadOptions.on(device);
      Optional<Task> task = task(arguments);
      TransformerModel model =
          TransformerModel.load(files, task.map(options::task).orElse(options));
      owned.push(model);
      check(owned);
      TextTokenizer tokenizer = tokenizer(files);
      if (tokenizer != null) {
        owned.push(tokenizer);
      }
      LoadedBlock block = new LoadedBlock(model, tokenizer, owned);
      complete = true;
      return block;
    } finally {
      if (!complete) {
        LoadedBlock.closeAll(owned);
      }
    }
  }

  /** Images and bare arrays need none. */
  private static @Nullable TextTokenizer tokenizer(HfModel files) throws IOException {
    try {
      return TextTokenizer.open(files);
    } catch (UnresolvedReferenceException e) {
      return null;
    }
  }

  private static Optional<Task> task(Map<String, ?> arguments) {
    Object value = arguments.get(TASK);
    if (value == null) {
      return Optional.empty();
    }
    for (Task task : Task.values()) {
      if (task.name().toLowerCase(Locale.ROOT).replace('_', '-').equals(value.toString())) {
        return Optional.of(task);
      }
    }
    throw new InvalidInputException(
        "%s: expected causal-lm, masked-lm, sequence-classification, token-classification,"
                .formatted(TASK)
            + " image-classification or embedding, found "
            + value);
  }

  /** The engine that everything runs on. */
  static String engine() {
    return Engine.getEngine("PyTorch").getEngineName();
  }
}
