package io.hfmerge.cli.plugin;

import io.hfmerge.cli.CommandProvider;
import java.util.List;

/** Adds {@link GreetCommand}. */
public final class GreetCommands implements CommandProvider {

  @Override
  public List<Object> commands() {
    return List.of(new GreetCommand());
  }
}
