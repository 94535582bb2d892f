package io.hfmerge.hf.torchbin;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * How the elements of a view lie in its storage. Neighbouring dimensions that lie as one are one
 * here, and those of size 1 are dropped, so that a tensor in row-major order has one dimension of
 * stride 1 or none.
 */
final class StridedLayout {

  /** Rows and columns of a tile that is transposed within the L1 cache. */
  private static final int TILE = 64;

  private final int elementBytes;
  private final long elements;
  private final long[] sizes;
  private final long[] strides;

  /**
   * @param elementBytes 1, 2, 4 or 8
   * @param size dimensions, outermost first
   * @param stride in elements, not negative
   */
  StridedLayout(int elementBytes, List<Long> size, List<Long> stride) {
    this.elementBytes = elementBytes;
    List<Long> merged = new ArrayList<>();
    List<Long> steps = new ArrayList<>();
    long product = 1;
    for (int i = 0; i < size.size(); i++) {
      product = Math.multiplyExact(product, size.get(i));
      if (size.get(i) == 1) {
        continue;
      }
      if (!steps.isEmpty() && liesAsOne(steps.getLast(), size.get(i), stride.get(i))) {
        merged.set(merged.size() - 1, merged.getLast() * size.get(i));
        steps.set(steps.size() - 1, stride.get(i));
      } else {
        merged.add(size.get(i));
        steps.add(stride.get(i));
      }
    }
    this.elements = product;
    this.sizes = merged.stream().mapToLong(Long::longValue).toArray();
    this.strides = steps.stream().mapToLong(Long::longValue).toArray();
  }

  /** Strides are free where a dimension is 0, so their products may be beyond all bounds. */
  private static boolean liesAsOne(long outerStride, long size, long stride) {
    return size > 0 && stride <= Long.MAX_VALUE / size && outerStride == size * stride;
  }

  /** Whether the elements lie in row-major order without gaps. */
  boolean isContiguous() {
    return elements == 0 || sizes.length == 0 || (sizes.length == 1 && strides[0] == 1);
  }

  /** Elements of the storage from the view's first to its last. */
  long span() {
    if (elements == 0) {
      return 0;
    }
    long last = 0;
    for (int i = 0; i < sizes.length; i++) {
      last += (sizes[i] - 1) * strides[i];
    }
    return last + 1;
  }

  /**
   * Collects elements in row-major order.
   *
   * @param source begins with the view's first element
   * @param first index of the first element wanted, in row-major order
   * @param target filled completely; a multiple of the element size
   */
  void gather(MemorySegment source, long first, MemorySegment target) {
    if (sizes.length == 0) {
      MemorySegment.copy(source, 0, target, 0, target.byteSize());
      return;
    }
    long count = target.byteSize() / elementBytes;
    int inner = sizes.length - 1;
    long columns = sizes[inner];
    long done = 0;
    while (done < count) {
      long row = (first + done) / columns;
      long column = (first + done) % columns;
      long rows = rowsAtOnce(row, column, (count - done) / columns);
      if (rows > 1) {
        transpose(source, start(row), rows, target, done);
        done += rows * columns;
      } else {
        long length = Math.min(columns - column, count - done);
        long from = start(row) + column * strides[inner];
        copy(source, from, strides[inner], target, done, length);
        done += length;
      }
    }
  }

