package io.hfmerge.analysis.report;

import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.AnalysisReport.Model;
import io.hfmerge.analysis.AnalysisReport.Settings;
import io.hfmerge.analysis.AnalysisReport.Skipped;
import io.hfmerge.analysis.AnalysisRequest;
import io.hfmerge.analysis.AnalysisRequest.DeviceChoice;
import io.hfmerge.analysis.AnalysisRequest.Metrics;
import io.hfmerge.analysis.ReportAssembly;
import io.hfmerge.analysis.metric.BalanceMetrics;
import io.hfmerge.analysis.metric.BalanceMetrics.Identity;
import io.hfmerge.analysis.metric.HeadMetrics;
import io.hfmerge.analysis.metric.MatrixMetrics;
import io.hfmerge.analysis.metric.Product;
import io.hfmerge.analysis.metric.RowNorms;
import io.hfmerge.analysis.metric.SpectrumMetrics;
import io.hfmerge.error.MalformedReportException;
import io.hfmerge.hf.arch.ModelDimensions;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads what {@link JsonReport} writes, one analysis or several, so that reports can be made
 * without the models.
 *
 * <p>The file is not trusted. Sizes, nesting, types and ranges are checked while it is read; then
 * the analysis is written again and compared with the file, field by field: what is unknown,
 * missing, or does not follow from the measured numbers (a stable rank that is not the ratio of its
 * norms) is an error.
 */
public final class StoredAnalysis {

  /** A model of 100 layers with all singular values has a tenth of that. */
  private static final long MOST_BYTES = 1L << 30;

  private static final int MOST_NESTING = 16;
  private static final int MOST_TEXT = 1 << 20;
  private static final int MOST_DIGITS = 64;

