package io.hfmerge.plan;

import io.hfmerge.method.ParameterDescription;
import io.hfmerge.method.ParameterDescription.Scope;
import io.hfmerge.method.TensorContext;
import io.hfmerge.method.TensorParameters;
import io.hfmerge.tensor.DType;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** A plan for people: tensors that are made in the same way stand together, layer by layer. */
final class PlanReport {

  /** Longer numbers are no layers. */
  private static final int MAX_NUMBER_DIGITS = 6;

  /** Digits of parameters that differ from each other by more than rounding. */
  private static final int DIGITS = 6;

  private final MergePlan plan;

  PlanReport(MergePlan plan) {
    this.plan = plan;
  }

  /** How tensors are made: the same for all of a group. */
  private record Making(List<String> models, int base, TensorParameters parameters, String copied) {

    static Making of(PlannedTensor tensor) {
      // no switch over types, for which Java would make a class while a command starts
      if (tensor instanceof MergedTensor merged) {
        TensorContext context = merged.context();
        return new Making(context.models(), context.base(), context.parameters(), "");
      }
      CopiedTensor copied = (CopiedTensor) tensor;
      return new Making(
          List.of(copied.source().input().reference()),
          TensorContext.NO_BASE,
          new TensorParameters(Map.of(), List.of()),
          copied.reason());
    }

    /** All of it as a list, whose hash Java need not make a class for as it does for a record's. */
    List<Object> key() {
      return List.of(models, base, parameters.global(), parameters.perModel(), copied);
    }
  }

  /** Names of a group, with the layers that each stands in. */
  private static final class Group {

    private final Making making;
    private final Map<String, BitSet> layers = new LinkedHashMap<>();
    private long tensors;
    private long bytes;

    Group(Making making) {
      this.making = making;
    }

    void add(PlannedTensor tensor) {
      String name = tensor.output().name();
      int layer = -1;
      StringBuilder pattern = new StringBuilder(name.length());
      int copied = 0;
      int dot = name.indexOf('.');
      while (dot >= 0) {
        int end = name.indexOf('.', dot + 1);
        if (end >= 0 && isNumber(name, dot + 1, end)) {
          pattern.append(name, copied, dot + 1).append(layer < 0 ? "{n}" : "*");
          layer = layer < 0 ? Integer.parseInt(name, dot + 1, end, 10) : layer;
          copied = end;
        }
        dot = end;
      }
      pattern.append(name, copied, name.length());
      BitSet found = layers.computeIfAbsent(pattern.toString(), key -> new BitSet());
      if (layer >= 0) {
        found.set(layer);
      }
      tensors++;
      bytes += tensor.output().sizeBytes();
    }

    /** A number between two dots: the first is the layer, further ones are experts. */
    private static boolean isNumber(String name, int start, int end) {
      if (start == end || end - start > MAX_NUMBER_DIGITS) {
        return false;
      }
      for (int i = start; i < end; i++) {
        if (name.charAt(i) < '0' || name.charAt(i) > '9') {
          return false;
        }
      }
      return true;
    }

    /** A line for each set of layers. */
    List<String> lines() {
      Map<String, List<String>> byPlace = new LinkedHashMap<>();
      layers.forEach((pattern, numbers) -> {
        int number = pattern.indexOf("{n}");
        String place =
            number < 0 ? "" : pattern.substring(0, number) + "{" + LayerNumbers.text(numbers) + "}";
        String rest = number < 0 ? pattern : pattern.substring(number + "{n}.".length());
        byPlace.computeIfAbsent(place, key -> new ArrayList<>()).add(rest);
      });
      List<String> lines = new ArrayList<>();
      byPlace.forEach((place, names) ->
          lines.add((place.isEmpty() ? "" : place + ": ") + String.join(", ", names)));
      return lines;
    }
  }

