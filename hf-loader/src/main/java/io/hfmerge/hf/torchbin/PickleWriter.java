package io.hfmerge.hf.torchbin;

import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorSpec;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes the {@code data.pkl} of a state dict in pickle protocol 2: an {@code OrderedDict} of
 * row-major tensors, each with a storage of its own whose key is its index. {@code
 * torch.load(weights_only=True)} reads it.
 */
final class PickleWriter {

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final Map<String, Integer> memo = new HashMap<>();

  private PickleWriter() {}

  /** The pickle of these tensors. */
  static byte[] write(List<TensorSpec> tensors) {
    PickleWriter writer = new PickleWriter();
    writer.stateDict(tensors);
    return writer.out.toByteArray();
  }

  private void stateDict(List<TensorSpec> tensors) {
    out.write(0x80);
    out.write(2);
    emptyOrderedDict();
    out.write('(');
    for (int i = 0; i < tensors.size(); i++) {
      text(tensors.get(i).name());
      tensor(tensors.get(i), i);
    }
    out.write('u');
    out.write('.');
  }

  private void tensor(TensorSpec tensor, int key) {
    Optional<String> storage = TorchTypes.storageOf(tensor.dtype());
    global("torch._utils", storage.isPresent() ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3");
    out.write('(');
    storage(tensor, storage, key);
    whole(0);
    tuple(tensor.shape().dimensions());
    tuple(strides(tensor.shape().dimensions()));
    out.write(0x89);
    emptyOrderedDict();
    if (storage.isEmpty()) {
      global("torch", tensor.dtype().torchName());
    }
    out.write('t');
    out.write('R');
  }

  private void storage(TensorSpec tensor, Optional<String> type, int key) {
    DType dtype = tensor.dtype();
    out.write('(');
    text("storage");
    if (type.isPresent()) {
      global("torch", type.get());
    } else {
      global("torch.storage", "UntypedStorage");
    }
    text(Integer.toString(key));
    text("cpu");
    whole(type.isPresent() ? tensor.elements() : dtype.sizeBytes(tensor.elements()));
    out.write('t');
    out.write('Q');
  }

  private static List<Long> strides(List<Long> dimensions) {
    Long[] strides = new Long[dimensions.size()];
    long stride = 1;
    for (int i = strides.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= Math.max(1, dimensions.get(i));
    }
    return List.of(strides);
  }

  private void emptyOrderedDict() {
    global("collections", "OrderedDict");
    out.write(')');
    out.write('R');
  }

  /** Written once and remembered. */
  private void global(String module, String name) {
    Integer known = memo.get(module + '.' + name);
    if (known != null) {
      out.write('h');
      out.write(known);
      return;
    }
    out.write('c');
    out.writeBytes((module + '\n' + name + '\n').getBytes(StandardCharsets.US_ASCII));
    out.write('q');
    out.write(memo.size());
    memo.put(module + '.' + name, memo.size());
  }

  private void text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.write('X');
    little(bytes.length, Integer.BYTES);
    out.writeBytes(bytes);
  }

  private void tuple(List<Long> numbers) {
    out.write('(');
    numbers.forEach(this::whole);
    out.write('t');
  }

  private void whole(long number) {
    if (number < 1 << 8) {
      out.write('K');
      little(number, 1);
    } else if (number < 1 << 16) {
      out.write('M');
      little(number, Short.BYTES);
    } else if (number <= Integer.MAX_VALUE) {
      out.write('J');
      little(number, Integer.BYTES);
    } else {
      out.write(0x8a);
      out.write(Long.BYTES);
      little(number, Long.BYTES);
    }
  }

  private void little(long number, int bytes) {
    byte[] all =
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(number).array();
    out.write(all, 0, bytes);
  }
}
