package io.hfmerge.cli.command;

import io.hfmerge.cli.option.AnalysisOptions;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code hfmerge diff}: the difference of two models, analysed like weights. */
@Command(
    name = "diff",
    description =
        "Measures MODEL - BASE, the task vector, as analyze measures weights; nothing is written.")
public final class DiffCommand implements Callable<Integer> {

  @Parameters(index = "0", paramLabel = "MODEL", description = "The model, as for analyze.")
  private String model = "";

  @Parameters(index = "1", paramLabel = "BASE", description = "What is subtracted.")
  private String base = "";

  @Mixin private final AnalysisOptions options = new AnalysisOptions();

  @Override
  public Integer call() throws Exception {
    return AnalysisRun.execute(List.of(model), Optional.of(base), options);
  }
}
