package io.hfmerge.analysis.metric;

import io.hfmerge.hf.arch.Role;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * How equal the Frobenius norms of a model's matrices are, which weight decay makes them in
 * homogeneous networks (arXiv:2502.17340, Lemma 2), and the average that its Lemma 3 bounds.
 *
 * @param layers norms layer by layer
 * @param roles spread over the layers, by role
 * @param homogeneity degree H of the activations assumed for the harmonic mean
 * @param weightedHarmonicStableRank the "pseudo-rank" of arXiv:2502.17340 (Lemma 3): 1 over Σₖ
 *     (H^(K−k))^(3/2)/Z · ‖Wₖ‖₂/‖Wₖ‖_F, Z = Σₖ H^(K−k), over the K matrices {@link #ROLES} of all
 *     layers in forward order; empty if there is none or one of them is zero
 */
public record NormPreservation(
    List<LayerNorms> layers,
    List<RoleSpread> roles,
    double homogeneity,
    OptionalDouble weightedHarmonicStableRank) {

  /** The matrices that Lemma 2 is read for, in forward order. */
  public static final List<Role> ROLES = List.of(Role.QKV, Role.O, Role.M1, Role.M2);

  /** ReLU and the identity. */
  private static final double DEFAULT_HOMOGENEITY = 1;

  public NormPreservation {
    layers = List.copyOf(layers);
    roles = List.copyOf(roles);
  }

  /**
   * Norms of a layer; experts of a role together, as the root of the sum of squares.
   *
   * @param stack the stack of layers, empty where there is one
   * @param layer layer from 0
   * @param frobenius ‖W‖_F by role
   * @param ratio the same over the geometric mean of the layer; empty if one of them is zero
   */
  public record LayerNorms(
      String stack, int layer, Map<Role, Double> frobenius, Map<Role, Double> ratio) {

    public LayerNorms {
      frobenius = Collections.unmodifiableMap(new LinkedHashMap<>(frobenius));
      ratio = Collections.unmodifiableMap(new LinkedHashMap<>(ratio));
    }
  }

  /**
   * Norms of a role across layers.
   *
   * @param role the role
   * @param mean mean of ‖W‖_F
   * @param coefficientOfVariation population standard deviation over the mean; 0 for zero matrices
   */
  public record RoleSpread(Role role, double mean, double coefficientOfVariation) {}

  /** Gathers the norms of the measured matrices, in report order. */
  public static NormPreservation of(List<MatrixMetrics> matrices) {
    Map<LayerKey, Map<Role, Double>> squares = new LinkedHashMap<>();
    for (MatrixMetrics matrix : matrices) {
      if (matrix.layer() >= 0 && ROLES.contains(matrix.role())) {
        squares
            .computeIfAbsent(
                new LayerKey(matrix.stack(), matrix.layer()), key -> new EnumMap<>(Role.class))
            .merge(matrix.role(), matrix.frobenius() * matrix.frobenius(), Double::sum);
      }
    }
    List<LayerNorms> layers = new ArrayList<>();
    squares.forEach((key, bySquare) -> {
      Map<Role, Double> norms = new LinkedHashMap<>();
      for (Role role : ROLES) {
        Double square = bySquare.get(role);
        if (square != null) {
          norms.put(role, Math.sqrt(square));
        }
      }
      layers.add(new LayerNorms(key.stack(), key.layer(), norms, ratios(norms)));
    });
    return new NormPreservation(
        layers,
        spreads(layers),
        DEFAULT_HOMOGENEITY,
        weightedHarmonicMean(inForwardOrder(matrices), DEFAULT_HOMOGENEITY));
  }

  private record LayerKey(String stack, int layer) {}

  private static Map<Role, Double> ratios(Map<Role, Double> norms) {
    double logarithms = 0;
    for (double norm : norms.values()) {
      logarithms += Math.log(norm);
    }
    if (!Double.isFinite(logarithms)) {
      return Map.of();
    }
    double mean = Math.exp(logarithms / norms.size());
    Map<Role, Double> ratios = new LinkedHashMap<>();
    norms.forEach((role, norm) -> ratios.put(role, norm / mean));
    return ratios;
  }

  private static List<RoleSpread> spreads(List<LayerNorms> layers) {
    List<RoleSpread> spreads = new ArrayList<>();
    for (Role role : ROLES) {
      double[] norms =
          layers.stream()
              .map(LayerNorms::frobenius)
              .filter(byRole -> byRole.containsKey(role))
              .mapToDouble(byRole -> byRole.getOrDefault(role, 0.0))
              .toArray();
      if (norms.length == 0) {
        continue;
      }
      double sum = 0;
      for (double norm : norms) {
        sum += norm;
      }
      double mean = sum / norms.length;
      double squares = 0;
      for (double norm : norms) {
        squares += (norm - mean) * (norm - mean);
      }
      double deviation = Math.sqrt(squares / norms.length);
      spreads.add(new RoleSpread(role, mean, mean > 0 ? deviation / mean : 0));
    }
    return spreads;
  }

  /** Report order has QKV, O, M1, M2 of a layer in forward order already. */
  private static double[] inForwardOrder(List<MatrixMetrics> matrices) {
    return matrices.stream()
        .filter(matrix -> matrix.layer() >= 0 && ROLES.contains(matrix.role()))
        .mapToDouble(MatrixMetrics::stableRank)
        .toArray();
  }

  /**
   * The weighted harmonic mean of Lemma 3.
   *
   * @param stableRanks ‖Wₖ‖_F/‖Wₖ‖₂ for k = 1..K, first layer first
   * @param homogeneity H ≥ 1
   * @return empty for no matrices or if one is zero
   */
  public static OptionalDouble weightedHarmonicMean(double[] stableRanks, double homogeneity) {
    int count = stableRanks.length;
    double sum = 0;
    double total = 0;
    for (int k = 1; k <= count; k++) {
      if (!(stableRanks[k - 1] > 0)) {
        return OptionalDouble.empty();
      }
      double weight = Math.pow(homogeneity, count - k);
      sum += Math.pow(weight, 1.5) / stableRanks[k - 1];
      total += weight;
    }
    return count == 0 ? OptionalDouble.empty() : OptionalDouble.of(total / sum);
  }
}
