package io.hfmerge.examples;

import io.hfmerge.cli.CommandProvider;
import io.hfmerge.examples.experiment.command.ExperimentCommand;
import io.hfmerge.examples.synth.SynthCommand;
import java.util.List;

/** The commands that this module adds to {@code hfmerge}. */
public final class ExampleCommands implements CommandProvider {

  @Override
  public List<Object> commands() {
    return List.of(new SynthCommand(), new ExperimentCommand());
  }
}
