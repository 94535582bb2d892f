package io.hfmerge.hf.djl.eval;

import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.djl.image.ImagePreprocessing;
import io.hfmerge.hf.djl.model.LoadOptions;
import io.hfmerge.hf.djl.model.Task;
import io.hfmerge.hf.djl.model.TransformerModel;
import io.hfmerge.hf.djl.text.TextTokenizer;
import io.hfmerge.hf.files.Utf8Text;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * What models are measured on, as a file says it:
 *
 * <pre>{@code
 * text: notes.txt          # or data: reviews.tsv, or images: folder; relative to this file
 * window: 512              # with text; also stride, mask_share
 * # head: probe            # with data and images; also train_share
 * seed: 0
 * metric: loss             # what a search looks at; the loss by default
 * }</pre>
 */
public final class EvalTask {

  private static final int MAX_CHARACTERS = 1 << 20;

  private static final Set<String> KEYS =
      new TreeSet<>(
          Set.of(
              "text",
              "data",
              "images",
              "window",
              "stride",
              "mask_share",
              "head",
              "train_share",
              "seed",
              "metric"));

  private static final double TRAIN_SHARE = 0.8;

  /** Every task has it, and it changes smoothly with the weights. */
  private static final String LOSS = "loss";

  private final Measure measure;
  private final boolean probe;
  private final String metric;

  /** Measures one model. */
  @FunctionalInterface
  private interface Measure {
    Evaluation of(HfModel files, LoadOptions options) throws IOException;
  }

  /** Measures one model on texts. */
  @FunctionalInterface
  private interface TextMeasure {
    Evaluation of(TransformerModel model, TextTokenizer tokenizer);
  }

  private EvalTask(Measure measure, boolean probe, String metric) {
    this.measure = measure;
    this.probe = probe;
    this.metric = metric;
  }

  /** On a text. */
  public static EvalTask text(Path file, TextEvaluation.Settings settings) throws IOException {
    return new EvalTask(
        onTexts(new TextEvaluation(Utf8Text.read(file), settings)::evaluate), false, LOSS);
  }

  /** On labelled texts. */
  public static EvalTask data(Path file, ClassificationEvaluation.Settings settings)
      throws IOException {
    return new EvalTask(
        onTexts(new ClassificationEvaluation(LabelledTexts.read(file), settings)::evaluate),
        settings.probe(),
        LOSS);
  }

  /** On the images of a folder with a subfolder for each class. */
  public static EvalTask images(Path folder, ClassificationEvaluation.Settings settings)
      throws IOException {
    ImageEvaluation evaluation = new ImageEvaluation(LabelledImages.read(folder), settings);
    return new EvalTask(
        (files, options) -> {
          ImagePreprocessing preprocessing = ImagePreprocessing.of(files);
          try (TransformerModel model = TransformerModel.load(files, options)) {
            return evaluation.evaluate(model, preprocessing);
          }
        },
        settings.probe(),
        LOSS);
  }

  private static Measure onTexts(TextMeasure measure) {
    return (files, options) -> {
      try (TextTokenizer tokenizer = TextTokenizer.open(files);
          TransformerModel model = TransformerModel.load(files, options)) {
        return measure.of(model, tokenizer);
      }
    };
  }

  /**
   * Reads a task file and the text or the labelled texts that it names, or finds its images.
   *
   * @throws InvalidInputException if it is not as above; says what is wrong
   * @throws IOException if a file cannot be read
   */
  public static EvalTask read(Path file) throws IOException {
    Keys keys = new Keys(file, mapping(file));
    long seed = (long) keys.number("seed", 0, true);
    EvalTask task =
        switch (keys.one("text", "data", "images")) {
          case "text" -> {
            keys.refuse("with data or images", "head", "train_share");
            yield text(
                keys.path("text"),
                new TextEvaluation.Settings(
                    keys.count("window"),
                    keys.count("stride"),
                    keys.number("mask_share", TextEvaluation.Settings.BERT_SHARE, false),
                    seed));
          }
          case "data" -> data(keys.path("data"), keys.classification(seed));
          default -> images(keys.path("images"), keys.classification(seed));
        };
    String metric = keys.text("metric");
    return new EvalTask(task.measure, task.probe, metric == null ? LOSS : metric);
  }

