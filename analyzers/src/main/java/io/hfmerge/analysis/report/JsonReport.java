package io.hfmerge.analysis.report;

import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.AnalysisReport.RoleSummary;
import io.hfmerge.analysis.metric.BalanceMetrics;
import io.hfmerge.analysis.metric.HeadMetrics;
import io.hfmerge.analysis.metric.MatrixMetrics;
import io.hfmerge.analysis.metric.NormPreservation;
import io.hfmerge.hf.arch.ModelDimensions;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.json.PythonJson;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A report as JSON of the schema {@value #SCHEMA}.
 *
 * <p>Numbers are the shortest decimals that read back as the same doubles; what has no finite value
 * is {@code null}. {@code stack} and {@code expert} are there only for models that have them,
 * {@code layer} only within layers. Equal reports give equal bytes: neither time nor machine is
 * named.
 */
public final class JsonReport {

  /** Name and version of the format. */
  public static final String SCHEMA = "hfmerge.analysis/1";

  /** Name and version of the format of several reports. */
  public static final String COMPARISON = "hfmerge.comparison/1";

  private JsonReport() {}

  /**
   * Writes a report.
   *
   * @param toolVersion the version of hfmerge that made it
   * @return JSON text with a final line break
   */
  public static String write(AnalysisReport report, String toolVersion) {
    return PythonJson.write(tree(report, toolVersion));
  }

  /** A report as maps, lists and scalars. */
  static Map<String, Object> tree(AnalysisReport report, String toolVersion) {
    Map<String, Object> root = head(SCHEMA, toolVersion);
    root.putAll(body(report));
    return root;
  }

  /**
   * Writes several reports as one object of the schema {@value #COMPARISON}, whose {@code reports}
   * are as {@link #SCHEMA} has them.
   *
   * @param toolVersion the version of hfmerge that made them
   * @return JSON text with a final line break
   */
  public static String write(List<AnalysisReport> reports, String toolVersion) {
    Map<String, Object> root = head(COMPARISON, toolVersion);
    List<Object> bodies = new ArrayList<>();
    for (AnalysisReport report : reports) {
      bodies.add(tree(report, toolVersion));
    }
    root.put("reports", bodies);
    return PythonJson.write(root);
  }

  private static Map<String, Object> head(String schema, String toolVersion) {
    Map<String, Object> head = new LinkedHashMap<>();
    head.put("schema", schema);
    Map<String, Object> tool = new LinkedHashMap<>();
    tool.put("name", "hfmerge");
    tool.put("version", toolVersion);
    head.put("tool", tool);
    return head;
  }

  private static Map<String, Object> body(AnalysisReport report) {
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("model", model(report.model()));
    root.put("settings", settings(report.settings()));
    root.put("matrices", report.matrices().stream().map(JsonReport::matrix).toList());
    root.put("heads", report.heads().stream().map(JsonReport::head).toList());
    root.put("balance", report.balance().stream().map(JsonReport::balance).toList());
    root.put("normPreservation", norms(report.normPreservation()));
    root.put("summary", summary(report.summary()));
    List<Object> skipped = new ArrayList<>();
    for (AnalysisReport.Skipped entry : report.skipped()) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("tensor", entry.tensor());
      fields.put("reason", entry.reason());
      skipped.add(fields);
    }
    root.put("skipped", skipped);
    return root;
  }

  private static Map<String, Object> model(AnalysisReport.Model model) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("id", model.id());
    fields.put("revision", model.revision().orElse(null));
    fields.put("modelType", model.modelType());
    if (model.dimensions().isPresent()) {
      ModelDimensions sizes = model.dimensions().get();
      fields.put("layers", sizes.layers());
      fields.put("hidden", sizes.hidden());
      fields.put("heads", sizes.heads());
      fields.put("kvHeads", sizes.kvHeads());
      fields.put("headWidth", sizes.headWidth());
    }
    fields.put("dtype", model.dtype());
    model.base().ifPresent(base -> fields.put("base", base));
    return plain(fields);
  }

  private static Map<String, Object> settings(AnalysisReport.Settings settings) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("metrics", settings.request().metrics().name().toLowerCase(Locale.ROOT));
    fields.put("heads", settings.request().heads());
    fields.put("epsilon", settings.request().epsilon());
    fields.put("all", settings.request().includeOther());
    fields.put("device", settings.device());
    return fields;
  }

  private static Map<String, Object> matrix(MatrixMetrics matrix) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    place(fields, matrix.stack(), matrix.layer());
    fields.put("role", matrix.role().name());
    matrix.expert().ifPresent(expert -> fields.put("expert", expert));
    fields.put("tensor", matrix.tensor());
    fields.put("rows", matrix.rows());
    fields.put("cols", matrix.columns());
    fields.put("dtype", matrix.dtype().name());
    fields.put("frobenius", number(matrix.frobenius()));
    fields.put("spectral", number(matrix.spectral()));
    fields.put("stableRank", number(matrix.stableRank()));
    fields.put("stableRankSquared", number(matrix.stableRankSquared()));
    matrix
        .spectrum()
        .ifPresent(spectrum -> {
          fields.put("nuclear", number(spectrum.nuclear()));
          fields.put("pseudoRank", number(spectrum.pseudoRank()));
          fields.put("epsilonRank", spectrum.epsilonRank());
          fields.put("epsilonRankLow", spectrum.epsilonRankLow());
          fields.put("epsilonRankHigh", spectrum.epsilonRankHigh());
          fields.put("effectiveRank", number(spectrum.effectiveRank()));
          fields.put("singularValues", spectrum.singularValues());
        });
    fields.put("noiseFloor", number(matrix.noiseFloor()));
    fields.put("epsilonBelowNoise", matrix.epsilonBelowNoise());
    fields.put("constant", matrix.constant());
    fields.put("errorBound", number(matrix.errorBound()));
    return plain(fields);
  }

  private static Map<String, Object> head(HeadMetrics head) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    place(fields, head.stack(), head.layer());
    fields.put("head", head.head());
    fields.put("product", head.product().name());
    fields.put("discrepancy", number(head.discrepancy()));
    fields.put("relativeDiscrepancy", number(head.relativeDiscrepancy()));
    fields.put("nuclear", number(head.nuclear()));
    fields.put("halfFrobeniusSquared", number(head.halfFrobeniusSquared()));
    fields.put("tightness", number(head.tightness()));
    fields.put("pseudoRank", number(head.pseudoRank()));
    fields.put("bound", number(head.bound()));
    fields.put("boundA5", number(head.boundA5().orElse(Double.NaN)));
    fields.put("rowNormCorrelation", number(head.rowNorms().correlation().orElse(Double.NaN)));
    fields.put("rowNormsA", head.rowNorms().a());
    fields.put("rowNormsB", head.rowNorms().b());
    return plain(fields);
  }

  private static Map<String, Object> balance(BalanceMetrics balance) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    place(fields, balance.stack(), balance.layer());
    balance.expert().ifPresent(expert -> fields.put("expert", expert));
    balance.head().ifPresent(head -> fields.put("head", head));
    fields.put("product", balance.product().name());
    fields.put("identity", balance.identity().label());
    fields.put("value", balance.value().map(JsonReport::number).orElse(null));
    fields.put("correlation", number(balance.correlation().orElse(Double.NaN)));
    if (!balance.reason().isEmpty()) {
      fields.put("reason", balance.reason());
    }
    return plain(fields);
  }

  private static Map<String, Object> norms(NormPreservation norms) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    List<Object> layers = new ArrayList<>();
    for (NormPreservation.LayerNorms layer : norms.layers()) {
      Map<String, @Nullable Object> entry = new LinkedHashMap<>();
      place(entry, layer.stack(), layer.layer());
      entry.put("frobenius", byRole(layer.frobenius()));
      entry.put("ratio", byRole(layer.ratio()));
      layers.add(plain(entry));
    }
    fields.put("layers", layers);
    List<Object> roles = new ArrayList<>();
    for (NormPreservation.RoleSpread spread : norms.roles()) {
      Map<String, @Nullable Object> entry = new LinkedHashMap<>();
      place(entry, spread.stack(), -1);
      entry.put("role", spread.role().name());
      entry.put("mean", number(spread.mean()));
      entry.put("coefficientOfVariation", number(spread.coefficientOfVariation()));
      spread
          .trend()
          .ifPresent(trend -> {
            entry.put("intercept", number(trend.intercept()));
            entry.put("slope", number(trend.slope()));
            entry.put("deviation", number(trend.deviation()));
          });
      roles.add(plain(entry));
    }
    fields.put("roles", roles);
    List<Object> outliers = new ArrayList<>();
    for (NormPreservation.Outlier outlier : norms.outliers()) {
      Map<String, @Nullable Object> entry = new LinkedHashMap<>();
      place(entry, outlier.stack(), outlier.layer());
      entry.put("role", outlier.role().name());
      entry.put("frobenius", number(outlier.frobenius()));
      entry.put("expected", number(outlier.expected()));
      entry.put("score", number(outlier.score()));
      outliers.add(plain(entry));
    }
    fields.put("outliers", outliers);
    fields.put("homogeneity", number(norms.homogeneity()));
    fields.put(
        "weightedHarmonicStableRank",
        norms.weightedHarmonicStableRank().isPresent()
            ? number(norms.weightedHarmonicStableRank().getAsDouble())
            : null);
    return plain(fields);
  }

  private static Map<String, Object> byRole(Map<Role, Double> values) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    values.forEach((role, value) -> fields.put(role.name(), number(value)));
    return plain(fields);
  }

  private static Map<String, Object> summary(AnalysisReport.Summary summary) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("matrices", summary.matrices());
    fields.put("heads", summary.heads());
    fields.put("skipped", summary.skipped());
    fields.put("belowNoise", summary.belowNoise());
    fields.put("constant", summary.constant());
    fields.put("largestErrorBound", number(summary.largestErrorBound()));
    List<Object> roles = new ArrayList<>();
    for (RoleSummary role : summary.roles()) {
      Map<String, @Nullable Object> entry = new LinkedHashMap<>();
      entry.put("role", role.role().name());
      entry.put("count", role.count());
      entry.put("meanStableRank", number(role.meanStableRank()));
      entry.put("minStableRank", number(role.minStableRank()));
      entry.put("maxStableRank", number(role.maxStableRank()));
      roles.add(plain(entry));
    }
    fields.put("roles", roles);
    return plain(fields);
  }

  private static void place(Map<String, @Nullable Object> fields, String stack, int layer) {
    if (!stack.isEmpty()) {
      fields.put("stack", stack);
    }
    if (layer >= 0) {
      fields.put("layer", layer);
    }
  }

  private static @Nullable Double number(double value) {
    return Double.isFinite(value) ? value : null;
  }

  @SuppressWarnings({"unchecked", "NullAway"}) // JSON has null; the annotations of Map do not
  private static Map<String, Object> plain(Map<String, @Nullable Object> fields) {
    return (Map<String, Object>) (Map<String, ?>) fields;
  }
}
