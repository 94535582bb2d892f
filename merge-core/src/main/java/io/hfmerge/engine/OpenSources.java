package io.hfmerge.engine;

import io.hfmerge.plan.PlannedTensor;
import io.hfmerge.plan.TensorSource;
import io.hfmerge.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The sources of one tensor with the memory they are mapped to, looked up once. */
final class OpenSources {

  private final List<TensorSource> sources;
  private final @Nullable MemorySegment[] mapped;

  OpenSources(PlannedTensor tensor) {
    sources = tensor.sources();
    mapped = new MemorySegment[sources.size()];
    for (int i = 0; i < mapped.length; i++) {
      TensorSource source = sources.get(i);
      mapped[i] = source.input().checkpoint().mapped(source.tensor().name()).orElse(null);
    }
  }

  int size() {
    return sources.size();
  }

  TensorSource get(int index) {
    return sources.get(index);
  }

  DType dtype(int index) {
    return sources.get(index).tensor().dtype();
  }

  /** All bytes of a source in place; {@code null} if they must be read. */
  @Nullable MemorySegment mapped(int index) {
    return mapped[index];
  }
}
