package io.hfmerge.hf.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.djl.DjlTensors.Option;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.Set;

/** Makes one array of one tensor at a time. */
final class NDArrayLoader {

  /**
   * Largest buffer handed to DJL, whose sizes are {@code int}; larger tensors are put together from
   * parts of this size.
   */
  static final long MAX_BUFFER_BYTES = 1L << 30;

  /** Elements decoded at a time: 256 KiB of floats stay in a core's cache. */
  private static final int TILE = 1 << 16;

  /** Cache line, and the widest vector register. */
  private static final int ALIGNMENT = 64;

  private final Checkpoint checkpoint;
  private final NDManager manager;
  private final Arena arena;
  private final Set<Option> options;
  private final long maxBufferBytes;

  /**
   * @param arena owns the memory of arrays on the CPU that do not share the checkpoint's
   */
  NDArrayLoader(
      Checkpoint checkpoint,
      NDManager manager,
      Arena arena,
      Set<Option> options,
      long maxBufferBytes) {
    this.checkpoint = checkpoint;
    this.manager = manager;
    this.arena = arena;
    this.options = options;
    this.maxBufferBytes = maxBufferBytes;
  }

  NDArray load(TensorSpec tensor) throws IOException {
    NDArray array = loadDecoded(tensor);
    if (!options.contains(Option.ALL_AS_F16) || array.getDataType() != DataType.FLOAT32) {
      return array;
    }
    try (array) {
      return array.toType(DataType.FLOAT16, true);
    }
  }

  private NDArray loadDecoded(TensorSpec tensor) throws IOException {
    DataType type = arrayType(tensor);
    Shape shape = new Shape(tensor.shape().dimensions());
    long elements = tensor.elements();
    if (elements == 0) {
      return manager.create(shape, type);
    }
    long rows = tensor.shape().rank() == 0 ? 1 : tensor.shape().dimension(0);
    long rowElements = elements / rows;
    long rowBytes = Math.multiplyExact(rowElements, type.getNumOfBytes());
    if (rowBytes > maxBufferBytes) {
      throw new UnsupportedFeatureException(
          "%s: tensor \"%s\" (%s): expected rows of at most %d bytes to load with DJL, found %d"
              .formatted(
                  checkpoint.id(), tensor.name(), tensor.describe(), maxBufferBytes, rowBytes));
    }
    long partRows = maxBufferBytes / rowBytes;
    return rows <= partRows
        ? create(manager, arena, tensor, 0, shape, type)
        : concatenate(tensor, rows, partRows, rowElements, type);
  }

  private NDArray concatenate(
      TensorSpec tensor, long rows, long partRows, long rowElements, DataType type)
      throws IOException {
    try (NDManager partManager = manager.newSubManager();
        Arena partArena = Arena.ofShared()) {
      NDList parts = new NDList();
      for (long first = 0; first < rows; first += partRows) {
        long[] dimensions = tensor.shape().dimensions().stream().mapToLong(n -> n).toArray();
        dimensions[0] = Math.min(partRows, rows - first);
        parts.add(
            create(
                partManager, partArena, tensor, first * rowElements, new Shape(dimensions), type));
      }
      NDArray whole = NDArrays.concat(parts, 0);
      whole.attach(manager);
      // closed before their memory is
      parts.close();
      return whole;
    }
  }

  private NDArray create(
      NDManager owner,
      Arena memory,
      TensorSpec tensor,
      long firstElement,
      Shape shape,
      DataType type)
      throws IOException {
    if (manager.getDevice().isGpu()) {
      try (Arena temporary = Arena.ofConfined()) {
        MemorySegment bytes = bytes(temporary, tensor, firstElement, shape.size(), type);
        return owner.create(bytes.asByteBuffer().order(ByteOrder.nativeOrder()), shape, type);
      }
    }
    MemorySegment bytes = bytes(memory, tensor, firstElement, shape.size(), type);
    return owner.create(bytes.asByteBuffer().order(ByteOrder.nativeOrder()), shape, type);
  }

  /** Part of a tensor as DJL takes it: the mapped bytes themselves where possible. */
  private MemorySegment bytes(
      Arena memory, TensorSpec tensor, long firstElement, long elements, DataType type)
      throws IOException {
    long size = elements * type.getNumOfBytes();
    if (decodes(tensor.dtype())) {
      MemorySegment target = memory.allocate(size, ALIGNMENT);
      decode(tensor, firstElement, elements, target);
      return target;
    }
    long offset = firstElement * type.getNumOfBytes();
    Optional<MemorySegment> mapped = checkpoint.mapped(tensor.name());
    if (mapped.isPresent() && shareable(mapped.get(), type)) {
      return mapped.get().asSlice(offset, size);
    }
    MemorySegment target = memory.allocate(size, ALIGNMENT);
    checkpoint.read(tensor.name(), offset, target);
    return target;
  }

  /**
   * Whether the engine may read these bytes in place. libtorch takes any address without complaint
   * and then crashes in some kernels if it is not a multiple of the element size
   * (pytorch/pytorch#191238).
   */
  private boolean shareable(MemorySegment mapped, DataType type) {
    return manager.getDevice().isGpu()
        || (!options.contains(Option.COPY) && mapped.address() % type.getNumOfBytes() == 0);
  }

  private void decode(TensorSpec tensor, long firstElement, long elements, MemorySegment target)
      throws IOException {
    int tile = (int) Math.min(TILE, elements);
    float[] values = new float[tile];
    int width = tensor.dtype().bytes();
    try (Arena temporary = Arena.ofConfined()) {
      MemorySegment stored = temporary.allocate((long) tile * width, ALIGNMENT);
      for (long done = 0; done < elements; done += tile) {
        int length = (int) Math.min(tile, elements - done);
        MemorySegment source = stored.asSlice(0, (long) length * width);
        checkpoint.read(tensor.name(), (firstElement + done) * width, source);
        TensorCodec.decode(tensor.dtype(), source, 0, values, 0, length);
        MemorySegment.copy(values, 0, target, ValueLayout.JAVA_FLOAT, done * Float.BYTES, length);
      }
    }
  }

  private boolean decodes(DType dtype) {
    return switch (dtype) {
      // DJL's BFLOAT16 aborts the JVM on the CPU, and it has no 8-bit floats
      case BF16, F8_E4M3, F8_E5M2, F8_E4M3FNUZ, F8_E5M2FNUZ -> true;
      case F16 -> options.contains(Option.F16_AS_F32) || options.contains(Option.ALL_AS_F32);
      case F64 -> options.contains(Option.ALL_AS_F32) || options.contains(Option.ALL_AS_F16);
      default -> false;
    };
  }

  private DataType arrayType(TensorSpec tensor) {
    if (decodes(tensor.dtype())) {
      return DataType.FLOAT32;
    }
    return switch (tensor.dtype()) {
      case F64 -> DataType.FLOAT64;
      case F32 -> DataType.FLOAT32;
      case F16 -> DataType.FLOAT16;
      case I64 -> DataType.INT64;
      case I32 -> DataType.INT32;
      case I8 -> DataType.INT8;
      case U8 -> DataType.UINT8;
      case BOOL -> DataType.BOOLEAN;
      default ->
          throw new UnsupportedFeatureException(
              "%s: tensor \"%s\": DJL has no arrays of %s"
                  .formatted(checkpoint.id(), tensor.name(), tensor.dtype()));
    };
  }
}
