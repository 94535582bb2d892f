package io.hfmerge.hf.vocab;

import io.hfmerge.hf.vocab.RowSources.Part;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A model's weight {@code [tokens, ...]} with the rows of the output's vocabulary. Nothing is held:
 * a read gathers rows, those of successive ids in one go. Means are summed in {@code double} in the
 * models' order and rounded once to the dtype.
 */
final class ReindexedTensor {

  /** Elements converted at a time. */
  private static final int CHUNK = 1 << 14;

  private final TensorSpec spec;
  private final RowSources sources;
  private final int self;
  private final int[] lender;
  private final int[] row;
  private final long width;
  private byte @Nullable [] padding;

  /**
   * @param name of the tensor in the view
   * @param self index of the model
   * @param dtype of the view
   */
  ReindexedTensor(String name, RowSources sources, int self, DType dtype) {
    Part part = sources.part(self);
    if (part == null) {
      throw new IllegalArgumentException("model " + self + " does not have " + name);
    }
    int rows = sources.plan().rows();
    List<Long> dimensions = new ArrayList<>(part.tensor().shape().dimensions());
    dimensions.set(0, (long) rows);
    this.spec = new TensorSpec(name, dtype, new Shape(dimensions));
    this.sources = sources;
    this.self = self;
    this.width = rows == 0 ? 0 : spec.elements() / rows;
    this.lender = new int[rows];
    this.row = new int[rows];
    for (int i = 0; i < rows; i++) {
      boolean lent = sources.isLent(self, i);
      lender[i] = lent ? sources.lender(i) : self;
      row[i] = lent ? sources.lentRow(i) : sources.own(self, i);
    }
  }

  TensorSpec spec() {
    return spec;
  }

  /** Whether it is the model's tensor as it is. */
  boolean isUnchanged() {
    Part part = sources.part(self);
    if (part == null || part.rows() != lender.length || part.tensor().dtype() != spec.dtype()) {
      return false;
    }
    for (int i = 0; i < lender.length; i++) {
      if (lender[i] != self || row[i] != i) {
        return false;
      }
    }
    return true;
  }

  /** Copies part of the bytes; see {@link io.hfmerge.tensor.Checkpoint#read}. */
  void read(long offsetBytes, MemorySegment destination) throws IOException {
    if (offsetBytes < 0 || offsetBytes > spec.sizeBytes() - destination.byteSize()) {
      throw new IllegalArgumentException(
          "tensor \"%s\" has %d bytes, asked for %d from %d on"
              .formatted(spec.name(), spec.sizeBytes(), destination.byteSize(), offsetBytes));
    }
    int size = spec.dtype().bytes();
    if (offsetBytes % size != 0 || destination.byteSize() % size != 0) {
      throw new IllegalArgumentException(
          "tensor \"%s\": expected whole elements of %d bytes, asked for %d bytes from %d on"
              .formatted(spec.name(), size, destination.byteSize(), offsetBytes));
    }
    long element = offsetBytes / size;
    long end = element + destination.byteSize() / size;
    long start = element;
    while (element < end) {
      int first = (int) (element / width);
      long within = element % width;
      int stop = runEnd(first, (int) ((end - 1) / width) + 1);
      long length = Math.min(end, stop * width) - element;
      fill(first, within, destination.asSlice((element - start) * size, length * size), length);
      element += length;
    }
  }

  /** The row after the last that can be read together with {@code first}. */
  private int runEnd(int first, int limit) {
    int end = first + 1;
    if (lender[first] >= 0) {
      while (end < limit && lender[end] == lender[first] && row[end] == row[end - 1] + 1) {
        end++;
      }
    }
    return end;
  }

  private void fill(int first, long within, MemorySegment target, long length) throws IOException {
    switch (lender[first]) {
      case RowSources.ZERO -> target.fill((byte) 0);
      case RowSources.PADDING -> {
        long offset = within * spec.dtype().bytes();
        MemorySegment.copy(MemorySegment.ofArray(padding()), offset, target, 0, target.byteSize());
      }
      default -> {
        Part part = lender[first] < 0 ? null : part(lender[first]);
        if (part != null && part.tensor().dtype() == spec.dtype()) {
          long offset = spec.dtype().sizeBytes(row[first] * width + within);
          part.checkpoint().read(part.tensor().name(), offset, target);
        } else {
          convert(first, within, target, length);
        }
      }
    }
  }

  /** Elements of one or more successive rows that are not stored as this view has them. */
  private void convert(int first, long within, MemorySegment target, long length)
      throws IOException {
    int chunk = (int) Math.min(CHUNK, length);
    try (Decoder decoder = new Decoder(chunk)) {
      for (long done = 0; done < length; done += chunk) {
        int count = (int) Math.min(chunk, length - done);
        double[] values = decoder.values(first, within + done, count);
        TensorCodec.encode(spec.dtype(), values, target, spec.dtype().sizeBytes(done), count);
      }
    }
  }

  /** The mean over this view's rows that have a token; computed on first use. */
  private synchronized byte[] padding() throws IOException {
    byte[] known = padding;
    if (known != null) {
      return known;
    }
    int columns = Math.toIntExact(width);
    double[] sums = new double[columns];
    long count = 0;
    try (Decoder decoder = new Decoder(columns)) {
      for (int i = 0; i < lender.length; i++) {
        if (sources.plan().token(i) != null) {
          count++;
          add(decoder.values(i, 0, columns), sums, columns);
        }
      }
    }
    divide(sums, columns, count);
    byte[] computed = new byte[columns * spec.dtype().bytes()];
    TensorCodec.encode(spec.dtype(), sums, MemorySegment.ofArray(computed), 0, columns);
    padding = computed;
    return computed;
  }

  private static void add(double[] values, double[] sums, int length) {
    for (int i = 0; i < length; i++) {
      sums[i] += values[i];
    }
  }

  private static void divide(double[] sums, int length, long count) {
    for (int i = 0; i < length; i++) {
      sums[i] = count == 0 ? 0 : sums[i] / count;
    }
  }

  /** Reads rows without rounding them; owns its buffer until closed. */
  private final class Decoder implements AutoCloseable {

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment bytes;
    private final double[] values;
    private final double[] sums;

    Decoder(int capacity) {
      bytes = arena.allocate(DType.F64.sizeBytes(capacity));
      values = new double[capacity];
      sums = new double[capacity];
    }

    /**
     * Elements of a row that is not padding, and of those after it that its lender has in sequence.
     *
     * @return valid until the next call
     */
    double[] values(int output, long within, int length) throws IOException {
      if (lender[output] >= 0) {
        read(part(lender[output]), row[output] * width + within, length);
        return values;
      }
      Arrays.fill(sums, 0, length, 0);
      int owners = 0;
      for (int i = 0; lender[output] == RowSources.MEAN && i < sources.members(); i++) {
        int owned = sources.own(i, output);
        if (owned != VocabularyPlan.NONE) {
          owners++;
          read(part(i), owned * width + within, length);
          add(values, sums, length);
        }
      }
      divide(sums, length, owners);
      return sums;
    }

    private void read(Part part, long element, int length) throws IOException {
      DType stored = part.tensor().dtype();
      MemorySegment target = bytes.asSlice(0, stored.sizeBytes(length));
      part.checkpoint().read(part.tensor().name(), stored.sizeBytes(element), target);
      TensorCodec.decode(stored, bytes, 0, values, length);
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  private Part part(int member) {
    Part part = sources.part(member);
    if (part == null) {
      throw new IllegalStateException("a row of \"" + spec.name() + "\" has no source");
    }
    return part;
  }
}
