package io.hfmerge.engine;

import io.hfmerge.engine.MergeReport.NonFinite;
import java.util.List;
import java.util.Optional;

/**
 * What merging one tensor has shown.
 *
 * @param tensor name in the output
 * @param nonFinite what was written that is no finite number
 * @param remarks of the method ({@link io.hfmerge.method.TensorMerge#remarks}), in alphabetical
 *     order
 */
public record TensorFindings(String tensor, Optional<NonFinite> nonFinite, List<String> remarks) {

  public TensorFindings {
    remarks = List.copyOf(remarks);
  }
}