  private static Map<?, ?> mapping(Path file) throws IOException {
    Object tree;
    try {
      tree =
          new Load(
                  LoadSettings.builder()
                      .setLabel(file.toString())
                      .setCodePointLimit(MAX_CHARACTERS)
                      .setMaxAliasesForCollections(0)
                      .build())
              .loadFromString(Utf8Text.read(file));
    } catch (YamlEngineException e) {
      throw new InvalidInputException(file + ": not valid YAML: " + e.getMessage());
    }
    if (!(tree instanceof Map<?, ?> map)) {
      throw new InvalidInputException(file + ": expected keys and values");
    }
    for (Object key : map.keySet()) {
      if (!KEYS.contains(String.valueOf(key))) {
        throw new InvalidInputException(
            "%s: expected keys among %s, found \"%s\"".formatted(file, KEYS, key));
      }
    }
    return map;
  }

  /**
   * Measures a model.
   *
   * @param options where it runs
   * @throws InvalidInputException if the task is none for this model
   * @throws IOException if weights cannot be read
   */
  public Evaluation evaluate(HfModel files, LoadOptions options) throws IOException {
    LoadOptions load = probe ? options.task(Task.EMBEDDING) : options;
    return measure.of(files, load);
  }

  /**
   * The number that a search looks at.
   *
   * @throws InvalidInputException if the evaluation has none of the name asked for
   */
  public Metric metric(Evaluation evaluation) {
    return evaluation.metrics().stream()
        .filter(candidate -> candidate.name().equals(metric))
        .findFirst()
        .orElseThrow(() ->
            new InvalidInputException(
                "metric: expected one of %s, found \"%s\""
                    .formatted(evaluation.metrics().stream().map(Metric::name).toList(), metric)));
  }

  /** Values of a task file. */
  private record Keys(Path file, Map<?, ?> map) {

    @Nullable String text(String key) {
      Object value = map.get(key);
      if (value != null && !(value instanceof String)) {
        throw new InvalidInputException(
            "%s: %s: expected a text, found %s".formatted(file, key, value));
      }
      return (String) value;
    }

    double number(String key, double otherwise, boolean whole) {
      Object value = map.get(key);
      if (value == null) {
        return otherwise;
      }
      if (!(value instanceof Number number) || (whole && !(value instanceof Integer))) {
        throw new InvalidInputException(
            "%s: %s: expected a %snumber, found %s"
                .formatted(file, key, whole ? "whole " : "", value));
      }
      return number.doubleValue();
    }

    OptionalInt count(String key) {
      return map.get(key) == null
          ? OptionalInt.empty()
          : OptionalInt.of((int) number(key, 0, true));
    }

    Path path(String key) {
      return file.resolveSibling(String.valueOf(text(key)));
    }

    /** The one of these keys that is there. */
    String one(String... keys) {
      List<String> found = Arrays.stream(keys).filter(key -> text(key) != null).toList();
      if (found.size() != 1) {
        throw new InvalidInputException(
            "%s: expected one of %s, found %s"
                .formatted(
                    file,
                    Arrays.stream(keys)
                        .map(key -> key + ": FILE")
                        .collect(Collectors.joining(", ")),
                    found.isEmpty() ? "none" : String.join(" and ", found)));
      }
      return found.getFirst();
    }

    ClassificationEvaluation.Settings classification(long seed) {
      refuse("with text", "window", "stride", "mask_share");
      String head = text("head");
      if (head != null && !head.equals("auto") && !head.equals("probe")) {
        throw new InvalidInputException(file + ": head: expected auto or probe, found " + head);
      }
      return new ClassificationEvaluation.Settings(
          "probe".equals(head), number("train_share", TRAIN_SHARE, false), seed);
    }

    void refuse(String when, String... keys) {
      for (String key : keys) {
        if (map.containsKey(key)) {
          throw new InvalidInputException("%s: %s: expected only %s".formatted(file, key, when));
        }
      }
    }
  }
}
