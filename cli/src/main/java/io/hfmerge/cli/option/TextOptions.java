package io.hfmerge.cli.option;

import io.hfmerge.hf.djl.activation.TextSample;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Texts that models are run on, and how much of them. */
public final class TextOptions {

  /** Names of the options that say nothing without a text. */
  public static final List<String> WITH_TEXT =
      List.of("--samples", "--window", "--seed", "--device", "--dtype");

  @Option(
      names = "--text",
      paramLabel = "FILE",
      description =
          "Run the models, too: a text in UTF-8 for each model, in their order, or one for all."
              + " Measures what the sum changes in outputs and states, and how inputs overlap.")
  private List<Path> texts = List.of();

  @Option(
      names = "--samples",
      paramLabel = "N",
      description = "Tokens of each text whose states are compared (default: ${DEFAULT-VALUE}).")
  private int samples = TextSample.Settings.DEFAULT.tokens();

  @Option(
      names = "--window",
      paramLabel = "N",
      description =
          "Tokens that a model reads at a time, at most its limit (default: ${DEFAULT-VALUE}).")
  private int window = TextSample.Settings.DEFAULT.window();

  @Option(
      names = "--seed",
      paramLabel = "SEED",
      description = "Of the masks for masked language models (default: ${DEFAULT-VALUE}).")
  private long seed = TextSample.Settings.DEFAULT.seed();

  @Mixin private final DeviceOptions device = new DeviceOptions();

  /** The files. */
  public List<Path> texts() {
    return List.copyOf(texts);
  }

  /** How much to take. */
  public TextSample.Settings settings() {
    return new TextSample.Settings(samples, window, seed);
  }

  /** Where models run. */
  public DeviceOptions device() {
    return device;
  }
}
