package io.hfmerge.hf.vocab;

import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A checkpoint whose embeddings have the rows of another vocabulary; every other tensor is as it
 * is. Owns nothing: closing it leaves the checkpoint behind it open.
 */
final class VocabularyCheckpoint implements Checkpoint {

  private final Checkpoint delegate;
  private final Map<String, ReindexedTensor> views;
  private final List<TensorSpec> tensors = new ArrayList<>();

  /**
   * @param views by name; they stand in for the tensors of their name, or come after all others
   */
  VocabularyCheckpoint(Checkpoint delegate, Map<String, ReindexedTensor> views) {
    this.delegate = delegate;
    this.views = new LinkedHashMap<>(views);
    for (TensorSpec tensor : delegate.tensors()) {
      ReindexedTensor view = this.views.get(tensor.name());
      tensors.add(view == null ? tensor : view.spec());
    }
    this.views.forEach((name, view) -> {
      if (delegate.find(name).isEmpty()) {
        tensors.add(view.spec());
      }
    });
  }

  @Override
  public String id() {
    return delegate.id();
  }

  @Override
  public List<TensorSpec> tensors() {
    return List.copyOf(tensors);
  }

  @Override
  public Optional<TensorSpec> find(String name) {
    ReindexedTensor view = views.get(name);
    return view == null ? delegate.find(name) : Optional.of(view.spec());
  }

  @Override
  public Map<String, String> metadata() {
    return delegate.metadata();
  }

  @Override
  public void read(String tensor, long offsetBytes, MemorySegment destination) throws IOException {
    ReindexedTensor view = views.get(tensor);
    if (view == null) {
      delegate.read(tensor, offsetBytes, destination);
    } else {
      view.read(offsetBytes, destination);
    }
  }

  @Override
  public List<String> remarks(String tensor) {
    return delegate.find(tensor).isEmpty() ? List.of() : delegate.remarks(tensor);
  }

  @Override
  public Optional<MemorySegment> mapped(String tensor) {
    return views.containsKey(tensor) ? Optional.empty() : delegate.mapped(tensor);
  }

  @Override
  public long memoryBytes(int threads) {
    return delegate.memoryBytes(threads);
  }

  @Override
  public void close() {}
}
