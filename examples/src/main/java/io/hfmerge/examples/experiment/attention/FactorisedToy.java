package io.hfmerge.examples.experiment.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
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
import io.hfmerge.examples.experiment.Statistics;
import io.hfmerge.examples.experiment.train.Parameters;
import io.hfmerge.examples.experiment.train.Sgd;
import io.hfmerge.examples.experiment.train.Spectra;
import io.hfmerge.examples.experiment.train.Training;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Figure 1 of arXiv:2410.23819: gradient descent on ‖ABᵀ − D‖² + λ/2 (‖A‖² + ‖B‖²), D = diag(0.2,
 * 0.4, 0.6, 0.8, 1).
 *
 * <p><b>The constant.</b> The gradient by A is 2 (ABᵀ − D) B + λ A. At a stationary point AᵀA =
 * BᵀB, and along a pair of singular vectors with A = B = a this reads 2 (a² − s) a + λ a = 0:
 * either a = 0 or a² = s − λ/2. So singular values end at max(s − λ', 0) with <b>λ' = λ/2</b> for
 * the loss as written in Figure 1. The paper's section 3.4, whose loss has ½‖·‖², gets λ' = λ.
 *
 * <p><b>The rate.</b> Under the flow Ȧ = −∇_A the products cancel and d/dt (AᵀA − BᵀB) = −2λ (AᵀA −
 * BᵀB), exactly. A step of size η multiplies by (1 − ηλ)², up to η² times a difference of products
 * that vanishes too; per unit of time t = η · steps that is a rate of −2 ln(1 − ηλ)/η, which is 2λ
 * for small ηλ and 6 % more at λ = 2.4.
 *
 * <p>Where s = λ/2 exactly the singular value vanishes only as 1/(4t); 20,000 steps of 0.05 leave
 * 2.5e-4 there.
 */
public final class FactorisedToy implements Experiment {

  private static final double[] TARGET = {0.2, 0.4, 0.6, 0.8, 1};
  private static final double STEP = 0.05;
  private static final long PAPER_STEPS = 1000;

  static final String GAP = "gap of nuclear and Frobenius norm";
  static final String IMBALANCE = "norm of AᵀA − BᵀB";
  static final String VALUES = "singular values by decay";
  static final String ERROR = "distance of singular values from max(s − λ/2, 0)";
  private static final String PATH = "singular values by step";

  /** As close as the values must come. */
  private static final double VALUE_TOLERANCE = 1e-3;

  /** As close as the fitted rate must come to the theory's. */
  private static final double RATE_TOLERANCE = 0.05;

  /** Below this an imbalance is rounding, and its logarithm noise. */
  private static final double ROUNDING = 1e-10;

  @Override
  public String name() {
    return "factorised-toy";
  }

  @Override
  public String summary() {
    return "A product of matrices with L2 decay is regularised by its nuclear norm (P3, Figure 1).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2410.23819, Figure 1, Lemma 3.2, Theorem 3.4, Lemma A.1",
        "AᵀA − BᵀB and the gap ½(‖A‖² + ‖B‖²) − ‖ABᵀ‖_* vanish exponentially at a rate proportional"
            + " to λ; singular values end at max(s − λ', 0); neither without decay.",
        "For every λ > 0: singular values within 1e-3 of max(s − λ/2, 0), λ' = λ/2 following from"
            + " the loss as written; fitted rate of ‖AᵀA − BᵀB‖ within 5 % of that of (1 − ηλ)² a"
            + " step, which is 2λ for small ηλ; the gap ends"
            + " below 1e-3 of where it began. For λ = 0 the imbalance stays above half of where it"
            + " began, and singular values end at s.",
        "Values elsewhere, a rate that is not proportional to λ, or an imbalance that vanishes"
            + " without decay.");
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    double[] decays =
        lab.values(
            new double[] {0, 0.1, 0.3, 0.9, 2.2},
            new double[] {0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.6, 2.4});
    long steps = lab.steps(4000, 20_000);
    int repeats = lab.repeats(1, 5);
    Lab.Cells cells = new Lab.Cells();
    for (double decay : decays) {
      for (int repeat = 0; repeat < repeats; repeat++) {
        int r = repeat;
        cells.add(
            "decay %s repeat %d".formatted(Numbers.exact(decay), repeat),
            cell -> train(lab, cell, decay, r, steps));
      }
    }
    Measurements measured = lab.run(cells);
    lab.note(
        "Step %s, %d steps; figures show the paper's first %d. At λ = 2s the value vanishes only as"
                .formatted(Numbers.exact(STEP), steps, PAPER_STEPS)
            + " 1/(4t). The paper's text says the values shrink by λ; for the loss of its Figure 1"
            + " they shrink by λ/2.");
    return new Outcome(
        findings(measured),
        List.of(
            new Figure(GAP, "½(‖A‖² + ‖B‖²) − ‖ABᵀ‖_*", "step", "gap", false, true),
            new Figure(IMBALANCE, "‖AᵀA − BᵀB‖", "step", "norm", false, true),
            new Figure(VALUES, "Final singular values of ABᵀ", "λ", "σ", false, false),
            new Figure(
                PATH,
                "Singular values of ABᵀ at λ = " + Numbers.exact(shown(lab)),
                "step",
                "σ",
                false,
                false)));
  }

  private static List<Finding> findings(Measurements measured) {
    List<Finding> findings = new ArrayList<>();
    List<Double> errors = new ArrayList<>(measured.values(ERROR));
    double error = errors.stream().reduce(0.0, Math::max);
    findings.add(
        new Finding(
            "singular values end at max(s − λ/2, 0)",
            error <= VALUE_TOLERANCE,
            "largest distance %s over all λ and repeats".formatted(Numbers.brief(error))));
    List<Double> rates = rates(measured);
    double off = rates.stream().map(v -> Math.abs(v - 1)).reduce(0.0, Math::max);
    findings.add(
        new Finding(
            "‖AᵀA − BᵀB‖ falls as (1 − ηλ)² a step",
            off <= RATE_TOLERANCE,
            "fitted rate over the theory's: %s; furthest from 1 by %s"
                .formatted(Statistics.of(rates).text(), Numbers.brief(off))));
    double worst = 0;
    double kept = Double.NaN;
    for (String group : measured.groups(GAP)) {
      if (group.equals(group(0))) {
        kept = measured.last(IMBALANCE, group).mean() / measured.at(IMBALANCE, group, 0).mean();
      } else {
        worst =
            Math.max(worst, measured.last(GAP, group).mean() / measured.at(GAP, group, 0).mean());
      }
    }
    findings.add(
        new Finding(
            "the gap vanishes for λ > 0",
            worst < 1e-3,
            "ends at %s of its beginning at most".formatted(Numbers.brief(worst))));
    findings.add(
        new Finding(
            "without decay the imbalance stays",
            kept > 0.5,
            "ends at %s of its beginning".formatted(Numbers.brief(kept))));
    return findings;
  }

  /** Fitted rates over the theory's, of every λ > 0 and repeat. */
  static List<Double> rates(Measurements measured) {
    List<Double> rates = new ArrayList<>();
    for (double decay : measured.places(ERROR, "all")) {
      int repeats = measured.values(ERROR, "all", decay).size();
      for (int repeat = 0; repeat < repeats && decay > 0; repeat++) {
        List<Double> times = new ArrayList<>();
        List<Double> logarithms = new ArrayList<>();
        for (Measurement m : measured.path(IMBALANCE, group(decay), repeat)) {
          if (m.value() > ROUNDING) {
            times.add(m.x() * STEP);
            logarithms.add(Math.log(m.value()));
          }
        }
        rates.add(
            Statistics.line(times, logarithms).slope() / (2 * Math.log1p(-STEP * decay) / STEP));
      }
    }
    return rates;
  }

  /** The λ of the sweep whose singular values are shown along the way. */
  private static double shown(Lab lab) {
    return lab.settings().quick() ? 0.3 : 0.4;
  }

  private static String group(double decay) {
    return "λ = " + Numbers.exact(decay);
  }

  private static void train(Lab lab, Cell cell, double decay, int repeat, long steps)
      throws IOException {
    int n = TARGET.length;
    try (Parameters parameters = new Parameters(lab.settings().device(), DataType.FLOAT64)) {
      parameters.addNormal(lab.random("factorised-toy A " + repeat), 0.5, n, n);
      parameters.addNormal(lab.random("factorised-toy B " + repeat), 0.5, n, n);
      double[] diagonal = new double[n * n];
      for (int i = 0; i < n; i++) {
        diagonal[i * n + i] = TARGET[i];
      }
      NDArray target = parameters.constant(diagonal, new Shape(n, n));
      new Training(parameters, new Sgd(STEP, decay))
          .run(
              cell,
              steps,
              (step, last) ->
                  step == last || (step <= PAPER_STEPS && step % (step <= 200 ? 5 : 25) == 0),
              step -> product(parameters).sub(target).square().sum(),
              step -> {
                NDArray a = parameters.get(0);
                NDArray b = parameters.get(1);
                double[] values = Spectra.of(product(parameters));
                double imbalance =
                    Spectra.frobenius(
                        Spectra.of(a.transpose().matMul(a).sub(b.transpose().matMul(b))));
                double squares =
                    Parameters.values(a.square().sum())[0] + Parameters.values(b.square().sum())[0];
                // the gap is not negative but for rounding
                cell.record(
                    GAP,
                    group(decay),
                    step,
                    repeat,
                    Math.max(0, squares / 2 - Spectra.nuclear(values)));
                cell.record(IMBALANCE, group(decay), step, repeat, imbalance);
                if (decay == shown(lab) && step <= PAPER_STEPS) {
                  for (int i = 0; i < n; i++) {
                    cell.record(PATH, "σ" + (i + 1), step, repeat, values[i]);
                  }
                }
                if (step == steps) {
                  finish(cell, decay, repeat, values);
                }
              });
    }
  }

  private static NDArray product(Parameters parameters) {
    return parameters.get(0).matMul(parameters.get(1).transpose());
  }

  private static void finish(Cell cell, double decay, int repeat, double[] values) {
    int n = TARGET.length;
    double worst = 0;
    for (int i = 0; i < n; i++) {
      double expected = Math.max(0, TARGET[n - 1 - i] - decay / 2);
      worst = Math.max(worst, Math.abs(values[i] - expected));
      cell.record(VALUES, "σ" + (i + 1), decay, repeat, values[i]);
    }
    cell.record(ERROR, "all", decay, repeat, worst);
  }
}
