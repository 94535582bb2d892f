package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.interference.Measure.Scope;
import java.util.List;

/** Measures of what models do to texts: those that need data, a little of it. */
final class ActivationMeasures {

  /** Ortiz-Jimenez, Favero and Frossard 2023 (arXiv:2305.12827), equation 5. */
  static final Measure DISENTANGLEMENT =
      new Measure(
          "disentanglementError",
          "disentanglement error",
          Scope.PAIR,
          "mean distance of f(x; W0+Di) and f(x; W0+Di+Dj) over text i, plus the same of text j; the"
              + " distance is 1 where the likeliest outputs differ, else 0, and without a head 1 -"
              + " cosine of the last hidden states; 0 if neither disturbs the other, at most 2");

  static final Measure CHANGE =
      new Measure(
          "outputChange",
          "outputs changed",
          Scope.DIRECTED,
          "the half of that which is the first's: what adding the second does on the first's text");

  static final Measure DIVERGENCE =
      new Measure(
          "outputDivergence",
          "divergence",
          Scope.DIRECTED,
          "mean Kullback-Leibler divergence of the same outputs, in nats");

  static final Measure SUM_CHANGE =
      new Measure(
          "sumOutputChange",
          "outputs changed by the sum",
          Scope.TASK,
          "mean distance, as above, of f(x; W0+Di) and f(x; W0+all D) over text i");

  static final Measure SUM_DIVERGENCE =
      new Measure(
          "sumOutputDivergence",
          "divergence in the sum",
          Scope.TASK,
          "mean Kullback-Leibler divergence of the same outputs, in nats");

  /** Kornblith et al. 2019 (arXiv:1905.00414), equation 4 with a linear kernel; not debiased. */
  static final Measure CKA =
      new Measure(
          "cka",
          "CKA",
          Scope.TASK,
          "linear CKA |X'Y|^2/(|X'X||Y'Y|) of centred states after a layer, model i and the sum, over"
              + " text i; 1 if equal up to rotation and scale; chance is that of unrelated isotropic"
              + " states, near 1 where tokens are fewer than dimensions");

  static final Measure BASE_CKA =
      new Measure(
          "baseCka",
          "CKA of the base",
          Scope.TASK,
          "the same of model i and the base: what the sum's is to be compared with");

  /** Yang et al. 2024 (arXiv:2402.02705), equation 2. */
  static final Measure BIAS =
      new Measure(
          "representationBias",
          "representation bias",
          Scope.TASK,
          "mean absolute difference of the states after a layer, model i and the sum, over text i");

  static final Measure VARIANCE =
      new Measure(
          "varianceRatio",
          "variance ratio",
          Scope.TASK,
          "variance of the sum's states after a layer over that of model i's, over text i; below 1"
              + " they have collapsed");

  static final Measure INPUT_OVERLAP =
      new Measure(
          "inputGramOverlap",
          "overlap of inputs",
          Scope.PAIR,
          true,
          "<Xi'Xi,Xj'Xj>/(|Xi'Xi||Xj'Xj|) of the base's inputs of a matrix on texts i and j: 0 if they"
              + " are orthogonal, as the theory of sums assumes, 1 if they are the same; chance is"
              + " that of isotropic inputs");

  static final List<Measure> ALL =
      List.of(
          DISENTANGLEMENT,
          CHANGE,
          DIVERGENCE,
          SUM_CHANGE,
          SUM_DIVERGENCE,
          CKA,
          BASE_CKA,
          BIAS,
          VARIANCE,
          INPUT_OVERLAP);

  private ActivationMeasures() {}
}
