package io.hfmerge.hf.arch;

import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** Cuts roles out of stored tensors. */
final class MatrixRows {

  private MatrixRows() {}

  /** Rows of one role in a tensor whose shape has been checked. */
  static List<MatrixBlock> cut(
      TensorSpec tensor, boolean conv1d, Projection projection, Role role, ModelSizes sizes) {
    long columns = sizes.columns(role);
    List<MatrixBlock> blocks = new ArrayList<>();
    switch (projection.split()) {
      case WHOLE ->
          blocks.add(new MatrixBlock(tensor.name(), conv1d, 0, sizes.rows(role), columns));
      case BLOCKS -> {
        long first = 0;
        for (Role before : projection.roles()) {
          if (before == role) {
            break;
          }
          first += sizes.rows(before);
        }
        blocks.add(new MatrixBlock(tensor.name(), conv1d, first, sizes.rows(role), columns));
      }
      case PER_HEAD -> {
        int width = sizes.headWidth();
        long offset = (long) projection.roles().indexOf(role) * width;
        for (long head = 0; head < sizes.heads(); head++) {
          long first = 3 * head * width + offset;
          blocks.add(new MatrixBlock(tensor.name(), conv1d, first, width, columns));
        }
      }
    }
    return blocks;
  }

  /** Shape that a projection must have, as stored. */
  static Shape storedShape(boolean conv1d, Projection projection, ModelSizes sizes) {
    long rows = projection.roles().stream().mapToLong(sizes::rows).sum();
    long columns = sizes.columns(projection.roles().getFirst());
    return conv1d ? Shape.of(columns, rows) : Shape.of(rows, columns);
  }

  /** Q, K and V of a layer one below the other. */
  static WeightMatrix stack(WeightMatrix q, WeightMatrix k, WeightMatrix v) {
    List<String> labels = List.of(q.label(), k.label(), v.label()).stream().distinct().toList();
    List<MatrixBlock> blocks = new ArrayList<>();
    for (WeightMatrix part : List.of(q, k, v)) {
      for (MatrixBlock block : part.blocks()) {
        append(blocks, block);
      }
    }
    return new WeightMatrix(
        q.stack(),
        q.layer(),
        Role.QKV,
        OptionalInt.empty(),
        String.join("+", labels),
        q.rows() + k.rows() + v.rows(),
        q.columns(),
        blocks);
  }

  /** A tensor without role, flattened to {@code [first dimension, rest]}. */
  static WeightMatrix whole(TensorSpec tensor) {
    long rows = tensor.shape().dimension(0);
    long columns = 1;
    for (int i = 1; i < tensor.shape().rank(); i++) {
      columns = Math.multiplyExact(columns, tensor.shape().dimension(i));
    }
    MatrixBlock block = new MatrixBlock(tensor.name(), false, 0, rows, columns);
    return new WeightMatrix(
        "", -1, Role.OTHER, OptionalInt.empty(), tensor.name(), rows, columns, List.of(block));
  }

  private static void append(List<MatrixBlock> blocks, MatrixBlock next) {
    MatrixBlock last = blocks.isEmpty() ? null : blocks.getLast();
    if (last != null
        && last.tensor().equals(next.tensor())
        && last.firstRow() + last.rows() == next.firstRow()) {
      long rows = last.rows() + next.rows();
      blocks.set(
          blocks.size() - 1,
          new MatrixBlock(last.tensor(), last.transposed(), last.firstRow(), rows, last.columns()));
    } else {
      blocks.add(next);
    }
  }
}