  /**
   * Collects bytes in row-major order: whole elements, and of those at the ends the bytes asked
   * for.
   *
   * @param source begins with the view's first element
   * @param firstByte of the elements in row-major order
   * @param target filled completely
   */
  void gatherBytes(MemorySegment source, long firstByte, MemorySegment target) {
    long first = firstByte / elementBytes;
    long skipped = firstByte % elementBytes;
    long size = target.byteSize();
    if (skipped == 0 && size % elementBytes == 0) {
      gather(source, first, target);
      return;
    }
    long wanted = Math.ceilDiv(skipped + size, elementBytes);
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment whole = scratch.allocate(wanted * elementBytes);
      gather(source, first, whole);
      MemorySegment.copy(whole, skipped, target, 0, size);
    }
  }

  /** Rows that lie closer to each other than their elements do are taken together. */
  private long rowsAtOnce(long row, long column, long wholeRows) {
    int inner = sizes.length - 1;
    if (inner == 0 || column > 0 || strides[inner - 1] >= strides[inner]) {
      return 1;
    }
    return Math.min(wholeRows, sizes[inner - 1] - row % sizes[inner - 1]);
  }

  /** Place of a row's first element, in elements. */
  private long start(long row) {
    long rest = row;
    long place = 0;
    for (int i = sizes.length - 2; i >= 0; i--) {
      place += rest % sizes[i] * strides[i];
      rest /= sizes[i];
    }
    return place;
  }

  /**
   * Tile by tile: the columns of a tile are read as runs of neighbours, its rows written as such.
   * In between lies an array, since rows of 2^n bytes share one set of the cache.
   */
  private void transpose(
      MemorySegment source, long from, long rows, MemorySegment target, long to) {
    int inner = sizes.length - 1;
    long columns = sizes[inner];
    boolean runs = strides[inner - 1] == 1;
    short[] shorts = new short[runs && elementBytes == 2 ? TILE * TILE : 0];
    int[] ints = new int[runs && elementBytes == 4 ? TILE * TILE : 0];
    for (long row = 0; row < rows; row += TILE) {
      int height = (int) Math.min(TILE, rows - row);
      for (long column = 0; column < columns; column += TILE) {
        int width = (int) Math.min(TILE, columns - column);
        long in = from + row * strides[inner - 1] + column * strides[inner];
        long out = to + row * columns + column;
        if (shorts.length > 0) {
          tile(source, in, target, out, height, width, shorts);
        } else if (ints.length > 0) {
          tile(source, in, target, out, height, width, ints);
        } else {
          for (int i = 0; i < height; i++) {
            long line = in + i * strides[inner - 1];
            copy(source, line, strides[inner], target, out + i * columns, width);
          }
        }
      }
    }
  }

  private void tile(
      MemorySegment source,
      long from,
      MemorySegment target,
      long to,
      int height,
      int width,
      short[] tile) {
    long columns = sizes[sizes.length - 1];
    long step = strides[sizes.length - 1];
    for (int j = 0; j < width; j++) {
      long line = 2 * (from + j * step);
      MemorySegment.copy(source, JAVA_SHORT_UNALIGNED, line, tile, j * TILE, height);
    }
    short[] row = new short[width];
    for (int i = 0; i < height; i++) {
      for (int j = 0; j < width; j++) {
        row[j] = tile[j * TILE + i];
      }
      MemorySegment.copy(row, 0, target, JAVA_SHORT_UNALIGNED, 2 * (to + i * columns), width);
    }
  }

  private void tile(
      MemorySegment source,
      long from,
      MemorySegment target,
      long to,
      int height,
      int width,
      int[] tile) {
    long columns = sizes[sizes.length - 1];
    long step = strides[sizes.length - 1];
    for (int j = 0; j < width; j++) {
      long line = 4 * (from + j * step);
      MemorySegment.copy(source, JAVA_INT_UNALIGNED, line, tile, j * TILE, height);
    }
    int[] row = new int[width];
    for (int i = 0; i < height; i++) {
      for (int j = 0; j < width; j++) {
        row[j] = tile[j * TILE + i];
      }
      MemorySegment.copy(row, 0, target, JAVA_INT_UNALIGNED, 4 * (to + i * columns), width);
    }
  }

  private void copy(
      MemorySegment source, long from, long stride, MemorySegment target, long to, long length) {
    long in = from * elementBytes;
    long out = to * elementBytes;
    long step = stride * elementBytes;
    if (stride == 1) {
      MemorySegment.copy(source, in, target, out, length * elementBytes);
      return;
    }
    switch (elementBytes) {
      case 1 -> {
        for (long i = 0; i < length; i++) {
          target.set(JAVA_BYTE, out + i, source.get(JAVA_BYTE, in + i * step));
        }
      }
      case 2 -> {
        for (long i = 0; i < length; i++) {
          short element = source.get(JAVA_SHORT_UNALIGNED, in + i * step);
          target.set(JAVA_SHORT_UNALIGNED, out + 2 * i, element);
        }
      }
      case 4 -> {
        for (long i = 0; i < length; i++) {
          int element = source.get(JAVA_INT_UNALIGNED, in + i * step);
          target.set(JAVA_INT_UNALIGNED, out + 4 * i, element);
        }
      }
      case 8 -> {
        for (long i = 0; i < length; i++) {
          long element = source.get(JAVA_LONG_UNALIGNED, in + i * step);
          target.set(JAVA_LONG_UNALIGNED, out + 8 * i, element);
        }
      }
      default -> throw new IllegalArgumentException("elements of " + elementBytes + " bytes");
    }
  }
}