  /**
   * Relative distance of numbers that follow from others: logarithms of different Java platforms
   * differ in the last digit, and sums of thousands of them add up.
   */
  private static final double DERIVED = 1e-9;

  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MOST_NESTING)
                          .maxStringLength(MOST_TEXT)
                          .maxNameLength(MOST_TEXT)
                          .maxNumberLength(MOST_DIGITS)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final String SUFFIX = ".json";

  private StoredAnalysis() {}

  /** Whether a model reference names a JSON file, which no model is. */
  public static boolean isNamedBy(String reference) {
    try {
      return reference.endsWith(SUFFIX) && Files.isRegularFile(Path.of(reference));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  /**
   * Reads a file.
   *
   * @return one analysis, or those of a comparison in their order
   * @throws MalformedReportException if it is not what this version writes
   * @throws IOException if it cannot be read
   */
  public static List<AnalysisReport> read(Path file) throws IOException {
    long size = Files.size(file);
    if (size > MOST_BYTES) {
      throw new MalformedReportException(
          "%s: expected at most %d bytes, found %d".formatted(file, MOST_BYTES, size));
    }
    JsonNode root;
    try {
      root = JSON.readTree(Files.readAllBytes(file));
    } catch (JacksonException e) {
      throw new MalformedReportException(
          "%s: expected JSON that hfmerge analyze wrote: %s"
              .formatted(file, e.getOriginalMessage()),
          e);
    }
    JsonFields fields = new JsonFields(file.toString(), "", root);
    String schema = fields.text("schema");
    if (schema.equals(JsonReport.SCHEMA)) {
      return List.of(checked(fields));
    }
    if (!schema.equals(JsonReport.COMPARISON)) {
      throw fields.error(
          "schema",
          "\"%s\" or \"%s\" (is it of another version of hfmerge?)"
              .formatted(JsonReport.SCHEMA, JsonReport.COMPARISON));
    }
    List<JsonFields> reports = fields.objects("reports");
    if (reports.isEmpty()) {
      throw fields.error("reports", "one analysis or more");
    }
    return reports.stream().map(StoredAnalysis::checked).toList();
  }

  private static AnalysisReport checked(JsonFields fields) {
    AnalysisReport report;
    try {
      report = report(fields);
    } catch (IllegalArgumentException e) {
      throw new MalformedReportException(fields.file() + ": " + e.getMessage(), e);
    }
    compare(
        fields.file(),
        fields.path(),
        fields.node(),
        JSON.valueToTree(JsonReport.tree(report, fields.object("tool").text("version"))));
    return report;
  }

  private static AnalysisReport report(JsonFields fields) {
    JsonFields settings = fields.object("settings");
    double epsilon = settings.size("epsilon");
    return ReportAssembly.of(
        model(fields.object("model")),
        new Settings(
            new AnalysisRequest(
                settings.choice(
                    "metrics", named(Metrics.values(), m -> m.name().toLowerCase(Locale.ROOT))),
                settings.truth("heads"),
                epsilon,
                settings.truth("all"),
                DeviceChoice.AUTO,
                1),
            settings.text("device")),
        fields.objects("matrices").stream().map(entry -> matrix(entry, epsilon)).toList(),
        fields.objects("heads").stream().map(StoredAnalysis::head).toList(),
        fields.objects("balance").stream().map(StoredAnalysis::balance).toList(),
        fields.objects("skipped").stream()
            .map(entry -> new Skipped(entry.text("tensor"), entry.text("reason")))
            .toList());
  }

  private static <T> Map<String, T> named(T[] values, Function<T, String> name) {
    return Arrays.stream(values)
        .collect(Collectors.toMap(name, Function.identity(), (a, b) -> a, LinkedHashMap::new));
  }

  private static Model model(JsonFields fields) {
    Optional<ModelDimensions> dimensions =
        fields.has("layers")
            ? Optional.of(
                new ModelDimensions(
                    fields.count("layers"),
                    fields.count("hidden"),
                    fields.count("heads"),
                    fields.count("kvHeads"),
                    fields.count("headWidth")))
            : Optional.empty();
    return new Model(
        fields.text("id"),
        fields.optionalText("revision"),
        fields.text("modelType"),
        dimensions,
        fields.text("dtype"),
        fields.optionalText("base"));
  }

  private static String stack(JsonFields fields) {
    return fields.optionalText("stack").orElse("");
  }

  private static MatrixMetrics matrix(JsonFields fields, double epsilon) {
    int rows = fields.count("rows");
    int columns = fields.count("cols");
    double errorBound = fields.optionalNumber("errorBound").orElse(Double.POSITIVE_INFINITY);
    return new MatrixMetrics(
        stack(fields),
        fields.optionalCount("layer").orElse(-1),
        fields.choice("role", named(Role.values(), Role::name)),
        fields.optionalCount("expert"),
        fields.text("tensor"),
        rows,
        columns,
        fields.choice("dtype", named(DType.values(), DType::name)),
        fields.size("frobenius"),
        fields.size("spectral"),
        errorBound,
        fields.size("noiseFloor"),
        fields.truth("epsilonBelowNoise"),
        fields.truth("constant"),
        fields.has("singularValues")
            ? Optional.of(
                SpectrumMetrics.of(
                    singularValues(fields, Math.min(rows, columns)), epsilon, errorBound))
            : Optional.empty());
  }

  private static List<Double> singularValues(JsonFields fields, int count) {
    List<Double> values = fields.sizes("singularValues");
    if (values.size() != count) {
      throw fields.error("singularValues", count + " of them");
    }
    for (int i = 1; i < count; i++) {
      if (values.get(i) > values.get(i - 1)) {
        throw fields.error("singularValues", "values that descend");
      }
    }
    return values;
  }

  private static HeadMetrics head(JsonFields fields) {
    return new HeadMetrics(
        stack(fields),
        fields.count("layer"),
        fields.count("head"),
        fields.choice("product", named(Product.values(), Product::name)),
        fields.size("discrepancy"),
        fields.size("relativeDiscrepancy"),
        fields.size("nuclear"),
        fields.size("halfFrobeniusSquared"),
        fields.size("tightness"),
        fields.size("pseudoRank"),
        fields.size("bound"),
        fields.optionalNumber("boundA5"),
        new RowNorms(fields.sizes("rowNormsA"), fields.sizes("rowNormsB")));
  }

  private static BalanceMetrics balance(JsonFields fields) {
    return new BalanceMetrics(
        stack(fields),
        fields.count("layer"),
        fields.optionalCount("expert"),
        fields.optionalCount("head"),
        fields.choice("product", named(Product.values(), Product::name)),
        fields.choice("identity", named(Identity.values(), Identity::label)),
        fields.optionalNumber("value").stream().boxed().findFirst(),
        fields.optionalNumber("correlation"),
        fields.optionalText("reason").orElse(""));
  }

  /** Compares a file with what it was read as. */
  private static void compare(String file, String path, JsonNode found, JsonNode expected) {
    if (expected.isObject() && found.isObject()) {
      for (String name : found.propertyNames()) {
        if (!expected.has(name)) {
          throw new MalformedReportException(
              "%s: %s: a field that this version does not know"
                  .formatted(file, path.isEmpty() ? name : path + "." + name));
        }
      }
      for (String name : expected.propertyNames()) {
        JsonNode value = found.get(name);
        String at = path.isEmpty() ? name : path + "." + name;
        if (value == null) {
          throw new MalformedReportException("%s: %s is missing".formatted(file, at));
        }
        compare(file, at, value, expected.get(name));
      }
      return;
    }
    if (expected.isArray() && found.isArray() && expected.size() == found.size()) {
      for (int i = 0; i < found.size(); i++) {
        compare(file, path + "[" + i + "]", found.get(i), expected.get(i));
      }
      return;
    }
    boolean same =
        (expected.isNumber() && found.isNumber())
            ? close(found.doubleValue(), expected.doubleValue())
            : found.equals(expected);
    if (!same) {
      throw new MalformedReportException(
          "%s: %s: expected %s, which follows from the other numbers, found %s"
              .formatted(file, path, JsonFields.describe(expected), JsonFields.describe(found)));
    }
  }

  private static boolean close(double found, double expected) {
    return Math.abs(found - expected) <= DERIVED * Math.max(Math.abs(found), Math.abs(expected));
  }
}
