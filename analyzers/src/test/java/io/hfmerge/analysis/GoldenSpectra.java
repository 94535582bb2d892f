package io.hfmerge.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.analysis.metric.HeadMetrics;
import io.hfmerge.analysis.metric.MatrixMetrics;
import io.hfmerge.analysis.metric.Product;
import io.hfmerge.analysis.metric.SpectrumMetrics;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Holds a report against spectra of a float64 SVD (numpy). */
final class GoldenSpectra {

  /** What float32 products with a float64 finish are asked to keep, relative. */
  private static final double NORMS = 1e-6;

  /** What f64 Gram matrices are asked to keep in sums over the small singular values, relative. */
  private static final double SUMS = 1e-5;

  private final JsonNode layers;

  GoldenSpectra(String resource) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(GoldenSpectra.class.getResourceAsStream("/golden/" + resource))) {
      layers = JsonMapper.shared().readTree(in).get("layers");
    }
  }

  void assertNorms(AnalysisReport report) {
    Map<String, MatrixMetrics> measured = matrices(report);
    for (JsonNode layer : layers) {
      for (Map.Entry<String, JsonNode> entry : layer.get("matrices").properties()) {
        String place = layer.get("layer").asInt() + " " + entry.getKey();
        MatrixMetrics matrix = measured.get(place);
        assertThat(matrix).as(place).isNotNull();
        JsonNode expected = entry.getValue();
        assertThat(matrix.rows()).as(place).isEqualTo(expected.get("rows").asInt());
        assertThat(matrix.columns()).as(place).isEqualTo(expected.get("cols").asInt());
        close(place, matrix.frobenius(), expected.get("frobenius"), NORMS);
        close(place, matrix.spectral(), expected.get("spectral"), NORMS);
        close(place, matrix.stableRank(), expected.get("stable_rank"), NORMS);
        double error = Math.abs(matrix.spectral() / expected.get("spectral").asDouble() - 1);
        assertThat(error).as(place).isLessThanOrEqualTo(matrix.errorBound() + 1e-14);
      }
    }
  }

  void assertSpectra(AnalysisReport report) {
    Map<String, MatrixMetrics> measured = matrices(report);
    for (JsonNode layer : layers) {
      for (Map.Entry<String, JsonNode> entry : layer.get("matrices").properties()) {
        String place = layer.get("layer").asInt() + " " + entry.getKey();
        SpectrumMetrics spectrum = measured.get(place).spectrum().orElseThrow();
        JsonNode expected = entry.getValue();
        close(place, spectrum.nuclear(), expected.get("nuclear"), SUMS);
        close(place, spectrum.effectiveRank(), expected.get("effective_rank"), SUMS);
        close(place, spectrum.pseudoRank(), expected.get("pseudo_rank"), 1e-12);
        assertThat(spectrum.epsilonRank())
            .as(place)
            .isEqualTo(expected.get("epsilon_rank").asInt());
      }
    }
  }

  void assertHeads(AnalysisReport report) {
    Map<String, HeadMetrics> measured =
        report.heads().stream()
            .collect(Collectors.toMap(h -> h.layer() + " " + h.head() + " " + h.product(), h -> h));
    int count = 0;
    for (JsonNode layer : layers) {
      for (JsonNode expectedHead : layer.get("heads")) {
        for (Product product : new Product[] {Product.QK, Product.VP}) {
          String place =
              layer.get("layer").asInt() + " " + expectedHead.get("head").asInt() + " " + product;
          HeadMetrics head = measured.get(place);
          assertThat(head).as(place).isNotNull();
          JsonNode expected = expectedHead.get(product.name());
          close(place, head.discrepancy(), expected.get("discrepancy"), SUMS);
          close(place, head.relativeDiscrepancy(), expected.get("relative_discrepancy"), SUMS);
          close(place, head.nuclear(), expected.get("nuclear"), SUMS);
          close(place, head.halfFrobeniusSquared(), expected.get("half_frobenius_sq"), SUMS);
          close(place, head.tightness(), expected.get("tightness"), SUMS);
          close(place, head.pseudoRank(), expected.get("pseudo_rank"), 1e-12);
          count++;
        }
      }
    }
    assertThat(report.heads()).hasSize(count);
  }

  private static Map<String, MatrixMetrics> matrices(AnalysisReport report) {
    return report.matrices().stream()
        .filter(m -> m.layer() >= 0)
        .collect(Collectors.toMap(m -> m.layer() + " " + m.role(), m -> m));
  }

  private static void close(String place, double value, JsonNode expected, double relative) {
    assertThat(value)
        .as(place)
        .isCloseTo(expected.asDouble(), within(Math.abs(expected.asDouble()) * relative));
  }
}
