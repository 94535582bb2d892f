package io.hfmerge.cli.command;

import io.hfmerge.cli.option.ModelOptions;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.djl.model.Generator;
import io.hfmerge.hf.djl.model.Generator.Continuation;
import io.hfmerge.hf.djl.model.Sampling;
import io.hfmerge.hf.djl.model.Task;
import io.hfmerge.hf.djl.model.TransformerModel;
import io.hfmerge.hf.djl.text.TextTokenizer;
import io.hfmerge.hf.json.PythonJson;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code hfmerge generate}: a prompt continued by a causal language model. */
@Command(
    name = "generate",
    description = {
      "Continues a prompt with a causal language model: the likeliest token each time, or, with a"
          + " temperature above 0, one drawn at random."
    })
public final class GenerateCommand implements Callable<Integer> {

  enum Format {
    text,
    json
  }

  @Spec @Nullable CommandSpec spec;

  @Parameters(
      paramLabel = "MODEL",
      description = "A folder, a .safetensors file, sample:NAME, or BASE+ADAPTER.")
  private String reference = "";

  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      required = true,
      description = "The text to continue.")
  private String prompt = "";

  @Option(
      names = "--max-new-tokens",
      paramLabel = "N",
      description = "Most tokens to add (default: ${DEFAULT-VALUE}).")
  private int maxNewTokens = 64;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "0 takes the likeliest token (default: ${DEFAULT-VALUE}).")
  private double temperature;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "Draw from the K likeliest tokens; 0 for all (default: ${DEFAULT-VALUE}).")
  private int topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description =
          "Draw from the likeliest tokens that together have probability P (default:"
              + " ${DEFAULT-VALUE}).")
  private double topP = 1;

  @Option(
      names = "--seed",
      paramLabel = "SEED",
      description = "Of the random numbers (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "text or json (default: ${DEFAULT-VALUE}).")
  private Format format = Format.text;

  @Mixin private final ModelOptions options = new ModelOptions();

  @Override
  public Integer call() throws Exception {
    CommandSpec command = Objects.requireNonNull(spec);
    PrintWriter out = command.commandLine().getOut();
    Generator.Settings settings = settings(command);
    try (HfModel files = RunnableModels.open(reference, command);
        TextTokenizer tokenizer = TextTokenizer.open(files);
        TransformerModel model =
            TransformerModel.load(files, options.loadOptions(command).task(Task.CAUSAL_LM))) {
      long[] ids = tokenizer.encode(prompt).ids();
      Generator generator = Generator.of(model);
      if (format == Format.text) {
        Stream stream = new Stream(tokenizer, out);
        options.checked(command, () -> generator.generate(ids, settings, stream));
        stream.finish();
      } else {
        Continuation continuation =
            options.checked(command, () -> generator.generate(ids, settings, token -> {}));
        out.print(PythonJson.write(json(tokenizer, ids, continuation)));
      }
      out.flush();
      return 0;
    }
  }

  private Generator.Settings settings(CommandSpec command) {
    try {
      Sampling sampling = new Sampling(temperature, topK, topP, seed);
      return new Generator.Settings(maxNewTokens, sampling, true);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private Map<String, Object> json(TextTokenizer tokenizer, long[] ids, Continuation continuation) {
    long[] added = continuation.tokens().ids();
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("schema", "hfmerge.generate/1");
    root.put("model", reference);
    root.put("prompt", prompt);
    root.put("promptTokens", Arrays.stream(ids).boxed().toList());
    root.put("newTokens", Arrays.stream(added).boxed().toList());
    root.put("text", tokenizer.decode(added, true));
    root.put("stop", continuation.stop().name().toLowerCase(Locale.ROOT).replace('_', '-'));
    return root;
  }

  /** Prints the continuation as it grows, whole characters only. */
  private static final class Stream implements LongConsumer {

    private static final String INCOMPLETE = "\uFFFD";

    private final TextTokenizer tokenizer;
    private final PrintWriter out;
    private long[] tokens = new long[0];
    private int printed;

    Stream(TextTokenizer tokenizer, PrintWriter out) {
      this.tokenizer = tokenizer;
      this.out = out;
    }

    @Override
    public void accept(long token) {
      tokens = Arrays.copyOf(tokens, tokens.length + 1);
      tokens[tokens.length - 1] = token;
      String text = tokenizer.decode(tokens, true);
      if (!text.endsWith(INCOMPLETE) && text.length() > printed) {
        out.print(printable(text.substring(printed)));
        out.flush();
        printed = text.length();
      }
    }

    /** Without what would steer a terminal. */
    private static String printable(String text) {
      return text.replaceAll("[\\p{Cntrl}&&[^\n\t]]", INCOMPLETE);
    }

    void finish() {
      String text = tokenizer.decode(tokens, true);
      out.println(printable(text.substring(Math.min(printed, text.length()))));
    }
  }
}
