package io.hfmerge.cli;

import io.hfmerge.cli.command.AnalyzeCommand;
import io.hfmerge.cli.command.ConflictsCommand;
import io.hfmerge.cli.command.ConvertCommand;
import io.hfmerge.cli.command.DiffCommand;
import io.hfmerge.cli.command.DownloadCommand;
import io.hfmerge.cli.command.EvalCommand;
import io.hfmerge.cli.command.ExtractLoraCommand;
import io.hfmerge.cli.command.ForwardCommand;
import io.hfmerge.cli.command.GenerateCommand;
import io.hfmerge.cli.command.InspectCommand;
import io.hfmerge.cli.command.MergeCommand;
import io.hfmerge.cli.command.MethodsCommand;
import io.hfmerge.cli.command.PathCommand;
import io.hfmerge.cli.command.SumCommand;
import io.hfmerge.cli.command.TuneCommand;
import io.hfmerge.cli.command.VerifyCommand;
import io.hfmerge.cli.option.Verbosity;
import io.hfmerge.cli.output.Terminal;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.output.PartialMergeException;
import java.io.PrintWriter;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The root command. */
@Command(
    name = "hfmerge",
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    description = "Analyses and sums Hugging Face checkpoints.",
    sortOptions = false,
    usageHelpAutoWidth = true,
    exitCodeListHeading = "%nExit codes:%n")
public final class HfMerge implements Runnable {

  @Spec @Nullable CommandSpec spec;

  @Mixin final Verbosity verbosity = new Verbosity();

  private HfMerge() {}

  /**
   * The command line with all subcommands, those of {@link CommandProvider}s included.
   *
   * @throws UnsupportedFeatureException if one of these cannot be loaded
   */
  public static CommandLine commandLine() {
    HfMerge root = new HfMerge();
    CommandLine commandLine = new CommandLine(root);
    commandLine.addSubcommand(new InspectCommand());
    commandLine.addSubcommand(new AnalyzeCommand());
    commandLine.addSubcommand(new DiffCommand());
    commandLine.addSubcommand(new ConflictsCommand());
    commandLine.addSubcommand(new SumCommand());
    commandLine.addSubcommand(new MergeCommand());
    commandLine.addSubcommand(new MethodsCommand());
    commandLine.addSubcommand(new ExtractLoraCommand());
    commandLine.addSubcommand(new DownloadCommand());
    commandLine.addSubcommand(new VerifyCommand());
    commandLine.addSubcommand(new ConvertCommand());
    commandLine.addSubcommand(new ForwardCommand());
    commandLine.addSubcommand(new GenerateCommand());
    commandLine.addSubcommand(new EvalCommand());
    commandLine.addSubcommand(new TuneCommand());
    commandLine.addSubcommand(new PathCommand());
    try {
      for (CommandProvider provider : ServiceLoader.load(CommandProvider.class)) {
        provider.commands().forEach(commandLine::addSubcommand);
      }
    } catch (ServiceConfigurationError e) {
      throw new UnsupportedFeatureException(
          "a command on the class path cannot be loaded: " + e.getMessage(), e);
    }
    commandLine.setExecutionExceptionHandler(
        (failure, failed, parsed) -> report(failure, failed, root.verbosity.stackTrace()));
    commandLine.setParameterExceptionHandler((refused, arguments) -> reportUsage(refused));
    commandLine.setUnmatchedOptionsArePositionalParams(false);
    commandLine.getCommandSpec().usageMessage().exitCodeList(exitCodes());
    for (CommandLine subcommand : commandLine.getSubcommands().values()) {
      // listed once, by hfmerge --help
      subcommand.getCommandSpec().usageMessage().exitCodeListHeading("");
    }
    return commandLine;
  }

  @Override
  public void run() {
    throw new ParameterException(
        java.util.Objects.requireNonNull(spec).commandLine(), "Missing command");
  }

  private static java.util.Map<String, String> exitCodes() {
    java.util.Map<String, String> codes = new java.util.LinkedHashMap<>();
    for (String line : ExitCode.help()) {
      int colon = line.indexOf(':');
      codes.put(line.substring(0, colon), line.substring(colon + 1));
    }
    return codes;
  }

  /** One clear message; the stack trace only where it was asked for or hfmerge itself is wrong. */
  private static int report(Exception failure, CommandLine failed, boolean stackTrace) {
    ExitCode code = ExitCode.of(failure);
    PrintWriter err = failed.getErr();
    CommandLine.Help.ColorScheme colors = failed.getColorScheme();
    for (String line : message(failure, code)) {
      err.println(colors.errorText(line));
    }
    if (stackTrace) {
      failure.printStackTrace(err);
    } else if (code == ExitCode.INTERNAL) {
      err.println("This is a fault of hfmerge; run again with --stacktrace and report it.");
    }
    err.flush();
    return code.code();
  }

  /** One clear message; the options, a page long, only where they are asked for. */
  private static int reportUsage(ParameterException refused) {
    CommandLine failed = refused.getCommandLine();
    PrintWriter err = failed.getErr();
    CommandLine.Help.ColorScheme colors = failed.getColorScheme();
    for (String line : message(refused, ExitCode.USAGE)) {
      err.println(colors.errorText(line));
    }
    CommandLine.UnmatchedArgumentException.printSuggestions(refused, err);
    err.println("Try '" + failed.getCommandSpec().qualifiedName() + " --help'.");
    err.flush();
    return ExitCode.USAGE.code();
  }

  private static List<String> message(Exception failure, ExitCode code) {
    return ("hfmerge: " + text(failure, code)).lines().map(Terminal::printable).toList();
  }

  private static String text(Exception failure, ExitCode code) {
    String message = failure.getMessage();
    return switch (failure) {
      case PartialMergeException e -> text(e.failure(), code) + "\n" + e.advice();
      case java.nio.file.NoSuchFileException e -> e.getFile() + ": no such file or folder";
      case java.nio.file.AccessDeniedException e -> e.getFile() + ": permission denied";
      case java.nio.file.FileSystemException e when e.getReason() != null && e.getFile() != null ->
          e.getFile() + ": " + e.getReason();
      default -> message == null || code == ExitCode.INTERNAL ? failure.toString() : message;
    };
  }
}
