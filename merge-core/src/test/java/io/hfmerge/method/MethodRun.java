package io.hfmerge.method;

import io.hfmerge.engine.MergeEngine;
import io.hfmerge.engine.MergeOptions;
import io.hfmerge.engine.MergeRemark;
import io.hfmerge.plan.MergeInput;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.plan.MergePlanner;
import io.hfmerge.plan.TensorNaming;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.recipe.ParameterValue;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeBuilder;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.testing.MemoryCheckpoint;
import io.hfmerge.testing.MemoryWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Merges tensors of one shape through planner and engine. */
final class MethodRun {

  private final String method;
  private final Map<String, Double> global = new LinkedHashMap<>();
  private final List<Map<String, Double>> perModel = new ArrayList<>();
  private final List<float[]> models = new ArrayList<>();
  private float @Nullable [] base;
  private @Nullable Shape shape;
  private Compatibility compatibility = Compatibility.HFMERGE;
  private MergeOptions options = MergeOptions.ofThreads(2);

  MethodRun(String method) {
    this.method = method;
  }

  MethodRun with(String parameter, double value) {
    global.put(parameter, value);
    return this;
  }

  MethodRun base(float[] values) {
    base = values;
    return this;
  }

  MethodRun model(float[] values) {
    return model(values, Map.of());
  }

  MethodRun model(float[] values, Map<String, Double> parameters) {
    models.add(values);
    perModel.add(parameters);
    return this;
  }

  MethodRun shape(long... dimensions) {
    shape = Shape.of(dimensions);
    return this;
  }

  MethodRun mergekit() {
    compatibility = Compatibility.MERGEKIT;
    return this;
  }

  MethodRun options(MergeOptions newOptions) {
    options = newOptions;
    return this;
  }

  private static ParameterValue value(ParameterDescription parameter, double value) {
    return parameter.type() == ParameterDescription.Type.FLAG
        ? ParameterValue.of(value != 0)
        : ParameterValue.of(value);
  }

  MergePlan plan(List<MemoryCheckpoint> open) {
    MethodDescription description =
        MergeMethods.installed().find(method).orElseThrow().description();
    RecipeBuilder recipe = Recipe.builder(method).compatibility(compatibility);
    global.forEach(
        (name, v) -> recipe.parameter(name, value(description.parameter(name).orElseThrow(), v)));
    List<MergeInput> inputs = new ArrayList<>();
    if (base != null) {
      recipe.base("base");
      inputs.add(input("base", base, open));
    }
    for (int i = 0; i < models.size(); i++) {
      String name = "m" + i;
      Map<String, ParameterValue> parameters = new LinkedHashMap<>();
      perModel.get(i).forEach((key, v) -> parameters.put(key, ParameterValue.of(v)));
      recipe.model(name, parameters);
      inputs.add(input(name, models.get(i), open));
    }
    return new MergePlanner(MergeMethods.installed()).plan(recipe.build(), inputs);
  }

  private MergeInput input(String name, float[] values, List<MemoryCheckpoint> open) {
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    MemoryCheckpoint checkpoint =
        new MemoryCheckpoint(name)
            .with("w", DType.F32, shape == null ? Shape.of(values.length) : shape, wide);
    open.add(checkpoint);
    return new MergeInput(name, checkpoint, TensorNaming.PLAIN);
  }

  /** The merged values. */
  float[] run() {
    List<MemoryCheckpoint> open = new ArrayList<>();
    try {
      MergePlan plan = plan(open);
      MemoryWriter writer = new MemoryWriter(plan.layout());
      new MergeEngine().run(plan, writer, options, ProgressListener.NONE);
      writer.finish();
      double[] values = writer.values("w");
      float[] out = new float[values.length];
      for (int i = 0; i < out.length; i++) {
        out[i] = (float) values[i];
      }
      return out;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      open.forEach(MemoryCheckpoint::close);
    }
  }

  /** What the method found out about the values, after a merge. */
  List<String> remarks() {
    List<MemoryCheckpoint> open = new ArrayList<>();
    try {
      MergePlan plan = plan(open);
      return new MergeEngine()
              .run(plan, new MemoryWriter(plan.layout()), options, ProgressListener.NONE)
              .remarks()
              .stream()
              .map(MergeRemark::text)
              .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      open.forEach(MemoryCheckpoint::close);
    }
  }

  /** The notes of the plan. */
  List<String> notes() {
    List<MemoryCheckpoint> open = new ArrayList<>();
    try {
      return plan(open).notes();
    } finally {
      open.forEach(MemoryCheckpoint::close);
    }
  }
}
