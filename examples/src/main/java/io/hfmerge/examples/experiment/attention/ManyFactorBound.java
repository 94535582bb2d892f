package io.hfmerge.examples.experiment.attention;

import io.hfmerge.examples.experiment.Cell;
import io.hfmerge.examples.experiment.Claim;
import io.hfmerge.examples.experiment.Experiment;
import io.hfmerge.examples.experiment.Figure;
import io.hfmerge.examples.experiment.Finding;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.Measurement;
import io.hfmerge.examples.experiment.Measurements;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.Outcome;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Proposition A.5 of arXiv:2410.23819, on random ε-balanced chains A_1 ⋯ A_L: |‖∏A_l‖_{2/L}^{2/L} −
 * ‖A_k‖_F²| ≤ r ‖A_k‖_*^{L−1} e^{2/L} L^{4/L} ε^{1/L}, if ε ≤ min_l ‖A_l‖_*^L / L⁴.
 *
 * <p>A_1 is 6 x 4, the others 4 x 4, the last 4 x 6 (the statement gives it the shape of A_1, with
 * which there is no product). ε is the largest ‖A_lᵀA_l − A_{l+1}A_{l+1}ᵀ‖_* of the draw. The left
 * side has the dimension of A², the right one that of A^{L−1+2/L}, the same for L = 2 only, so
 * draws cover scales from 1e-4 to 10; small ones put the bound to the test for L &gt; 2.
 */
public final class ManyFactorBound implements Experiment {

  static final String RATIO = "deviation over bound";
  private static final int OUTER = 6;
  private static final int INNER = 4;
  private static final double ROUNDING = 1e-6;

  /** The perturbation is halved until the proposition's condition holds, so often at most. */
  private static final int MOST_HALVINGS = 80;

  @Override
  public String name() {
    return "proposition-a5";
  }

  @Override
  public String summary() {
    return "The bound on the gap of Schatten and Frobenius norms of many factors (P3).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2410.23819, Proposition A.5",
        "|‖∏A_l‖_{2/L}^{2/L} − ‖A_k‖_F²| ≤ r ‖A_k‖_*^{L−1} e^{2/L} L^{4/L} ε^{1/L} for ε-balanced"
            + " chains with ε ≤ min ‖A_l‖_*^L / L⁴.",
        "Deviation over bound is at most 1 for every draw and factor that fulfils the condition;"
            + " L = 2, 3, 4, scales of the factors from 1e-4 to 10, judged per L.",
        "One draw above 1.");
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    int draws = lab.repeats(30, 500);
    Lab.Cells cells = new Lab.Cells();
    for (int length : new int[] {2, 3, 4}) {
      cells.add(
          "L " + length,
          cell -> {
            RandomGenerator random = lab.random("proposition-a5 " + length);
            for (int draw = 0; draw < draws; draw++) {
              for (double scale : new double[] {1e-4, 1e-3, 1e-2, 0.1, 1, 10}) {
                draw(cell, random, length, scale, draw);
              }
            }
          });
    }
    Measurements measured = lab.run(cells);
    List<Finding> findings = new ArrayList<>();
    for (int length : new int[] {2, 3, 4}) {
      List<Measurement> some =
          measured.all().stream().filter(m -> m.group().equals(group(length))).toList();
      Measurement worst =
          some.stream().max((a, b) -> Double.compare(a.value(), b.value())).orElseThrow();
      long broken = some.stream().filter(m -> !(m.value() <= 1 + ROUNDING)).count();
      findings.add(
          new Finding(
              group(length),
              broken == 0,
              "deviation over bound at most %s (factors of size %s); above 1 in %d of %d draws"
                  .formatted(
                      Numbers.brief(worst.value()),
                      Numbers.exact(worst.x()),
                      broken,
                      some.size())));
    }
    return new Outcome(
        findings,
        List.of(new Figure(RATIO, "Deviation over bound", "size of factors", "ratio", true, true)));
  }

  private static String group(int length) {
    return "L = " + length;
  }

  private static void draw(Cell cell, RandomGenerator random, int length, double scale, int draw) {
    double[] values = new double[INNER];
    for (int i = 0; i < INNER; i++) {
      values[i] = i > 0 && random.nextInt(3) == 0 ? 0 : scale * (0.1 + random.nextDouble());
    }
    SmallMatrix core = SmallMatrix.diagonal(values);
    List<SmallMatrix> balanced = new ArrayList<>();
    List<SmallMatrix> noise = new ArrayList<>();
    SmallMatrix left = SmallMatrix.orthonormal(random, OUTER, INNER);
    for (int l = 0; l < length; l++) {
      int columns = l == length - 1 ? OUTER : INNER;
      SmallMatrix right = SmallMatrix.orthonormal(random, columns, INNER);
      balanced.add(left.times(core).times(right.transposed()));
      noise.add(SmallMatrix.normal(random, scale, l == 0 ? OUTER : INNER, columns));
      left = right;
    }
    double off = Math.pow(10, random.nextDouble(-6, 0));
    for (int halving = 0; halving < MOST_HALVINGS; halving++) {
      List<SmallMatrix> chain = new ArrayList<>();
      for (int l = 0; l < length; l++) {
        chain.add(balanced.get(l).plus(off, noise.get(l)));
      }
      double epsilon = imbalance(chain);
      double smallest = chain.stream().mapToDouble(SmallMatrix::nuclear).min().orElseThrow();
      if (epsilon <= Math.pow(smallest, length) / Math.pow(length, 4)) {
        record(cell, chain, epsilon, scale, draw);
        return;
      }
      off /= 2;
    }
  }

  private static double imbalance(List<SmallMatrix> chain) {
    double largest = 0;
    for (int l = 0; l + 1 < chain.size(); l++) {
      SmallMatrix next = chain.get(l + 1);
      SmallMatrix here = chain.get(l);
      largest =
          Math.max(
              largest,
              here.transposed().times(here).plus(-1, next.times(next.transposed())).nuclear());
    }
    return largest;
  }

  private static void record(
      Cell cell, List<SmallMatrix> chain, double epsilon, double scale, int draw) {
    int length = chain.size();
    SmallMatrix product = chain.getFirst();
    for (SmallMatrix next : chain.subList(1, length)) {
      product = product.times(next);
    }
    double[] spectrum = product.spectrum();
    double schatten = 0;
    for (int i = 0; i < INNER; i++) { // values beyond the inner size are rounding of 0
      schatten += Math.pow(spectrum[i], 2.0 / length);
    }
    double worst = 0;
    for (SmallMatrix factor : chain) {
      double bound =
          INNER
              * Math.pow(factor.nuclear(), length - 1)
              * Math.exp(2.0 / length)
              * Math.pow(length, 4.0 / length)
              * Math.pow(epsilon, 1.0 / length);
      worst = Math.max(worst, Math.abs(schatten - factor.squares()) / bound);
    }
    cell.record(RATIO, group(length), scale, draw, worst);
  }
}
