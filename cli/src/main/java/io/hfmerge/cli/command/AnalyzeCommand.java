package io.hfmerge.cli.command;

import io.hfmerge.cli.option.AnalysisOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code hfmerge analyze}: spectra, heads and balance of models' weights, side by side. */
@Command(
    name = "analyze",
    description = {
      "Measures weight matrices: norms, stable ranks, spectra, attention heads.",
      "Several models are put side by side; with --base their task vectors are."
    })
public final class AnalyzeCommand implements Callable<Integer> {

  @Parameters(
      arity = "1..*",
      paramLabel = "MODEL",
      description =
          "A folder, a .safetensors or .bin file, sample:NAME, OWNER/NAME[@REVISION][:FOLDER] on the"
              + " Hugging Face Hub, BASE+ADAPTER, or a .json file that --format json wrote.")
  private List<String> references = new ArrayList<>();

  @Option(
      names = "--base",
      paramLabel = "MODEL",
      description = "Analyse each model's difference to this one instead of its weights.")
  private @Nullable String base;

  @Mixin private final AnalysisOptions options = new AnalysisOptions();

  @Override
  public Integer call() throws Exception {
    return AnalysisRun.execute(references, Optional.ofNullable(base), options);
  }
}