  /** Totals, what is read of each model, the groups, then the notes. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    long merged = plan.mergedTensors();
    lines.add(
        String.format(
            Locale.ROOT,
            "%s of %d %s: %d tensors merged, %d copied",
            plan.recipe().mergeMethod(),
            plan.inputs().size(),
            plan.inputs().size() == 1 ? "checkpoint" : "checkpoints",
            merged,
            plan.tensors().size() - merged));
    readBytes()
        .forEach((reference, bytes) ->
            lines.add(String.format(Locale.ROOT, "read     %,15d bytes of %s", bytes, reference)));
    lines.add(
        String.format(
            Locale.ROOT, "written  %,15d bytes: %s", plan.bytesToWrite(), writtenDtypes()));
    Map<List<Object>, Group> groups = new LinkedHashMap<>();
    for (PlannedTensor tensor : plan.tensors()) {
      Making making = Making.of(tensor);
      groups.computeIfAbsent(making.key(), key -> new Group(making)).add(tensor);
    }
    for (Group group : groups.values()) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%s (%d %s, %,d bytes)",
              describe(group.making),
              group.tensors,
              group.tensors == 1 ? "tensor" : "tensors",
              group.bytes));
      group.lines().forEach(line -> lines.add("    " + line));
    }
    plan.notes().forEach(note -> lines.add("note: " + note));
    return lines;
  }

  private Map<String, Long> readBytes() {
    Map<String, long[]> sums = new LinkedHashMap<>();
    plan.inputs().forEach(input -> sums.put(input.reference(), new long[1]));
    for (PlannedTensor tensor : plan.tensors()) {
      for (TensorSource source : tensor.sources()) {
        sums.computeIfAbsent(source.input().reference(), reference -> new long[1])[0] +=
            source.tensor().sizeBytes();
      }
    }
    Map<String, Long> bytes = new LinkedHashMap<>();
    sums.forEach((reference, sum) -> bytes.put(reference, sum[0]));
    return bytes;
  }

  private String writtenDtypes() {
    Map<DType, Long> tensors = new LinkedHashMap<>();
    for (PlannedTensor tensor : plan.tensors()) {
      tensors.merge(tensor.output().dtype(), 1L, Long::sum);
    }
    return tensors.entrySet().stream()
        .map(entry -> entry.getValue() + " tensors of " + entry.getKey())
        .collect(Collectors.joining(", "));
  }

  private String describe(Making making) {
    if (!making.copied().isEmpty()) {
      return "copied from " + making.models().getFirst() + ": " + making.copied();
    }
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < making.models().size(); i++) {
      String parameters =
          i == making.base()
              ? "(base)"
              : describe(Scope.PER_MODEL, making.parameters().perModel().get(i));
      parts.add(making.models().get(i) + (parameters.isEmpty() ? "" : " " + parameters));
    }
    String global = describe(Scope.GLOBAL, making.parameters().global());
    return "merged: " + String.join(" + ", parts) + (global.isEmpty() ? "" : "; " + global);
  }

  private String describe(Scope scope, Map<String, Double> values) {
    List<String> parts = new ArrayList<>();
    for (ParameterDescription parameter : plan.method().description().parameters()) {
      Double value = values.get(parameter.name());
      if (parameter.scope() == scope && parameter.used() && value != null) {
        parts.add(parameter.name() + "=" + parameter.word(value).orElseGet(() -> number(value)));
      }
    }
    return String.join(" ", parts);
  }

  private static String number(double value) {
    String exact = Double.toString(value);
    String rounded =
        Double.toString(Double.parseDouble(String.format(Locale.ROOT, "%." + DIGITS + "g", value)));
    return rounded.length() < exact.length() ? rounded : exact;
  }

  /** A line for each tensor, with shapes and exact parameters. */
  List<String> tensorLines() {
    List<String> lines = new ArrayList<>();
    for (PlannedTensor tensor : plan.tensors()) {
      StringBuilder line = new StringBuilder();
      line.append(tensor.output().name()).append("  ").append(tensor.output().describe());
      switch (tensor) {
        case CopiedTensor copied ->
            line.append("  copied from ")
                .append(copied.source().input().reference())
                .append(": ")
                .append(copied.source().tensor().name())
                .append(" (")
                .append(copied.reason())
                .append(')');
        case MergedTensor merged -> describe(line, merged);
      }
      lines.add(line.toString());
    }
    return lines;
  }

  private static void describe(StringBuilder line, MergedTensor merged) {
    TensorContext context = merged.context();
    for (int i = 0; i < merged.sources().size(); i++) {
      line.append(i == 0 ? "  " : " + ").append(context.models().get(i));
      String name = merged.sources().get(i).tensor().name();
      if (!name.equals(context.output().name())) {
        line.append(": ").append(name);
      }
      line.append(' ');
      line.append(
          i == context.base()
              ? "(base)"
              : new TreeMap<>(context.parameters().perModel().get(i)).toString());
    }
    line.append("  ").append(new TreeMap<>(context.parameters().global()));
  }
}
