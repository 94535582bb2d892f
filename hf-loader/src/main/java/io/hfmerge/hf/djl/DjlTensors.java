package io.hfmerge.hf.djl;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.Set;

/**
 * Tensors of a checkpoint as DJL arrays on one device; owns the arrays and their memory until
 * closed.
 *
 * <pre>{@code
 * try (HfModel model = HfModels.open("org/name");
 *     DjlTensors tensors = DjlTensors.load(model.checkpoint(), Device.cpu())) {
 *   NDArray embedding = tensors.get("model.embed_tokens.weight");
 * }
 * }</pre>
 *
 * <p><b>Types.</b> F64, F32, F16, I64, I32, I8, U8 and BOOL keep theirs. BF16 and the 8-bit floats
 * become F32, exactly. Others are refused.
 *
 * <p><b>Memory.</b> On the CPU an array shares the checkpoint's mapped bytes where they are stored
 * as DJL takes them; what has to be decoded, is not aligned to its element size, or is larger than
 * 1 GiB, is copied. Therefore <b>no array may be used after this object or the checkpoint is
 * closed</b>, nor moved to a manager that lives longer: native code would read unmapped memory.
 * Shared arrays are read-only: an operation in place ({@code addi}, {@code set}) on one ends the
 * JVM. {@link Option#COPY} gives arrays that can be changed. On a GPU everything is a copy.
 *
 * <p>As thread-safe as the engine's arrays.
 */
public final class DjlTensors implements AutoCloseable {

  /** How tensors become arrays. */
  public enum Option {
    /** F16 becomes F32: on the CPU the engine multiplies F16 about fifty times more slowly. */
    F16_AS_F32,
    /** Every float becomes F32; F64 is rounded. */
    ALL_AS_F32,
    /** Every float becomes F16, rounded: for GPUs. */
    ALL_AS_F16,
    /** No array shares the checkpoint's memory, so that all can be changed in place. */
    COPY
  }

  private final NDManager manager;
  private final Arena arena;
  private final SequencedMap<String, NDArray> arrays = new LinkedHashMap<>();

  private DjlTensors(NDManager manager, Arena arena) {
    this.manager = manager;
    this.arena = arena;
  }

  /**
   * Loads every tensor.
   *
   * @param checkpoint stays open as long as the arrays are used
   * @param device where to
   * @throws IOException if the bytes cannot be read
   * @throws io.hfmerge.error.UnsupportedFeatureException if DJL has no type for a tensor's
   */
  public static DjlTensors load(Checkpoint checkpoint, Device device, Option... options)
      throws IOException {
    return load(checkpoint, device, allNames(checkpoint), options);
  }

  /**
   * Loads some tensors.
   *
   * @param checkpoint stays open as long as the arrays are used
   * @param device where to
   * @param names names of existing tensors
   * @throws IOException if the bytes cannot be read
   * @throws IllegalArgumentException if there is no tensor of such a name
   * @throws io.hfmerge.error.UnsupportedFeatureException if DJL has no type for a tensor's
   */
  public static DjlTensors load(
      Checkpoint checkpoint, Device device, Collection<String> names, Option... options)
      throws IOException {
    return load(
        checkpoint,
        NDManager.newBaseManager(device),
        names,
        NDArrayLoader.MAX_BUFFER_BYTES,
        options);
  }

  /**
   * Loads some tensors onto a manager's device; closing the manager invalidates the arrays, closing
   * the result does not close the manager.
   *
   * @param checkpoint stays open as long as the arrays are used
   * @param parent decides device and engine
   * @param names names of existing tensors
   * @throws IOException if the bytes cannot be read
   * @throws IllegalArgumentException if there is no tensor of such a name
   * @throws io.hfmerge.error.UnsupportedFeatureException if DJL has no type for a tensor's
   */
  public static DjlTensors load(
      Checkpoint checkpoint, NDManager parent, Collection<String> names, Option... options)
      throws IOException {
    return load(checkpoint, parent.newSubManager(), names, NDArrayLoader.MAX_BUFFER_BYTES, options);
  }

  /** {@link #load} with another limit of a buffer's size; owns {@code manager} at once. */
  static DjlTensors load(
      Checkpoint checkpoint,
      NDManager manager,
      Collection<String> names,
      long maxBufferBytes,
      Option... options)
      throws IOException {
    Set<Option> chosen = EnumSet.noneOf(Option.class);
    Collections.addAll(chosen, options);
    DjlTensors tensors = new DjlTensors(manager, Arena.ofShared());
    boolean complete = false;
    try {
      NDArrayLoader loader =
          new NDArrayLoader(checkpoint, manager, tensors.arena, chosen, maxBufferBytes);
      for (String name : names) {
        if (!tensors.arrays.containsKey(name)) {
          NDArray array = loader.load(checkpoint.get(name));
          array.setName(name);
          tensors.arrays.put(name, array);
        }
      }
      complete = true;
      return tensors;
    } finally {
      if (!complete) {
        tensors.close();
      }
    }
  }

  /**
   * Memory that all float tensors of a checkpoint would take on the CPU with {@link
   * Option#ALL_AS_F32}, in bytes; those whose mapped bytes are shared take none.
   */
  public static long copiedBytes(Checkpoint checkpoint) {
    long bytes = 0;
    for (TensorSpec tensor : checkpoint.tensors()) {
      if (tensor.dtype().isFloat() && !isShared(checkpoint, tensor)) {
        bytes += DType.F32.sizeBytes(tensor.elements());
      }
    }
    return bytes;
  }

  private static boolean isShared(Checkpoint checkpoint, TensorSpec tensor) {
    return tensor.dtype() == DType.F32
        && tensor.sizeBytes() <= NDArrayLoader.MAX_BUFFER_BYTES
        && checkpoint
            .mapped(tensor.name())
            .filter(mapped -> mapped.address() % DType.F32.bytes() == 0)
            .isPresent();
  }

  /** Names of the loaded tensors, in the order asked for. */
  public SequencedSet<String> names() {
    return Collections.unmodifiableSequencedSet(arrays.sequencedKeySet());
  }

  /** The array of a tensor, if it was loaded. */
  public Optional<NDArray> find(String name) {
    return Optional.ofNullable(arrays.get(name));
  }

  /**
   * The array of a loaded tensor.
   *
   * @throws IllegalArgumentException if it was not loaded
   */
  public NDArray get(String name) {
    return find(name)
        .orElseThrow(() -> new IllegalArgumentException("tensor \"" + name + "\" is not loaded"));
  }

  /** All arrays, each with its tensor's name, in the order asked for. */
  public NDList list() {
    return new NDList(arrays.values());
  }

  /** Closes the arrays and frees their memory; once is enough, more does nothing. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      manager.close();
      arena.close();
    }
  }

  private static List<String> allNames(Checkpoint checkpoint) {
    return checkpoint.tensors().stream().map(TensorSpec::name).toList();
  }
}
