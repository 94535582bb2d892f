package io.hfmerge.analysis.interference;

import java.util.List;
import java.util.stream.Stream;

/** All measures. A new family is a class and a line here. */
public final class Measures {

  static final List<ElementMeasure> OF_ELEMENTS =
      List.of(new TaskCosine(), new EnergyRatio(), new SignConflict(), new RelativeSize());

  static final List<NormMeasure> OF_NORMS = List.of(new SpectralGrowth());

  static final List<SpectralMeasure> OF_SPECTRA =
      List.of(
          new SingularTaskInterference(),
          new SubspaceOverlap(),
          new CrossResponse(),
          new WudiResidual(),
          new MergedAlignment(),
          new BaseEnergies(),
          new IntruderDimensions(),
          new RankInflation());

  private Measures() {}

  /** What is measured, in the order of reports. */
  public static List<Measure> all() {
    return Stream.of(
            OF_ELEMENTS.stream().map(ElementMeasure::measures),
            OF_NORMS.stream().map(NormMeasure::measures),
            OF_SPECTRA.stream().map(SpectralMeasure::measures),
            Stream.of(NormSpread.MEASURES, BalanceDrift.MEASURES, ActivationMeasures.ALL))
        .flatMap(families -> families)
        .flatMap(List::stream)
        .toList();
  }
}
