package io.hfmerge.hf.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Matrices and heads of reference checkpoints against values computed by other software. */
class GoldenStructureTest {

  /** F32 weights summed in F64 on both sides: only the order of summation differs. */
  private static final Percentage NORM_TOLERANCE = Percentage.withPercentage(1e-4);

  /** A difference of products of numbers around 1. */
  private static final double DISCREPANCY_TOLERANCE = 1e-9;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bert",
        "gpt2",
        "gpt_neox",
        "gptj",
        "llama",
        "mistral",
        "phi",
        "qwen2",
        "roberta",
        "vit"
      })
  void findsEveryMatrixOfEveryLayer(String family) {
    GoldenCheckpoint golden = new GoldenCheckpoint(family);
    List<WeightMatrix> matrices = golden.structure().layerMatrices();

    int expected = 0;
    for (JsonNode layer : golden.spectra.get("layers")) {
      for (var entry : layer.get("matrices").properties()) {
        expected++;
        WeightMatrix matrix =
            find(matrices, layer.get("layer").intValue(), Role.valueOf(entry.getKey()));
        JsonNode reference = entry.getValue();
        assertThat(matrix.rows()).isEqualTo(reference.get("rows").longValue());
        assertThat(matrix.columns()).isEqualTo(reference.get("cols").longValue());
        assertThat(frobenius(golden.read(matrix)))
            .as("%s layer %s %s", family, layer.get("layer"), entry.getKey())
            .isCloseTo(reference.get("frobenius").doubleValue(), NORM_TOLERANCE);
      }
    }
    assertThat(matrices).hasSize(expected);
  }

  /** Sees wrong transposition and wrong order of rows, which norms of square matrices do not. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "bert",
        "gpt2",
        "gpt_neox",
        "gptj",
        "llama",
        "mistral",
        "phi",
        "qwen2",
        "roberta",
        "vit"
      })
  void slicesHeadsAsTheirProductsSay(String family) {
    GoldenCheckpoint golden = new GoldenCheckpoint(family);
    ModelStructure structure = golden.structure();
    ModelDimensions sizes = structure.dimensions().orElseThrow();
    List<WeightMatrix> matrices = structure.layerMatrices();
    for (JsonNode layer : golden.spectra.get("layers")) {
      int index = layer.get("layer").intValue();
      double[][] q = golden.read(find(matrices, index, Role.Q));
      double[][] k = golden.read(find(matrices, index, Role.K));
      double[][] v = golden.read(find(matrices, index, Role.V));
      double[][] o = transpose(golden.read(find(matrices, index, Role.O)));
      for (JsonNode head : layer.get("heads")) {
        int number = head.get("head").intValue();
        int kvNumber = number / (sizes.heads() / sizes.kvHeads());
        assertThat(
                discrepancy(
                    head(q, number, sizes.headWidth()), head(k, kvNumber, sizes.headWidth())))
            .as("%s layer %d head %d QK", family, index, number)
            .isCloseTo(
                head.get("QK").get("discrepancy").doubleValue(), within(DISCREPANCY_TOLERANCE));
        assertThat(
                discrepancy(
                    head(o, number, sizes.headWidth()), head(v, kvNumber, sizes.headWidth())))
            .as("%s layer %d head %d VP", family, index, number)
            .isCloseTo(
                head.get("VP").get("discrepancy").doubleValue(), within(DISCREPANCY_TOLERANCE));
      }
    }
  }

  private static WeightMatrix find(List<WeightMatrix> matrices, int layer, Role role) {
    return matrices.stream()
        .filter(matrix -> matrix.layer() == layer && matrix.role() == role)
        .filter(matrix -> matrix.expert().equals(OptionalInt.empty()))
        .findFirst()
        .orElseThrow();
  }

  private static double frobenius(double[][] rows) {
    return Math.sqrt(
        Arrays.stream(rows).flatMapToDouble(Arrays::stream).map(value -> value * value).sum());
  }

  private static double[][] head(double[][] rows, int head, int width) {
    return Arrays.copyOfRange(rows, head * width, (head + 1) * width);
  }

  private static double discrepancy(double[][] a, double[][] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < a.length; j++) {
        double difference = dot(a[i], a[j]) - dot(b[i], b[j]);
        sum += difference * difference;
      }
    }
    return Math.sqrt(sum);
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static double[][] transpose(double[][] rows) {
    double[][] columns = new double[rows[0].length][rows.length];
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < rows[i].length; j++) {
        columns[j][i] = rows[i][j];
      }
    }
    return columns;
  }
}
