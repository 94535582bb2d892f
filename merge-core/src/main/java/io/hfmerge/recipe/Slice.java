package io.hfmerge.recipe;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Consecutive layers of the output: layer i is merged from the i-th layer of each source. A model
 * may be several of the sources.
 *
 * @param sources at least one, all of one length
 * @param baseModel base within this slice, which must be among the sources; {@code null} for the
 *     recipe's
 * @param parameters by name; they win over those of the module and the recipe
 * @param residualWeight accepted and without effect, here and in mergekit
 */
public record Slice(
    List<SliceSource> sources,
    @Nullable String baseModel,
    Map<String, ParameterValue> parameters,
    @Nullable Double residualWeight) {

  public Slice {
    sources = List.copyOf(sources);
    parameters = OrderedMaps.copyOf(parameters);
    if (sources.isEmpty()) {
      throw new IllegalArgumentException("a slice without sources");
    }
    int length = sources.getFirst().layers().length();
    for (SliceSource source : sources) {
      if (source.layers().length() != length) {
        throw new IllegalArgumentException(
            "sources of "
                + length
                + " and "
                + source.layers().length()
                + " layers: all sources of a slice have equally many");
      }
    }
  }

  /** A slice without parameters of its own. */
  public static Slice of(SliceSource... sources) {
    return new Slice(List.of(sources), null, Map.of(), null);
  }

  /** Number of layers. */
  public int length() {
    return sources.getFirst().layers().length();
  }
}
