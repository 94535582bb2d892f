package io.hfmerge.cli.command;

import io.hfmerge.cli.output.ProgressLine;
import io.hfmerge.cli.output.Terminal;
import io.hfmerge.hf.LocalPath;
import io.hfmerge.hf.ModelReference;
import io.hfmerge.hf.OpenOptions;
import io.hfmerge.hf.hub.FetchedModel;
import io.hfmerge.hf.hub.HubModels;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code hfmerge download}: brings models of the Hub into the cache. */
@Command(
    name = "download",
    description = {
      "Downloads models from the Hugging Face Hub into the cache that the Python tools use too: the"
          + " weights, safetensors if there are any, config and tokenizer. What is there already is"
          + " not downloaded again; what was interrupted is continued."
    })
public final class DownloadCommand implements Callable<Integer> {

  @Spec @Nullable CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "MODEL",
      description = "NAME or OWNER/NAME, with @REVISION and :SUBFOLDER; or BASE+ADAPTER of these.")
  private List<String> references = new ArrayList<>();

  @Option(
      names = {"-q", "--quiet"},
      description = "Print only the folders.")
  private boolean quiet;

  @Override
  public Integer call() throws Exception {
    CommandLine commandLine = Objects.requireNonNull(spec).commandLine();
    List<String> parts =
        references.stream()
            .flatMap(reference -> ModelReference.parse(reference).parts().stream())
            .distinct()
            .toList();
    for (String part : parts) {
      if (LocalPath.exists(part)) {
        throw new ParameterException(
            commandLine, "\"" + part + "\" is a path on this machine, which needs no download");
      }
    }
    HubModels models = HubModels.ofEnvironment();
    PrintWriter out = commandLine.getOut();
    try (ProgressLine progress = ProgressLine.create(commandLine.getErr())) {
      OpenOptions options = OpenOptions.DEFAULT.withListener(progress);
      for (String part : parts) {
        print(part, models.fetch(part, options), out);
      }
    }
    return 0;
  }

  private void print(String reference, FetchedModel fetched, PrintWriter out) {
    if (!quiet) {
      out.println(
          Terminal.printable(
              "%s at commit %s: %d %s, %s; %s"
                  .formatted(
                      reference,
                      fetched.commit(),
                      fetched.files(),
                      fetched.files() == 1 ? "file" : "files",
                      Terminal.size(fetched.sizeBytes()),
                      fetched.receivedBytes() == 0
                          ? "all there already"
                          : Terminal.size(fetched.receivedBytes()) + " downloaded")));
    }
    out.println(fetched.location().weightsFile().orElse(fetched.location().folder()).toString());
    out.flush();
  }
}
