package io.hfmerge.plan;

import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A checkpoint in which one matrix shows only its first rows and columns. Does not own the
 * checkpoint behind it.
 */
final class CroppedCheckpoint implements Checkpoint {

  private final Checkpoint whole;
  private final TensorSpec cropped;
  private final long storedRowBytes;
  private final long rowBytes;

  /**
   * @param whole has the tensor
   * @param tensor a matrix of whole bytes per element
   * @param shape no larger in either dimension
   */
  CroppedCheckpoint(Checkpoint whole, TensorSpec tensor, Shape shape) {
    this.whole = whole;
    this.cropped = new TensorSpec(tensor.name(), tensor.dtype(), shape);
    this.storedRowBytes = tensor.dtype().sizeBytes(tensor.shape().dimension(1));
    this.rowBytes = tensor.dtype().sizeBytes(shape.dimension(1));
    if (shape.dimension(0) > tensor.shape().dimension(0) || rowBytes > storedRowBytes) {
      throw new IllegalArgumentException("cannot crop " + tensor.describe() + " to " + shape);
    }
  }

  @Override
  public String id() {
    return whole.id();
  }

  @Override
  public List<TensorSpec> tensors() {
    return whole.tensors().stream()
        .map(tensor -> tensor.name().equals(cropped.name()) ? cropped : tensor)
        .toList();
  }

  @Override
  public Optional<TensorSpec> find(String name) {
    return name.equals(cropped.name()) ? Optional.of(cropped) : whole.find(name);
  }

  @Override
  public Map<String, String> metadata() {
    return whole.metadata();
  }

  @Override
  public void read(String tensor, long offsetBytes, MemorySegment destination) throws IOException {
    if (!tensor.equals(cropped.name())) {
      whole.read(tensor, offsetBytes, destination);
      return;
    }
    long length = destination.byteSize();
    if (offsetBytes < 0 || offsetBytes > cropped.sizeBytes() - length) {
      throw new IllegalArgumentException(
          id() + ": bytes " + offsetBytes + " to " + (offsetBytes + length) + " of " + tensor);
    }
    if (rowBytes == storedRowBytes) {
      whole.read(tensor, offsetBytes, destination);
      return;
    }
    for (long done = 0; done < length; ) {
      long row = (offsetBytes + done) / rowBytes;
      long inRow = (offsetBytes + done) % rowBytes;
      long part = Math.min(rowBytes - inRow, length - done);
      whole.read(tensor, row * storedRowBytes + inRow, destination.asSlice(done, part));
      done += part;
    }
  }

  @Override
  public List<String> remarks(String tensor) {
    return whole.remarks(tensor);
  }

  @Override
  public Optional<MemorySegment> mapped(String tensor) {
    if (!tensor.equals(cropped.name())) {
      return whole.mapped(tensor);
    }
    return rowBytes == storedRowBytes
        ? whole.mapped(tensor).map(bytes -> bytes.asSlice(0, cropped.sizeBytes()))
        : Optional.empty();
  }

  @Override
  public void close() {
    // whoever opened the checkpoint behind it closes that
  }
}
