package io.hfmerge.analysis.metric;

import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * How far a pair of factors is from the identity that holds, with weight decay on both, at a
 * stationary point of this architecture.
 *
 * @param stack the stack of layers, empty where there is one
 * @param layer layer from 0
 * @param expert the expert, of a mixture; only for the MLP
 * @param head key/value head of the group from 0 (with one query head per key head: the head);
 *     empty for the MLP and where no identity holds
 * @param product which factors
 * @param identity which identity was tested
 * @param value relative gap, from 0 (balanced) to 2; empty where no identity holds
 * @param correlation Pearson's correlation of the norms that stand against each other: rows of the
 *     two factors, rotated pairs, neurons; given where no identity holds too, if they can be paired
 * @param reason why none holds; empty where one does
 */
public record BalanceMetrics(
    String stack,
    int layer,
    OptionalInt expert,
    OptionalInt head,
    Product product,
    Identity identity,
    Optional<Double> value,
    OptionalDouble correlation,
    String reason) {

  /** The identities, by what they are called in reports. */
  public enum Identity {
    /** Equal Gram matrices, AᵀA = BᵀB: one query head per key head, no rotation. */
    FULL("full"),
    /** The Gram matrix of shared keys (values) against the sum over the group's query heads. */
    GQA_SUM("gqa-sum"),
    /** Squared row norms summed over each rotated pair, and over the group's query heads. */
    ROTARY_PAIRS("rotary-pairs"),
    /** The same identity as without rotation, of the components that do not rotate. */
    UNROTATED("unrotated"),
    /** Per neuron, squared row norm of M1 against squared column norm of M2. */
    NEURON("neuron"),
    /** None holds. */
    NONE("none");

    private final String label;

    Identity(String label) {
      this.label = label;
    }

    /** As reports spell it. */
    public String label() {
      return label;
    }
  }

  static BalanceMetrics none(
      String stack,
      int layer,
      OptionalInt expert,
      Product product,
      OptionalDouble correlation,
      String reason) {
    return new BalanceMetrics(
        stack,
        layer,
        expert,
        OptionalInt.empty(),
        product,
        Identity.NONE,
        Optional.empty(),
        correlation,
        reason);
  }

  static BalanceMetrics ofHead(
      String stack,
      int layer,
      int head,
      Product product,
      Identity identity,
      double value,
      OptionalDouble correlation) {
    return new BalanceMetrics(
        stack,
        layer,
        OptionalInt.empty(),
        OptionalInt.of(head),
        product,
        identity,
        Optional.of(value),
        correlation,
        "");
  }

  static BalanceMetrics ofNeurons(
      String stack, int layer, OptionalInt expert, double value, OptionalDouble correlation) {
    return new BalanceMetrics(
        stack,
        layer,
        expert,
        OptionalInt.empty(),
        Product.MLP,
        Identity.NEURON,
        Optional.of(value),
        correlation,
        "");
  }
}
