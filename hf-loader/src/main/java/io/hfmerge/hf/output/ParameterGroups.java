package io.hfmerge.hf.output;

import io.hfmerge.plan.CopiedTensor;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.plan.MergedTensor;
import io.hfmerge.plan.PlannedTensor;
import io.hfmerge.plan.TensorSource;
import io.hfmerge.recipe.Recipe;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What each tensor of a plan is made of, once for all tensors that are made in the same way.
 *
 * @param groups models and resolved parameters, in the order of their first tensors
 * @param groupByTensor index of its group by name in the output
 */
record ParameterGroups(List<Map<String, Object>> groups, Map<String, Integer> groupByTensor) {

  static ParameterGroups of(MergePlan plan) {
    Map<Map<String, Object>, Integer> indices = new LinkedHashMap<>();
    Map<String, Integer> groupByTensor = new LinkedHashMap<>();
    for (PlannedTensor tensor : plan.tensors()) {
      Map<String, Object> group = describe(plan.recipe(), tensor);
      Integer index = indices.computeIfAbsent(group, key -> indices.size());
      groupByTensor.put(tensor.output().name(), index);
    }
    return new ParameterGroups(new ArrayList<>(indices.keySet()), groupByTensor);
  }

  private static Map<String, Object> describe(Recipe recipe, PlannedTensor tensor) {
    Map<String, Object> group = new LinkedHashMap<>();
    switch (tensor) {
      case CopiedTensor copied -> {
        group.put("copied_from", copied.source().input().reference());
        group.put("reason", copied.reason());
      }
      case MergedTensor merged -> {
        group.put("method", recipe.mergeMethod());
        List<Map<String, Object>> models = new ArrayList<>();
        List<TensorSource> sources = merged.sources();
        for (int i = 0; i < sources.size(); i++) {
          Map<String, Object> model = new LinkedHashMap<>();
          model.put("model", merged.context().models().get(i));
          if (i == merged.context().base()) {
            model.put("base", true);
          } else {
            model.put("parameters", new TreeMap<>(merged.context().parameters().perModel().get(i)));
          }
          models.add(model);
        }
        group.put("models", models);
        group.put("parameters", new TreeMap<>(merged.context().parameters().global()));
      }
    }
    return group;
  }
}
