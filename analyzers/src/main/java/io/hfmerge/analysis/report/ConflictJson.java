package io.hfmerge.analysis.report;

import io.hfmerge.analysis.AnalysisReport.Skipped;
import io.hfmerge.analysis.interference.ConflictReport;
import io.hfmerge.analysis.interference.ConflictReport.GroupConflicts;
import io.hfmerge.analysis.interference.ConflictReport.SampledText;
import io.hfmerge.analysis.interference.ConflictReport.Task;
import io.hfmerge.analysis.interference.ConflictReport.TensorConflicts;
import io.hfmerge.analysis.interference.Measure;
import io.hfmerge.analysis.interference.MeasureValue;
import io.hfmerge.analysis.interference.Measures;
import io.hfmerge.analysis.interference.SumForecast;
import io.hfmerge.hf.json.PythonJson;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A report on conflicts as JSON of the schema {@value #SCHEMA}.
 *
 * <p>{@code measures} says what each number is. Values are {@code {"measure", "models", "value",
 * "chance", "aboveChance"}} with models counted from 0 in the order of {@code models}; {@code
 * aboveChance} is given for measures of overlap, whose scale ends at 1. Numbers are the shortest
 * decimals that read back as the same doubles. Equal reports give equal bytes.
 */
public final class ConflictJson {

  /** Name and version of the format. */
  public static final String SCHEMA = "hfmerge.conflicts/1";

  private ConflictJson() {}

  /**
   * Writes a report.
   *
   * @param toolVersion the version of hfmerge that made it
   * @return JSON text with a final line break
   */
  public static String write(ConflictReport report, String toolVersion) {
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("schema", SCHEMA);
    Map<String, Object> tool = new LinkedHashMap<>();
    tool.put("name", "hfmerge");
    tool.put("version", toolVersion);
    root.put("tool", tool);
    root.put("base", report.base());
    root.put("modelType", report.modelType());
    root.put("models", report.tasks().stream().map(ConflictJson::task).toList());
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("metrics", report.request().metrics().name().toLowerCase(Locale.ROOT));
    settings.put("rank", report.request().rank());
    settings.put("density", report.request().density());
    settings.put("all", report.request().includeOther());
    root.put("settings", settings);
    if (!report.texts().isEmpty()) {
      root.put("texts", report.texts().stream().map(ConflictJson::text).toList());
    }
    root.put("measures", Measures.all().stream().map(ConflictJson::measure).toList());
    root.put("tensors", report.tensors().stream().map(ConflictJson::tensor).toList());
    root.put("layers", report.layers().stream().map(ConflictJson::group).toList());
    root.put("roles", report.roles().stream().map(ConflictJson::group).toList());
    root.put("model", group(report.model()));
    report.theory().ifPresent(theory -> root.put("theory", theory(theory)));
    List<Object> skipped = new ArrayList<>();
    for (Skipped entry : report.skipped()) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("tensor", entry.tensor());
      fields.put("reason", entry.reason());
      skipped.add(fields);
    }
    root.put("skipped", skipped);
    return PythonJson.write(root);
  }

  private static Map<String, Object> task(Task task) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("id", task.id());
    task.revision().ifPresent(revision -> fields.put("revision", revision));
    fields.put("weight", task.weight());
    return fields;
  }

  private static Map<String, Object> text(SampledText text) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("name", text.name());
    fields.put("sequences", text.sequences());
    fields.put("tokens", text.tokens());
    fields.put("predictions", text.predictions());
    return fields;
  }

  private static Map<String, Object> measure(Measure measure) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("key", measure.key());
    fields.put("title", measure.title());
    fields.put("scope", measure.scope().name().toLowerCase(Locale.ROOT));
    fields.put("meaning", measure.meaning());
    return fields;
  }

  private static Map<String, Object> tensor(TensorConflicts tensor) {
    Map<String, Object> fields = new LinkedHashMap<>();
    if (!tensor.stack().isEmpty()) {
      fields.put("stack", tensor.stack());
    }
    if (tensor.layer() >= 0) {
      fields.put("layer", tensor.layer());
    }
    fields.put("role", tensor.role().name());
    tensor.expert().ifPresent(expert -> fields.put("expert", expert));
    fields.put("tensor", tensor.tensor());
    fields.put("rows", tensor.rows());
    fields.put("cols", tensor.columns());
    fields.put("values", tensor.values().stream().map(ConflictJson::value).toList());
    return fields;
  }

  private static Map<String, Object> group(GroupConflicts group) {
    Map<String, Object> fields = new LinkedHashMap<>();
    if (!group.stack().isEmpty()) {
      fields.put("stack", group.stack());
    }
    group.layer().ifPresent(layer -> fields.put("layer", layer));
    group.role().ifPresent(role -> fields.put("role", role.name()));
    fields.put("tensors", group.tensors());
    fields.put("elements", group.elements());
    fields.put("values", group.values().stream().map(ConflictJson::value).toList());
    return fields;
  }

  private static Map<String, Object> value(MeasureValue value) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("measure", value.measure().key());
    List<Integer> models = new ArrayList<>();
    value.first().ifPresent(models::add);
    value.second().ifPresent(models::add);
    fields.put("models", models);
    fields.put("value", value.value());
    value.chance().ifPresent(chance -> fields.put("chance", chance));
    if (value.measure().overlap()) {
      value.aboveChance().ifPresent(above -> fields.put("aboveChance", above));
    }
    return fields;
  }

  private static Map<String, Object> theory(SumForecast theory) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("statement", SumForecast.STATEMENT);
    List<Object> pairs = new ArrayList<>();
    for (SumForecast.PairReading pair : theory.pairs()) {
      Map<String, Object> entry = value(pair.inputAlignment());
      pair.worst().ifPresent(worst -> entry.put("worst", worst(worst)));
      pairs.add(entry);
    }
    fields.put("distanceFromOrthogonal", pairs);
    List<Object> tasks = new ArrayList<>();
    for (SumForecast.TaskReading task : theory.tasks()) {
      Map<String, Object> entry = value(task.damage());
      task.worst().ifPresent(worst -> entry.put("worst", worst(worst)));
      tasks.add(entry);
    }
    fields.put("predictedDamage", tasks);
    return fields;
  }

  private static Map<String, Object> worst(SumForecast.Worst worst) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("tensor", worst.tensor());
    fields.put("value", worst.value());
    return fields;
  }
}
