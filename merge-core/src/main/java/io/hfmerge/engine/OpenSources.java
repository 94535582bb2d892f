package io.hfmerge.engine;

import io.hfmerge.plan.PlannedTensor;
import io.hfmerge.plan.TensorSource;
import io.hfmerge.tensor.DType;
import java.util.List;

/** The sources of one tensor. */
final class OpenSources {

  private final List<TensorSource> sources;

  OpenSources(PlannedTensor tensor) {
    sources = tensor.sources();
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
}
