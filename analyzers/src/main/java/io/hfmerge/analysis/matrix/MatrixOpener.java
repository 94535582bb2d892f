package io.hfmerge.analysis.matrix;

import io.hfmerge.hf.arch.WeightMatrix;
import java.io.IOException;

/** Opens the matrices of what is analysed: a model's weights, or their difference to a base's. */
@FunctionalInterface
public interface MatrixOpener {

  /**
   * Opens a matrix; the caller closes it.
   *
   * @throws io.hfmerge.error.UnsupportedFeatureException if it cannot be analysed, with the reason
   * @throws IOException if bytes cannot be read
   */
  MatrixSource open(WeightMatrix matrix) throws IOException;
}
