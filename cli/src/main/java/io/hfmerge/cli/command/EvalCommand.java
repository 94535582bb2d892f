package io.hfmerge.cli.command;

import io.hfmerge.cli.option.DeviceOptions;
import io.hfmerge.cli.output.EvaluationTable;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.djl.eval.Bootstrap;
import io.hfmerge.hf.djl.eval.ClassificationEvaluation;
import io.hfmerge.hf.djl.eval.EvalTask;
import io.hfmerge.hf.djl.eval.Evaluation;
import io.hfmerge.hf.djl.eval.TextEvaluation;
import io.hfmerge.hf.json.PythonJson;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code hfmerge eval}: models measured on a text, on labelled texts or on images, and compared.
 */
@Command(
    name = "eval",
    description = {
      "Measures models: perplexity or masked-token loss on a text, or accuracy, F1 and loss on"
          + " labelled texts or images. Further models are compared with the first; intervals come from a"
          + " bootstrap over examples, or over blocks of 64 scored tokens."
    })
public final class EvalCommand implements Callable<Integer> {

  enum Format {
    table,
    json
  }

  enum Head {
    auto,
    probe
  }

  /** What to measure on. */
  static final class Source {

    @Option(
        names = "--text",
        paramLabel = "FILE",
        required = true,
        description = "A text in UTF-8, for causal and masked language models.")
    private @Nullable Path text;

    @Option(
        names = "--data",
        paramLabel = "FILE",
        required = true,
        description =
            "Labelled texts: .tsv with column names, or .jsonl; columns text (sentence, sentence1,"
                + " premise), label, perhaps text_pair (sentence2, hypothesis).")
    private @Nullable Path data;

    @Option(
        names = "--images",
        paramLabel = "DIR",
        required = true,
        description =
            "A folder with a subfolder of PNG and JPEG images for each class, named as the model's"
                + " labels; prepared as the model's preprocessor_config.json says.")
    private @Nullable Path images;
  }

  @Spec @Nullable CommandSpec spec;

  @Parameters(
      paramLabel = "MODEL",
      arity = "1..*",
      description = "Folders, .safetensors files, sample:NAME, names on the Hub, or BASE+ADAPTER.")
  private List<String> references = List.of();

  @ArgGroup(multiplicity = "1")
  private Source source = new Source();

  @Option(
      names = "--head",
      paramLabel = "HEAD",
      description =
          "With --data and --images: auto takes a classifier's head and fits a linear probe where"
              + " there is none, on mean embeddings of texts, on the class token of images; probe"
              + " always fits one (default: ${DEFAULT-VALUE}).")
  private Head head = Head.auto;

  @Option(
      names = "--train-share",
      paramLabel = "SHARE",
      description =
          "Share of the labelled examples that a probe is fitted to; the others are evaluated (default:"
              + " ${DEFAULT-VALUE}).")
  private double trainShare = 0.8;

  @Option(
      names = "--window",
      paramLabel = "N",
      description =
          "Tokens that a model reads at a time (default: its limit, at most 1024, or 512 if it is a"
              + " masked model).")
  private @Nullable Integer window;

  @Option(
      names = "--stride",
      paramLabel = "N",
      description = "Tokens from one window to the next, causal models (default: half a window).")
  private @Nullable Integer stride;

  @Option(
      names = "--mask-share",
      paramLabel = "SHARE",
      description = "Share of the tokens masked, masked models (default: ${DEFAULT-VALUE}).")
  private double maskShare = TextEvaluation.Settings.BERT_SHARE;

  @Option(
      names = "--resamples",
      paramLabel = "N",
      description = "Draws of the bootstrap (default: ${DEFAULT-VALUE}).")
  private int resamples = 1000;

  @Option(
      names = "--confidence",
      paramLabel = "SHARE",
      description = "Of the intervals (default: ${DEFAULT-VALUE}).")
  private double confidence = 0.95;

  @Option(
      names = "--seed",
      paramLabel = "SEED",
      description = "Of masks, training texts and draws (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "table or json (default: ${DEFAULT-VALUE}).")
  private Format format = Format.table;

  @Mixin private final DeviceOptions options = new DeviceOptions();

  @Override
  public Integer call() throws Exception {
    CommandSpec command = Objects.requireNonNull(spec);
    Bootstrap bootstrap = bootstrap(command);
    EvalTask task = options.checked(command, this::task);
    List<Evaluation> evaluations = new ArrayList<>();
    for (String reference : references) {
      evaluations.add(options.checked(command, () -> evaluate(reference, task)));
    }
    EvaluationTable table = new EvaluationTable(references, evaluations, bootstrap);
    PrintWriter out = command.commandLine().getOut();
    out.print(format == Format.json ? PythonJson.write(table.json()) : table.render());
    out.flush();
    return 0;
  }

  private Bootstrap bootstrap(CommandSpec command) {
    try {
      return new Bootstrap(resamples, confidence, seed);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private EvalTask task() throws IOException {
    if (source.text != null) {
      return EvalTask.text(
          source.text,
          new TextEvaluation.Settings(optional(window), optional(stride), maskShare, seed));
    }
    ClassificationEvaluation.Settings settings =
        new ClassificationEvaluation.Settings(head == Head.probe, trainShare, seed);
    return source.data != null
        ? EvalTask.data(source.data, settings)
        : EvalTask.images(Objects.requireNonNull(source.images), settings);
  }

  private static OptionalInt optional(@Nullable Integer value) {
    return value == null ? OptionalInt.empty() : OptionalInt.of(value);
  }

  private Evaluation evaluate(String reference, EvalTask task) throws IOException {
    try (HfModel files = RunnableModels.open(reference, Objects.requireNonNull(spec))) {
      return task.evaluate(files, options.loadOptions());
    }
  }
}
