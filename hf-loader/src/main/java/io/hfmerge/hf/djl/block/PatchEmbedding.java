package io.hfmerge.hf.djl.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;

/**
 * Images as sequences (Dosovitskiy et al. 2020, arXiv:2010.11929): patches projected, row by row of
 * the grid, a class token before them, positions added; {@code [B, C, S, S] → [B, 1 + (S/p)², d]}.
 */
public final class PatchEmbedding extends SequenceBlock {

  private final Parameter weight;
  private final Parameter bias;
  private final Parameter classToken;
  private final Parameter positions;
  private final long imageSize;

  /**
   * @param weight convolution with stride p, {@code [d, C, p, p]}
   * @param bias {@code [d]}
   * @param classToken {@code [1, 1, d]}
   * @param positions {@code [1, 1 + (S/p)², d]}
   * @param imageSize S
   */
  public PatchEmbedding(
      Parameter weight, Parameter bias, Parameter classToken, Parameter positions, long imageSize) {
    this.weight = addParameter(weight);
    this.bias = addParameter(bias);
    this.classToken = addParameter(classToken);
    this.positions = addParameter(positions);
    this.imageSize = imageSize;
  }

  @Override
  public NDArray apply(ForwardPass pass, NDArray pixels) {
    Shape kernel = weight.getShape();
    long channels = kernel.get(1);
    long patch = kernel.get(2);
    Shape shape = pixels.getShape();
    if (shape.dimension() != 4
        || shape.get(1) != channels
        || shape.get(2) != imageSize
        || shape.get(3) != imageSize) {
      throw new InvalidInputException(
          "expected pixel values of shape [batch, %d, %d, %d], found %s"
              .formatted(channels, imageSize, imageSize, shape));
    }
    long images = shape.get(0);
    long grid = imageSize / patch;
    long width = kernel.get(0);
    return ForwardPass.scoped(() -> {
      NDArray kernels = pass.value(weight);
      NDArray patches =
          pixels
              .toType(kernels.getDataType(), false)
              .reshape(images, channels, grid, patch, grid, patch)
              .transpose(0, 2, 4, 1, 3, 5)
              .reshape(images, grid * grid, channels * patch * patch);
      NDArray matrix = kernels.reshape(width, channels * patch * patch);
      NDArray projected =
          patches.getNDArrayInternal().linear(patches, matrix, pass.value(bias)).singletonOrThrow();
      NDArray first = pass.value(classToken).broadcast(new Shape(images, 1, width));
      return NDArrays.concat(new NDList(first, projected), 1).add(pass.value(positions));
    });
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    Shape table = positions.getShape();
    return new Shape[] {new Shape(inputShapes[0].get(0), table.get(1), table.get(2))};
  }
}
