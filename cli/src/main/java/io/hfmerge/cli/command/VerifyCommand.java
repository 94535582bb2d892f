package io.hfmerge.cli.command;

import io.hfmerge.cli.ExitCode;
import io.hfmerge.cli.output.ProgressLine;
import io.hfmerge.cli.output.Terminal;
import io.hfmerge.hf.djl.trial.ForwardTrial;
import io.hfmerge.hf.output.ModelVerifier;
import io.hfmerge.hf.output.Verification;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code hfmerge verify}: reads a model folder again, compares it with its manifest, checks it. */
@Command(
    name = "verify",
    description = {
      "Compares a folder that hfmerge wrote with the checksums in its hfmerge.json: every tensor,"
          + " every other file, that none is missing and none was added. Then, or in any other model"
          + " folder, checks that it is complete: index, metadata, config, layers, vocabulary, finite"
          + " numbers; and runs the model once, on a short text or a blank image. Exits with 13 if"
          + " anything is wrong."
    })
public final class VerifyCommand implements Callable<Integer> {

  @Spec @Nullable CommandSpec spec;

  @Parameters(paramLabel = "OUT", description = "A model folder, written by hfmerge or not.")
  private Path folder = Path.of("");

  @Option(names = "--sha256", description = "Compare the SHA-256 too, where they were recorded.")
  private boolean sha256;

  @Option(
      names = "--no-forward",
      description =
          "Do not run the model. (It is not run anyway where nothing here runs its family, or its"
              + " weights in F32 do not fit the memory; a line says so.)")
  private boolean noForward;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Reading threads (default: one per core).")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Override
  public Integer call() throws Exception {
    CommandLine commandLine = Objects.requireNonNull(spec).commandLine();
    if (threads < 1 || threads > 1024) {
      throw new ParameterException(commandLine, "--threads: expected 1 to 1024, found " + threads);
    }
    Verification verification;
    try (ProgressLine progress = ProgressLine.create(commandLine.getErr())) {
      verification =
          ModelVerifier.verify(
              folder,
              threads,
              sha256,
              noForward ? Optional.empty() : Optional.of(new ForwardTrial()),
              progress);
    }
    PrintWriter out = commandLine.getOut();
    verification.lines().stream().map(Terminal::printable).forEach(out::println);
    out.flush();
    return (verification.matches() ? ExitCode.OK : ExitCode.MISMATCH).code();
  }
}
