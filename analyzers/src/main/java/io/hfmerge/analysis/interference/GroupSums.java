package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.interference.ConflictReport.GroupConflicts;
import io.hfmerge.analysis.interference.ConflictReport.TensorConflicts;
import io.hfmerge.hf.arch.Role;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * Numbers of layers, roles and the whole model from those of tensors: sums over elements add up, so
 * that measures of elements are exact; spectral ones are means weighted by ‖D_i‖ ‖D_j‖ (pairs),
 * ‖D_t‖² (one task) or Σ‖D_t‖² (all), chance levels likewise; those of whole layers are plain
 * means.
 */
final class GroupSums {

  private record Key(Measure measure, OptionalInt first, OptionalInt second) {}

  private record Layer(String stack, int index) {}

  /** One group. */
  private static final class Group {

    private final TensorSums sums;
    private final Map<Key, double[]> means = new LinkedHashMap<>();
    private final NormSpread spread;
    private int tensors;

    Group(boolean ofRole, double[] weights) {
      this.sums = new TensorSums(weights.length);
      this.spread = new NormSpread(ofRole, weights);
    }

    /** Adds numbers of a layer, all of which count the same. */
    void add(List<MeasureValue> values) {
      for (MeasureValue value : values) {
        add(value, 1);
      }
    }

    private void add(MeasureValue value, double weight) {
      double[] mean =
          means.computeIfAbsent(
              new Key(value.measure(), value.first(), value.second()), key -> new double[3]);
      mean[0] += weight;
      mean[1] += weight * value.value();
      mean[2] += weight * value.chance().orElse(Double.NaN);
    }

    void add(TensorConflicts tensor, TensorSums ofTensor) {
      tensors++;
      sums.add(ofTensor);
      spread.add(tensor, ofTensor);
      for (MeasureValue value : tensor.values()) {
        if (!ELEMENT_MEASURES.contains(value.measure())) {
          add(value, weight(value, ofTensor));
        }
      }
    }

    private static double weight(MeasureValue value, TensorSums sums) {
      if (value.first().isEmpty()) {
        double all = 0;
        for (int t = 0; t < sums.tasks(); t++) {
          all += sums.squares(t);
        }
        return all;
      }
      double first = sums.squares(value.first().getAsInt());
      double second = value.second().isPresent() ? sums.squares(value.second().getAsInt()) : first;
      return Math.sqrt(first * second);
    }

    GroupConflicts conflicts(
        String stack, OptionalInt layer, Optional<Role> role, double[] weights) {
      Findings findings = new Findings();
      Measures.OF_ELEMENTS.forEach(measure -> measure.measure(sums, weights, findings));
      List<MeasureValue> values = new ArrayList<>(findings.values());
      Findings spreads = new Findings();
      spread.measure(spreads);
      List<MeasureValue> spectral = new ArrayList<>(spreads.values());
      means.forEach((key, mean) -> {
        double chance = mean[2] / mean[0];
        spectral.add(
            new MeasureValue(
                key.measure(),
                key.first(),
                key.second(),
                mean[1] / mean[0],
                Double.isFinite(chance) ? OptionalDouble.of(chance) : OptionalDouble.empty()));
      });
      // the order of reports, whichever tensor had a value first
      spectral.sort(
          Comparator.comparingInt((MeasureValue value) -> ORDER.indexOf(value.measure()))
              .thenComparingInt(value -> value.first().orElse(-1))
              .thenComparingInt(value -> value.second().orElse(-1)));
      values.addAll(spectral);
      return new GroupConflicts(stack, layer, role, tensors, sums.elements(), values);
    }
  }

  private static final List<Measure> ORDER = Measures.all();

  private static final List<Measure> ELEMENT_MEASURES =
      Measures.OF_ELEMENTS.stream().flatMap(measure -> measure.measures().stream()).toList();

  private final double[] weights;
  private final Group model;
  private final SequencedMap<Layer, Group> layers =
      new TreeMap<>(Comparator.comparing(Layer::stack).thenComparingInt(Layer::index));
  private final SequencedMap<Role, Group> roles = new TreeMap<>();

  GroupSums(double[] weights) {
    this.weights = weights;
    this.model = new Group(false, weights);
  }

  void add(TensorConflicts tensor, TensorSums sums) {
    model.add(tensor, sums);
    roles.computeIfAbsent(tensor.role(), role -> new Group(true, weights)).add(tensor, sums);
    if (tensor.layer() >= 0) {
      layers
          .computeIfAbsent(
              new Layer(tensor.stack(), tensor.layer()), layer -> new Group(false, weights))
          .add(tensor, sums);
    }
  }

  /** Adds numbers of a layer that are none of a tensor; the model's are their means. */
  void addLayer(String stack, int layer, List<MeasureValue> values) {
    Group group = layers.get(new Layer(stack, layer));
    if (group != null) {
      group.add(values);
      model.add(values);
    }
  }

  List<GroupConflicts> layers() {
    List<GroupConflicts> all = new ArrayList<>();
    layers.forEach((layer, group) ->
        all.add(
            group.conflicts(
                layer.stack(), OptionalInt.of(layer.index()), Optional.empty(), weights)));
    return all;
  }

  List<GroupConflicts> roles() {
    List<GroupConflicts> all = new ArrayList<>();
    roles.forEach((role, group) ->
        all.add(group.conflicts("", OptionalInt.empty(), Optional.of(role), weights)));
    return all;
  }

  GroupConflicts model() {
    return model.conflicts("", OptionalInt.empty(), Optional.empty(), weights);
  }
}
