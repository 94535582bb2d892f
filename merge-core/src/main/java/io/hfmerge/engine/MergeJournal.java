package io.hfmerge.engine;

import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.util.List;

/**
 * Remembers which tensors of an output are complete, so that a merge that was broken off can be
 * continued. Called by several threads at once.
 */
public interface MergeJournal {

  /** Remembers nothing: every tensor is merged. */
  MergeJournal NONE =
      new MergeJournal() {
        @Override
        public boolean isComplete(String tensor) {
          return false;
        }

        @Override
        public List<TensorFindings> findings() {
          return List.of();
        }

        @Override
        public void completed(TensorSpec tensor, TensorFindings findings) {}
      };

  /** Whether an earlier run wrote all bytes of this tensor, which is then left as it is. */
  boolean isComplete(String tensor);

  /** What earlier runs found in the tensors that they completed. */
  List<TensorFindings> findings();

  /**
   * Every byte of a tensor was handed to the writer; said once for each tensor that was not
   * complete before, empty ones included, by the worker that wrote the last byte.
   *
   * @param tensor name, dtype and shape in the output
   * @param findings what merging it has shown
   * @throws IOException ends the merge
   */
  void completed(TensorSpec tensor, TensorFindings findings) throws IOException;
}
