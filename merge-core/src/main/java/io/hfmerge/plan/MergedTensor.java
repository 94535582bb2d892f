package io.hfmerge.plan;

import io.hfmerge.method.TensorContext;
import io.hfmerge.tensor.TensorSpec;
import java.util.List;

/**
 * A tensor that the merge method computes.
 *
 * @param context what the method is told, resolved parameters included
 * @param sources one for each model of the context, in its order
 */
public record MergedTensor(TensorContext context, List<TensorSource> sources)
    implements PlannedTensor {

  public MergedTensor {
    sources = List.copyOf(sources);
    if (sources.size() != context.models().size()) {
      throw new IllegalArgumentException(
          sources.size() + " sources for " + context.models().size() + " models");
    }
  }

  @Override
  public TensorSpec output() {
    return context.output();
  }
}
