package io.hfmerge.analysis.report;

import io.hfmerge.analysis.interference.ConflictReport;
import io.hfmerge.analysis.interference.ConflictReport.GroupConflicts;
import io.hfmerge.analysis.interference.ConflictReport.TensorConflicts;
import io.hfmerge.analysis.interference.MeasureValue;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** A report on conflicts as one long table, a number a row: what CSV and Parquet files hold. */
final class ConflictRows {

  /**
   * A number.
   *
   * @param group what it is of: {@code tensor}, {@code layer}, {@code role} or {@code model} (all
   *     tensors)
   * @param tensor the tensor; empty of groups
   * @param stack the stack of layers, empty where there is one
   * @param layer the layer; empty outside the layers
   * @param role the role; empty of layers and the model
   * @param expert the expert, of a mixture
   * @param model the model that the number speaks of; empty of the sum
   * @param other the other model of a pair
   * @param metric name of the number, as in JSON
   * @param value the number, finite
   * @param chance its level of chance, where one is known
   */
  record Row(
      String group,
      String tensor,
      String stack,
      OptionalInt layer,
      String role,
      OptionalInt expert,
      String model,
      String other,
      String metric,
      double value,
      OptionalDouble chance) {}

  private final ConflictReport report;
  private final List<Row> rows = new ArrayList<>();

  private ConflictRows(ConflictReport report) {
    this.report = report;
  }

  /** Tensors, layers, roles, the whole model. */
  static List<Row> of(ConflictReport report) {
    ConflictRows table = new ConflictRows(report);
    report.tensors().forEach(table::add);
    report.layers().forEach(group -> table.add("layer", group));
    report.roles().forEach(group -> table.add("role", group));
    table.add("model", report.model());
    return table.rows;
  }

  private void add(TensorConflicts tensor) {
    OptionalInt layer = tensor.layer() < 0 ? OptionalInt.empty() : OptionalInt.of(tensor.layer());
    for (MeasureValue value : tensor.values()) {
      add(
          "tensor",
          tensor.tensor(),
          tensor.stack(),
          layer,
          tensor.role().name(),
          tensor.expert(),
          value);
    }
  }

  private void add(String kind, GroupConflicts group) {
    String role = group.role().map(Enum::name).orElse("");
    for (MeasureValue value : group.values()) {
      add(kind, "", group.stack(), group.layer(), role, OptionalInt.empty(), value);
    }
  }

  private void add(
      String group,
      String tensor,
      String stack,
      OptionalInt layer,
      String role,
      OptionalInt expert,
      MeasureValue value) {
    rows.add(
        new Row(
            group,
            tensor,
            stack,
            layer,
            role,
            expert,
            model(value.first()),
            model(value.second()),
            value.measure().key(),
            value.value(),
            value.chance()));
  }

  private String model(OptionalInt task) {
    return task.isPresent() ? report.tasks().get(task.getAsInt()).id() : "";
  }
}
