package io.hfmerge.analysis.matrix;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.arch.MatrixBlock;
import io.hfmerge.hf.arch.WeightMatrix;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** A matrix as a checkpoint stores it; owns the copies of tensors that are not mapped. */
final class StoredMatrix extends MatrixSource {

  private final List<StoredBlock> blocks;
  private final Arena arena;

  private StoredMatrix(WeightMatrix matrix, List<StoredBlock> blocks, Arena arena) {
    super(matrix);
    this.blocks = List.copyOf(blocks);
    this.arena = arena;
  }

  /** See {@link MatrixSource#open}. */
  static StoredMatrix read(Checkpoint checkpoint, WeightMatrix matrix) throws IOException {
    if (matrix.rows() > Integer.MAX_VALUE || matrix.columns() > Integer.MAX_VALUE) {
      throw new UnsupportedFeatureException(
          "%s is %d x %d; sides below 2^31 can be analysed"
              .formatted(matrix.label(), matrix.rows(), matrix.columns()));
    }
    Arena arena = Arena.ofShared();
    try {
      List<StoredBlock> blocks = new ArrayList<>();
      for (MatrixBlock block : matrix.blocks()) {
        blocks.add(open(checkpoint, matrix, block, arena));
      }
      return new StoredMatrix(matrix, blocks, arena);
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  private static StoredBlock open(
      Checkpoint checkpoint, WeightMatrix matrix, MatrixBlock block, Arena arena)
      throws IOException {
    TensorSpec spec =
        checkpoint
            .find(block.tensor())
            .orElseThrow(() ->
                new MalformedCheckpointException(
                    "%s has no tensor \"%s\", part of %s"
                        .formatted(checkpoint.id(), block.tensor(), matrix.label())));
    if (!spec.dtype().isFloat()) {
      throw new UnsupportedFeatureException(
          "tensor \"%s\" is %s, which is not a matrix of numbers"
              .formatted(spec.name(), spec.describe()));
    }
    List<Long> shape = spec.shape().dimensions();
    long storedRows = shape.isEmpty() ? 1 : shape.get(0);
    long pitch = 1;
    for (long dimension : shape.subList(Math.min(1, shape.size()), shape.size())) {
      pitch = Math.multiplyExact(pitch, dimension);
    }
    long lines = block.transposed() ? pitch : storedRows;
    long length = block.transposed() ? storedRows : pitch;
    if (block.firstRow() < 0
        || block.rows() < 0
        || block.firstRow() > lines - block.rows()
        || block.columns() != length
        || block.columns() != matrix.columns()) {
      throw new MalformedCheckpointException(
          "tensor \"%s\" is %s; %s needs rows %d to %d of length %d of it"
              .formatted(
                  spec.name(),
                  spec.describe(),
                  matrix.label(),
                  block.firstRow(),
                  block.firstRow() + block.rows(),
                  matrix.columns()));
    }
    Optional<MemorySegment> mapped = checkpoint.mapped(spec.name());
    MemorySegment data;
    if (mapped.isPresent()) {
      data = mapped.get();
    } else {
      data = arena.allocate(Math.max(1, spec.sizeBytes()), Double.BYTES);
      if (spec.sizeBytes() > 0) {
        checkpoint.read(spec.name(), 0, data.asSlice(0, spec.sizeBytes()));
      }
    }
    return new StoredBlock(
        data,
        spec.dtype(),
        block.transposed(),
        pitch,
        block.firstRow(),
        block.rows(),
        block.columns());
  }

  @Override
  public Orientation longWay() {
    if (rows() == columns()) {
      return !blocks.isEmpty() && blocks.getFirst().transposed()
          ? Orientation.COLUMNS
          : Orientation.ROWS;
    }
    return rows() >= columns() ? Orientation.ROWS : Orientation.COLUMNS;
  }

  @Override
  public DType dtype() {
    return blocks.stream()
        .map(StoredBlock::dtype)
        .min((a, b) -> Integer.compare(a.bits(), b.bits()))
        .orElse(DType.F32);
  }

  @Override
  public boolean exactAsFloat() {
    return blocks.stream().noneMatch(block -> block.dtype() == DType.F64);
  }

  @Override
  public void read(Orientation orientation, int first, int count, float[] target, int stride) {
    eachBlock(
        orientation,
        first,
        count,
        stride,
        (block, from, lines, at) -> block.read(orientation, from, lines, target, at, stride));
  }

  @Override
  public void read(Orientation orientation, int first, int count, double[] target, int stride) {
    eachBlock(
        orientation,
        first,
        count,
        stride,
        (block, from, lines, at) -> block.read(orientation, from, lines, target, at, stride));
  }

  @Override
  public double floatError() {
    return 0;
  }

  @Override
  public OptionalDouble roundingFrobenius() {
    return OptionalDouble.empty();
  }

  /** Reads lines of one block to a place in the target. */
  private interface PartReader {
    void read(StoredBlock block, long first, int count, int at);
  }

  /** The parts of the blocks that make up lines: pieces of each line, or whole lines of some. */
  private void eachBlock(
      Orientation orientation, int first, int count, int stride, PartReader part) {
    if (orientation == Orientation.COLUMNS) {
      int at = 0;
      for (StoredBlock block : blocks) {
        part.read(block, first, count, at);
        at += (int) block.rows();
      }
      return;
    }
    long start = 0;
    for (StoredBlock block : blocks) {
      long from = Math.max(first, start);
      long to = Math.min((long) first + count, start + block.rows());
      if (from < to) {
        int at = (int) (from - first) * stride;
        part.read(block, from - start, (int) (to - from), at);
      }
      start += block.rows();
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
