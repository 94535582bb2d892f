package io.hfmerge.hf.torchbin;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.files.ByteSource;
import io.hfmerge.hf.torchbin.PickleValue.Storage;
import io.hfmerge.hf.torchbin.PickleValue.Tensor;
import io.hfmerge.hf.torchbin.TorchContent.Range;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The tensors of one file of PyTorch's, checked against the sizes of their data.
 *
 * @param tensors in the file's order
 * @param notes what was left out or is shared, a line each
 */
record TorchTensors(List<Located> tensors, List<String> notes) {

  /**
   * Views of one storage may be larger than the file: tied weights and shared masks are, several
   * times; a file made to fill a disk is a million times.
   */
  private static final long MAX_EXPANSION = 8;

  private static final long EXPANSION_FREE_BYTES = 1L << 30;

  private static final int NAMES_SHOWN = 3;

  /**
   * A tensor.
   *
   * @param data its storage's
   * @param offset byte of the data at which its first element is
   */
  record Located(TensorSpec spec, Range data, long offset, StridedLayout layout) {

    /** Byte of the file at which its first element is; see {@link Range#position}. */
    long position() throws IOException {
      return Math.addExact(data.position(), offset);
    }
  }

  TorchTensors {
    tensors = List.copyOf(tensors);
    notes = List.copyOf(notes);
  }

  /**
   * Checks all that a file says of its tensors.
   *
   * @throws MalformedCheckpointException if a tensor leaves its data, or they are far more than the
   *     file holds
   * @throws io.hfmerge.error.UnsupportedFeatureException if it holds no tensors by name
   */
  static TorchTensors of(ByteSource source, TorchContent content) throws IOException {
    StateDict dict = StateDict.of(source.name(), content.root());
    List<Located> tensors = new ArrayList<>();
    List<String> notes = new ArrayList<>(dict.notes());
    Map<Tensor, String> views = new HashMap<>();
    List<String> shared = new ArrayList<>();
    long bytes = 0;
    for (Map.Entry<String, Tensor> entry : dict.tensors().entrySet()) {
      String name = entry.getKey();
      Tensor tensor = entry.getValue();
      Located located = locate(source, name, tensor, content.data());
      tensors.add(located);
      long size = located.spec().sizeBytes();
      bytes = bytes + size < 0 ? Long.MAX_VALUE : bytes + size;
      String twin = views.putIfAbsent(tensor, name);
      if (twin != null) {
        shared.add(name + " with " + twin);
      }
    }
    long most = Math.max(EXPANSION_FREE_BYTES, MAX_EXPANSION * source.size());
    if (bytes > most) {
      throw new MalformedCheckpointException(
          "%s: expected tensors of at most %d bytes in a file of %d, found %d: views repeat its data"
              .formatted(source.name(), most, source.size(), bytes));
    }
    if (!shared.isEmpty()) {
      notes.add(
          "%s: %s data with others, and each is read as its own: %s%s"
              .formatted(
                  source.name(),
                  shared.size() == 1
                      ? "1 tensor shares its"
                      : shared.size() + " tensors share their",
                  String.join(", ", shared.subList(0, Math.min(NAMES_SHOWN, shared.size()))),
                  shared.size() > NAMES_SHOWN ? ", ..." : ""));
    }
    return new TorchTensors(tensors, notes);
  }

  private static Located locate(
      ByteSource source, String name, Tensor tensor, TorchContent.StorageData data)
      throws IOException {
    Storage storage = tensor.storage();
    Range range =
        data.find(storage)
            .orElseThrow(() ->
                new MalformedCheckpointException(
                    "%s: tensor \"%s\": expected its data under key \"%s\", found none"
                        .formatted(source.name(), name, storage.key())));
    int storageBytes = storage.dtype().bytes();
    // in this form nothing overflows
    long held = range.size() / storageBytes;
    if (storage.offsetElements() > held || storage.elements() > held - storage.offsetElements()) {
      throw new MalformedCheckpointException(
          "%s: at byte %d: tensor \"%s\": expected %d elements of %s from %d on, found data of %d"
                  .formatted(
                      source.name(),
                      range.position(),
                      name,
                      storage.elements(),
                      storage.dtype(),
                      storage.offsetElements(),
                      range.size())
              + " bytes");
    }
    TensorSpec spec = new TensorSpec(name, tensor.dtype(), new Shape(tensor.size()));
    long first = spec.elements() == 0 ? 0 : tensor.offsetElements() * tensor.dtype().bytes();
    return new Located(
        spec,
        range,
        storage.offsetElements() * storageBytes + first,
        new StridedLayout(tensor.dtype().bytes(), tensor.size(), tensor.stride()));
  }
}
