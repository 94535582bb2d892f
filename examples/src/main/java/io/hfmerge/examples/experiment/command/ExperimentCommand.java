package io.hfmerge.examples.experiment.command;

import ai.djl.Device;
import io.hfmerge.examples.experiment.Experiment;
import io.hfmerge.examples.experiment.ExperimentRun;
import io.hfmerge.examples.experiment.ExperimentRun.Existing;
import io.hfmerge.examples.experiment.Finding;
import io.hfmerge.examples.experiment.Outcome;
import io.hfmerge.examples.experiment.RunSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code hfmerge experiment}: the papers' experiments. */
@Command(
    name = "experiment",
    description = {
      "Repeats an experiment of the papers behind hfmerge: CSV, SVG and a verdict.",
      "Without a name, lists the experiments."
    })
public final class ExperimentCommand implements Callable<Integer> {

  /** A thousand times what any experiment of the papers has. */
  private static final int MOST_REPEATS = 10_000;

  @Spec @Nullable CommandSpec spec;

  @Parameters(arity = "0..1", paramLabel = "NAME", description = "Experiment to run.")
  private @Nullable String name;

  @Option(names = "--quick", description = "A reduced size, in about a minute.")
  private boolean quick;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Of data, weights and batches (default: ${DEFAULT-VALUE}).")
  private long seed = 1;

  @Option(
      names = "--repeats",
      paramLabel = "N",
      description = "Draws of data and weights, instead of the experiment's own number.")
  private @Nullable Integer repeats;

  @Option(
      names = "--data",
      paramLabel = "PATH",
      description =
          "Published data in its own file format; without it DJL's cache, or built-in"
              + " data of the same shape, which the result names.")
  private @Nullable Path data;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder of the results (default: NAME-results).")
  private @Nullable Path out;

  @Option(
      names = "--resume",
      description = "Go on where an interrupted run stopped; begin if there is none.")
  private boolean resume;

  @Option(names = "--force", description = "Replace earlier results in the folder.")
  private boolean force;

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      description = "cpu, or gpu where DJL finds one (default: ${DEFAULT-VALUE}).")
  private String device = "cpu";

  @Override
  public Integer call() throws IOException {
    PrintWriter print = command().commandLine().getOut();
    if (name == null) {
      List<OptionSpec> given = command().commandLine().getParseResult().matchedOptions();
      if (!given.isEmpty()) {
        throw refused(
            given.getFirst().longestName() + ": expected the NAME of an experiment with it");
      }
      list(print);
      return 0;
    }
    String wanted = name;
    Experiment experiment =
        ExperimentCatalogue.find(wanted)
            .orElseThrow(() ->
                refused(
                    "unknown experiment \"%s\"; expected one of %s"
                        .formatted(
                            wanted,
                            String.join(
                                ", ",
                                ExperimentCatalogue.all().stream()
                                    .map(Experiment::name)
                                    .toList()))));
    if (resume && force) {
      throw refused("--resume and --force exclude each other");
    }
    if (repeats != null && (repeats < 1 || repeats > MOST_REPEATS)) {
      throw refused("--repeats: expected 1 to %d, found %d".formatted(MOST_REPEATS, repeats));
    }
    if (out != null && out.toString().isEmpty()) {
      throw refused("--out: expected a folder, found nothing");
    }
    if (data != null) {
      checkData(experiment, data);
    }
    RunSettings settings =
        new RunSettings(
            quick,
            seed,
            repeats == null ? OptionalInt.empty() : OptionalInt.of(repeats),
            Optional.ofNullable(data),
            device());
    Path folder = out != null ? out : Path.of(wanted + "-results");
    Existing existing = resume ? Existing.RESUME : force ? Existing.REPLACE : Existing.REFUSE;
    Outcome outcome;
    try (ExperimentProgress progress = new ExperimentProgress(wanted)) {
      outcome =
          new ExperimentRun(experiment, settings, folder, ExperimentRun.CHECKPOINT_EVERY)
              .run(existing, progress);
    }
    for (Finding finding : outcome.findings()) {
      print.printf(
          "%-14s %s: %s%n",
          finding.holds() ? "holds" : "does not hold", finding.part(), finding.evidence());
    }
    print.printf(
        "%s: the claim %s. See %s%n",
        wanted, outcome.holds() ? "holds" : "does not hold", folder.resolve("summary.md"));
    print.flush();
    return 0;
  }

  private void checkData(Experiment experiment, Path path) {
    if (experiment.data().isEmpty()) {
      throw refused(
          "--data: %s reads no data; those that do are %s"
              .formatted(
                  experiment.name(),
                  String.join(
                      ", ",
                      ExperimentCatalogue.all().stream()
                          .filter(other -> other.data().isPresent())
                          .map(Experiment::name)
                          .toList())));
    }
    if (!Files.exists(path)) {
      throw refused(
          "--data %s: expected %s, found nothing".formatted(path, experiment.data().get()));
    }
  }

  private static void list(PrintWriter print) {
    int width = ExperimentCatalogue.all().stream().mapToInt(e -> e.name().length()).max().orElse(0);
    for (Experiment experiment : ExperimentCatalogue.all()) {
      print.printf("%-" + width + "s  %s%n", experiment.name(), experiment.summary());
    }
    print.flush();
  }

  private Device device() {
    return switch (device) {
      case "cpu" -> Device.cpu();
      case "gpu" -> {
        if (ai.djl.engine.Engine.getEngine("PyTorch").getGpuCount() == 0) {
          throw refused("--device gpu: DJL finds none");
        }
        yield Device.gpu();
      }
      default -> throw refused("--device: expected cpu or gpu, found \"" + device + '"');
    };
  }

  private CommandSpec command() {
    return Objects.requireNonNull(spec);
  }

  private ParameterException refused(String message) {
    return new ParameterException(command().commandLine(), message);
  }
}
