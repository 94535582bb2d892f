package io.hfmerge.analysis.metric;

import io.hfmerge.hf.arch.Role;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * How equal the Frobenius norms of a model's matrices are, which weight decay makes them in
 * homogeneous networks (arXiv:2502.17340, Lemma 2), and the average that its Lemma 3 bounds.
 *
 * @param layers norms layer by layer
 * @param roles spread over the layers and its trend, by role
 * @param outliers norms far from the trend of their role, in the order of roles and layers
 * @param homogeneity degree H of the activations assumed for the harmonic mean
 * @param weightedHarmonicStableRank the "pseudo-rank" of arXiv:2502.17340 (Lemma 3): 1 over Σₖ
 *     (H^(K−k))^(3/2)/Z · ‖Wₖ‖₂/‖Wₖ‖_F, Z = Σₖ H^(K−k), over the K matrices {@link #ROLES} of all
 *     layers in forward order; empty if there is none
 */
public record NormPreservation(
    List<LayerNorms> layers,
    List<RoleSpread> roles,
    List<Outlier> outliers,
    double homogeneity,
    OptionalDouble weightedHarmonicStableRank) {

  /** The matrices that Lemma 2 is read for, in forward order. */
  public static final List<Role> ROLES = List.of(Role.QKV, Role.O, Role.M1, Role.M2);

  /** ReLU and the identity. */
  private static final double DEFAULT_HOMOGENEITY = 1;

  public NormPreservation {
    layers = List.copyOf(layers);
    roles = List.copyOf(roles);
    outliers = List.copyOf(outliers);
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
   * Norms of a role across the layers of a stack.
   *
   * @param stack the stack of layers, empty where there is one
   * @param role the role
   * @param mean mean of ‖W‖_F
   * @param coefficientOfVariation population standard deviation over the mean; 0 for zero matrices
   * @param trend the line through the norms; empty for fewer than five layers
   */
  public record RoleSpread(
      String stack,
      Role role,
      double mean,
      double coefficientOfVariation,
      Optional<NormTrend> trend) {}

  /**
   * A norm that does not fit its role's trend.
   *
   * @param stack the stack of layers, empty where there is one
   * @param layer layer from 0
   * @param role the role
   * @param frobenius ‖W‖_F
   * @param expected the trend's value there
   * @param score distance in standard deviations, estimated from the median; negative below the
   *     trend, infinite where all others lie on it
   */
  public record Outlier(
      String stack, int layer, Role role, double frobenius, double expected, double score) {}

  /** Gathers the norms of the measured matrices, in report order; constant ones do not count. */
  public static NormPreservation of(List<MatrixMetrics> matrices) {
    Map<LayerKey, Map<Role, Double>> squares = new LinkedHashMap<>();
    for (MatrixMetrics matrix : matrices) {
      if (matrix.layer() >= 0 && ROLES.contains(matrix.role()) && !matrix.constant()) {
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
    List<RoleSpread> roles = spreads(layers);
    return new NormPreservation(
        layers,
        roles,
        outliers(layers, roles),
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
    for (String stack : layers.stream().map(LayerNorms::stack).distinct().toList()) {
      for (Role role : ROLES) {
        List<LayerNorms> having =
            layers.stream()
                .filter(layer -> layer.stack().equals(stack) && layer.frobenius().containsKey(role))
                .toList();
        if (!having.isEmpty()) {
          spreads.add(spread(stack, role, having));
        }
      }
    }
    return spreads;
  }

  private static RoleSpread spread(String stack, Role role, List<LayerNorms> layers) {
    double[] norms =
        layers.stream().mapToDouble(layer -> layer.frobenius().getOrDefault(role, 0.0)).toArray();
    Spread spread = Spread.of(norms);
    return new RoleSpread(
        stack,
        role,
        spread.mean(),
        spread.mean() > 0 ? spread.deviation() / spread.mean() : 0,
        norms.length < NormTrend.LEAST_LAYERS
            ? Optional.empty()
            : Optional.of(
                NormTrend.fit(layers.stream().mapToInt(LayerNorms::layer).toArray(), norms)));
  }

  private static List<Outlier> outliers(List<LayerNorms> layers, List<RoleSpread> roles) {
    List<Outlier> outliers = new ArrayList<>();
    for (RoleSpread role : roles) {
      if (role.trend().isEmpty()) {
        continue;
      }
      NormTrend trend = role.trend().get();
      for (LayerNorms layer : layers) {
        Double norm = layer.frobenius().get(role.role());
        if (norm != null && layer.stack().equals(role.stack())) {
          trend
              .outlier(layer.layer(), norm)
              .ifPresent(score ->
                  outliers.add(
                      new Outlier(
                          layer.stack(),
                          layer.layer(),
                          role.role(),
                          norm,
                          trend.at(layer.layer()),
                          score)));
        }
      }
    }
    return outliers;
  }

  /** Report order has QKV, O, M1, M2 of a layer in forward order already. */
  private static double[] inForwardOrder(List<MatrixMetrics> matrices) {
    return matrices.stream()
        .filter(matrix -> matrix.layer() >= 0 && ROLES.contains(matrix.role()))
        .filter(matrix -> !matrix.constant())
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
