package io.hfmerge.method;

import java.util.Arrays;

/** Carries the merge of one tensor out on arrays, in one thread. */
final class MergeRun {

  private MergeRun() {}

  /**
   * Merges a tensor.
   *
   * @param tile elements at a time, raised to the method's granule
   */
  static float[] merge(MergeMethod method, TensorContext context, float[][] inputs, int tile) {
    return run(method.prepare(context), inputs, inputs[0].length, tile);
  }

  /** Carries out steps to their end. */
  static float[] run(TensorMerge first, float[][] inputs, int length, int tile) {
    TensorMerge step = first;
    while (step instanceof StatisticsPass<?> pass) {
      step = look(pass, inputs, length);
    }
    TileKernel kernel = (TileKernel) step;
    float[] out = new float[length];
    int elements = Math.ceilDiv(tile, kernel.granuleElements()) * kernel.granuleElements();
    for (int start = 0; start < length; start += elements) {
      int end = Math.min(length, start + elements);
      float[] part = new float[end - start];
      kernel.merge(slice(inputs, start, end), part, end - start, start);
      System.arraycopy(part, 0, out, start, part.length);
    }
    return out;
  }

  private static <P> TensorMerge look(StatisticsPass<P> pass, float[][] inputs, int length) {
    int tile = Math.ceilDiv(1024, pass.granuleElements()) * pass.granuleElements();
    long segment = Math.ceilDiv(pass.segmentElements(), (long) tile) * tile;
    P all = null;
    for (long start = 0; start < length; start += segment) {
      long end = Math.min(length, start + segment);
      if (pass.firstWanted(start) < end) {
        P partial = pass.newPartial();
        for (long at = start; at < end; at += tile) {
          int until = (int) Math.min(end, at + tile);
          pass.accept(partial, slice(inputs, (int) at, until), until - (int) at, at);
        }
        all = all == null ? partial : pass.fold(all, partial);
      }
    }
    return pass.next(all == null ? pass.newPartial() : all);
  }

  static float[][] slice(float[][] inputs, int start, int end) {
    float[][] slices = new float[inputs.length][];
    for (int i = 0; i < inputs.length; i++) {
      slices[i] = Arrays.copyOfRange(inputs[i], start, end);
    }
    return slices;
  }
}
