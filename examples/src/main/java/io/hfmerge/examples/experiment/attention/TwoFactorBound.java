package io.hfmerge.examples.experiment.attention;

import io.hfmerge.examples.experiment.Claim;
import io.hfmerge.examples.experiment.Experiment;
import io.hfmerge.examples.experiment.Figure;
import io.hfmerge.examples.experiment.Finding;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.Measurements;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.Outcome;
import java.io.IOException;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Proposition A.4 of arXiv:2410.23819, on random factors from balanced to independent: |‖ABᵀ‖_* −
 * ‖A‖_F²| ≤ √‖AᵀA − BᵀB‖_* ‖A‖_*, and the same of the means over A and B.
 */
public final class TwoFactorBound implements Experiment {

  static final String ONE = "deviation over bound, one factor";
  static final String MEAN = "deviation over bound, mean of both";

  /** Rounding of f64 sums; both sides vanish for balanced factors. */
  private static final double ROUNDING = 1e-6;

  @Override
  public String name() {
    return "proposition-a4";
  }

  @Override
  public String summary() {
    return "The bound on the gap of nuclear and Frobenius norm of two factors (P3).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2410.23819, Proposition A.4",
        "|‖ABᵀ‖_* − ‖A‖_F²| ≤ √‖AᵀA − BᵀB‖_* ‖A‖_*, and with the means of A and B on both sides.",
        "Deviation over bound is at most 1 for every draw: sizes 1 to 32, scales 0.01 to 100,"
            + " perturbations of balanced factors from 1e-6 to independent ones.",
        "One draw above 1.");
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    int draws = lab.repeats(20, 500);
    Lab.Cells cells = new Lab.Cells();
    for (int rank : new int[] {1, 2, 5, 16}) {
      cells.add(
          "rank " + rank,
          cell -> {
            RandomGenerator random = lab.random("proposition-a4 " + rank);
            for (int draw = 0; draw < draws; draw++) {
              for (double off : new double[] {1e-6, 1e-4, 1e-2, 0.1, 1, 10}) {
                double scale = Math.pow(10, random.nextDouble(-2, 2));
                int p = rank * (1 + random.nextInt(2));
                int q = rank * (1 + random.nextInt(2));
                double[] values = new double[rank];
                for (int i = 0; i < rank; i++) {
                  // a third of the directions missing: low-rank factors are the interesting ones
                  values[i] = random.nextInt(3) == 0 ? 0 : scale * random.nextDouble();
                }
                SmallMatrix core =
                    SmallMatrix.diagonal(values).times(SmallMatrix.orthonormal(random, rank, rank));
                SmallMatrix a =
                    SmallMatrix.orthonormal(random, p, rank)
                        .times(core)
                        .plus(off * scale, SmallMatrix.normal(random, 1, p, rank));
                SmallMatrix b =
                    SmallMatrix.orthonormal(random, q, rank)
                        .times(core)
                        .plus(off * scale, SmallMatrix.normal(random, 1, q, rank));
                double imbalance =
                    Math.sqrt(a.transposed().times(a).plus(-1, b.transposed().times(b)).nuclear());
                double product = a.times(b.transposed()).nuclear();
                String group = "r = " + rank;
                cell.record(
                    ONE,
                    group,
                    off,
                    draw,
                    Math.abs(product - a.squares()) / (imbalance * a.nuclear()));
                cell.record(
                    MEAN,
                    group,
                    off,
                    draw,
                    Math.abs(product - (a.squares() + b.squares()) / 2)
                        / (imbalance * (a.nuclear() + b.nuclear()) / 2));
              }
            }
          });
    }
    Measurements measured = lab.run(cells);
    return new Outcome(
        List.of(finding(measured, "one factor", ONE), finding(measured, "mean of both", MEAN)),
        List.of(
            new Figure(ONE, "Deviation over bound", "perturbation", "ratio", true, true),
            new Figure(MEAN, "Deviation over bound, means", "perturbation", "ratio", true, true)));
  }

  private static Finding finding(Measurements measured, String part, String metric) {
    double largest = measured.largest(metric);
    return new Finding(
        part,
        largest <= 1 + ROUNDING,
        "deviation over bound at most %s in %d draws"
            .formatted(Numbers.brief(largest), measured.values(metric).size()));
  }
}
