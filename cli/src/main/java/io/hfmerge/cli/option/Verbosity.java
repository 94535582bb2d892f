package io.hfmerge.cli.option;

import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** What every command accepts. */
public final class Verbosity {

  @Option(
      names = "--stacktrace",
      scope = ScopeType.INHERIT,
      description = "Print the stack trace of a failure.")
  private boolean stackTrace;

  public boolean stackTrace() {
    return stackTrace;
  }
}
