package io.hfmerge.cli;

import java.util.List;

/**
 * Adds subcommands to {@code hfmerge}; found by {@link java.util.ServiceLoader}, so that a jar on
 * the class path is enough.
 */
public interface CommandProvider {

  /** New instances of picocli commands: objects of classes annotated with {@code @Command}. */
  List<Object> commands();
}
