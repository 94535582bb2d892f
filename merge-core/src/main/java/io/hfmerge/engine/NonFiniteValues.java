package io.hfmerge.engine;

import io.hfmerge.tensor.DType;

/** Finds values that are, or will be when stored, no finite numbers. */
final class NonFiniteValues {

  private NonFiniteValues() {}

  /**
   * Whether a block is certainly free of them, from sums of magnitudes: a sum that is itself a
   * finite number of the dtype has none among its terms. The reverse does not hold.
   */
  static boolean none(double[] sums, int length, DType dtype) {
    double limit = largest(dtype);
    for (int i = 0; i < length; i++) {
      if (!(sums[i] <= limit)) {
        return false;
      }
    }
    return true;
  }

  /** Whether no input is NaN or infinite at an index. */
  static boolean allFinite(double[][] inputs, int models, int index) {
    for (int model = 0; model < models; model++) {
      if (!Double.isFinite(inputs[model][index])) {
        return false;
      }
    }
    return true;
  }

  private static double largest(DType dtype) {
    return switch (dtype) {
      case F64 -> Double.MAX_VALUE;
      case F32 -> Float.MAX_VALUE;
      case BF16 -> 0x1.FEp127;
      case F16 -> 65504;
      case F8_E5M2, F8_E5M2FNUZ -> 57344;
      case F8_E4M3 -> 448;
      case F8_E4M3FNUZ -> 240;
      default -> throw new IllegalArgumentException(dtype + " is no float dtype");
    };
  }
}
