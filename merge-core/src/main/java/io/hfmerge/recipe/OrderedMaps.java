package io.hfmerge.recipe;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Immutable copies that keep the order of a recipe's keys, which {@link Map#copyOf} does not. */
final class OrderedMaps {

  private OrderedMaps() {}

  static <V> Map<String, V> copyOf(Map<String, V> map) {
    return Collections.unmodifiableMap(new LinkedHashMap<>(map));
  }
}
