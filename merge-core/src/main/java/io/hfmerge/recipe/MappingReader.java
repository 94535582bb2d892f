package io.hfmerge.recipe;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.Node;

/** Reads keys and values, strictly. */
@FunctionalInterface
interface MappingReader {

  /**
   * The values of a mapping by key, those that are null left out; unknown and repeated keys are
   * reported.
   *
   * @param what the mapping, for messages
   * @param known allowed keys; {@code null} for any
   */
  Map<String, Node> read(Node node, String what, @Nullable List<String> known);
}
