package io.hfmerge.examples.experiment.command;

import io.hfmerge.examples.experiment.Experiment;
import io.hfmerge.examples.experiment.attention.AdamEquivalence;
import io.hfmerge.examples.experiment.attention.AssociativeRecall;
import io.hfmerge.examples.experiment.attention.FactorisedToy;
import io.hfmerge.examples.experiment.attention.LanguageModelDecay;
import io.hfmerge.examples.experiment.attention.ManyFactorBound;
import io.hfmerge.examples.experiment.attention.TwoFactorBound;
import io.hfmerge.examples.experiment.generalization.GeneralizationBound;
import io.hfmerge.examples.experiment.generalization.RankTwo;
import io.hfmerge.examples.experiment.lowrank.DecayRank;
import io.hfmerge.examples.experiment.lowrank.DeepLinearMergeTheorem;
import io.hfmerge.examples.experiment.lowrank.LowRankLemma;
import io.hfmerge.examples.experiment.lowrank.MergeFashionMnist;
import io.hfmerge.examples.experiment.lowrank.MergeMlp;
import io.hfmerge.examples.experiment.lowrank.NormPreservationLemma;
import io.hfmerge.examples.experiment.lowrank.RankOneLemma;
import io.hfmerge.examples.experiment.lowrank.ShallowMergeLemma;
import io.hfmerge.examples.experiment.pretrained.PretrainedBalance;
import io.hfmerge.examples.experiment.pretrained.TransformerNorms;
import io.hfmerge.examples.experiment.sgdrank.ConvolutionRank;
import io.hfmerge.examples.experiment.sgdrank.NormRatio;
import io.hfmerge.examples.experiment.sgdrank.RankBound;
import io.hfmerge.examples.experiment.sgdrank.RankSweep;
import io.hfmerge.examples.experiment.taskvector.TaskVectors;
import java.util.List;
import java.util.Optional;

/** Every experiment, by paper. */
public final class ExperimentCatalogue {

  private static final List<Experiment> ALL =
      List.of(
          new TransformerNorms(),
          new DecayRank(),
          new MergeMlp(),
          new MergeFashionMnist(),
          new RankOneLemma(),
          new NormPreservationLemma(),
          new LowRankLemma(),
          new ShallowMergeLemma(),
          new DeepLinearMergeTheorem(),
          new RankSweep(),
          new RankBound(),
          new NormRatio(),
          new ConvolutionRank(),
          new FactorisedToy(),
          new AdamEquivalence(),
          new AssociativeRecall(),
          new LanguageModelDecay(),
          new PretrainedBalance(),
          new TwoFactorBound(),
          new ManyFactorBound(),
          new RankTwo(),
          new GeneralizationBound(),
          new TaskVectors());

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
