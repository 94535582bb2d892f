package io.hfmerge.examples.experiment.command;

import io.hfmerge.examples.experiment.Experiment;
import io.hfmerge.examples.experiment.attention.FactorisedToy;
import io.hfmerge.examples.experiment.lowrank.DecayRank;
import io.hfmerge.examples.experiment.lowrank.MergeMlp;
import java.util.List;
import java.util.Optional;

/** Every experiment, by paper. */
public final class ExperimentCatalogue {

  private static final List<Experiment> ALL =
      List.of(new DecayRank(), new MergeMlp(), new FactorisedToy());

  private ExperimentCatalogue() {}

  /** All of them, in the order of the papers. */
  public static List<Experiment> all() {
    return ALL;
  }

  /** The experiment of that name. */
  public static Optional<Experiment> find(String name) {
    return ALL.stream().filter(experiment -> experiment.name().equals(name)).findFirst();
  }
}
