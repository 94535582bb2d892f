package io.hfmerge.method;

import java.util.List;

/**
 * A kernel with what the pass before it found.
 *
 * @param kernel computes
 * @param found remarks of the pass; those of the kernel follow
 */
record RemarkedKernel(TileKernel kernel, List<String> found) implements TileKernel {

  RemarkedKernel {
    found = List.copyOf(found);
  }

  @Override
  public void merge(float[][] inputs, float[] out, int length, long firstElement) {
    kernel.merge(inputs, out, length, firstElement);
  }

  @Override
  public int granuleElements() {
    return kernel.granuleElements();
  }

  @Override
  public long scratchBytes(int tileElements) {
    return kernel.scratchBytes(tileElements);
  }

  @Override
  public List<String> remarks() {
    return java.util.stream.Stream.concat(found.stream(), kernel.remarks().stream()).toList();
  }
}
