package io.hfmerge.method;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A method's parameters with the values they have for one tensor; every parameter that the method
 * describes is there.
 *
 * @param global value of each parameter of global scope; truth values are 0 and not 0
 * @param perModel for each model of the context, value of each parameter of model scope; empty for
 *     the base
 */
public record TensorParameters(Map<String, Double> global, List<Map<String, Double>> perModel) {

  public TensorParameters {
    global = Map.copyOf(global);
    perModel = perModel.stream().map(Map::copyOf).toList();
  }

  /** A number of global scope. */
  public double number(String name) {
    return value(global, name);
  }

  /** A truth value of global scope. */
  public boolean flag(String name) {
    return value(global, name) != 0;
  }

  /** A number of model scope. */
  public double number(String name, int model) {
    return value(perModel.get(model), name);
  }

  private static double value(Map<String, Double> values, String name) {
    Double value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException(
          "no parameter \"" + name + "\" among " + new TreeMap<>(values).keySet());
    }
    return value;
  }
}
