package io.hfmerge.hf.torchbin;

import io.hfmerge.hf.torchbin.PickleValue.Global;
import io.hfmerge.hf.torchbin.PickleValue.Mapping;
import io.hfmerge.hf.torchbin.PickleValue.None;
import io.hfmerge.hf.torchbin.PickleValue.Other;
import io.hfmerge.hf.torchbin.PickleValue.Sequence;
import io.hfmerge.hf.torchbin.PickleValue.Storage;
import io.hfmerge.hf.torchbin.PickleValue.StorageType;
import io.hfmerge.hf.torchbin.PickleValue.Tensor;
import io.hfmerge.hf.torchbin.PickleValue.Text;
import io.hfmerge.hf.torchbin.PickleValue.TypeName;
import io.hfmerge.hf.torchbin.PickleValue.Whole;
import io.hfmerge.tensor.DType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The names that a pickle of weights may hold, and what calls of them give: a fixed list, compared
 * as text. Whatever is not on it is refused by its name.
 */
final class PickleObjects {

  private static final String ORDERED_DICT = "collections.OrderedDict";
  private static final String REBUILD_TENSOR = "torch._utils._rebuild_tensor";
  private static final String REBUILD_TENSOR_V2 = "torch._utils._rebuild_tensor_v2";
  private static final String REBUILD_TENSOR_V3 = "torch._utils._rebuild_tensor_v3";
  private static final String REBUILD_PARAMETER = "torch._utils._rebuild_parameter";
  private static final String REBUILD_PARAMETER_WITH_STATE =
      "torch._utils._rebuild_parameter_with_state";
  private static final String REBUILD_FROM_TYPE = "torch._tensor._rebuild_from_type_v2";
  private static final String SIZE = "torch.Size";
  private static final String DEVICE = "torch.device";
  private static final String TENSOR = "torch.Tensor";
  private static final String PARAMETER = "torch.nn.parameter.Parameter";

  private static final Set<String> ALLOWED =
      Set.of(
          ORDERED_DICT,
          REBUILD_TENSOR,
          REBUILD_TENSOR_V2,
          REBUILD_TENSOR_V3,
          REBUILD_PARAMETER,
          REBUILD_PARAMETER_WITH_STATE,
          REBUILD_FROM_TYPE,
          SIZE,
          DEVICE,
          TENSOR,
          PARAMETER);

  /** Beginnings of names that training states and whole pickled models hold. */
  private static final List<String> OF_TRAINING =
      List.of(
          "__main__.",
          "argparse.",
          "collections.defaultdict",
          "numpy.",
          "_codecs.",
          "pytorch_lightning.",
          "torch.nn.",
          "torch.optim.",
          "transformers.");

  /** PyTorch's own limit of dimensions. */
  private static final int MAX_RANK = 64;

  private final Map<String, DType> storageTypes = new HashMap<>();

  /** The element type of each storage met so far, by its key. */
  Map<String, DType> storageTypes() {
    return Collections.unmodifiableMap(storageTypes);
  }

  /**
   * A name.
   *
   * @throws io.hfmerge.error.UnsupportedFeatureException if it is not on the list
   */
  PickleValue global(String module, String name, PickleScope scope) {
    String full = module + '.' + name;
    if (ALLOWED.contains(full)) {
      return new Global(full);
    }
    if (module.equals("torch") || module.equals("torch.storage")) {
      Optional<DType> storage = TorchTypes.ofStorage(name);
      if (storage.isPresent() && (module.equals("torch") || name.equals("UntypedStorage"))) {
        return new StorageType(full, storage.get());
      }
      if (module.equals("torch") && TorchTypes.isTypeName(name)) {
        return new TypeName(full, TorchTypes.ofTypeName(name));
      }
    }
    throw scope.unsupported(
        "expected only names that tensors are made of, found global " + full + advice(full));
  }

  private static String advice(String global) {
    if (OF_TRAINING.stream().anyMatch(global::startsWith)) {
      return "; a training state or a whole pickled model is no checkpoint of weights: save its"
          + " state_dict() instead";
    }
    if (global.startsWith("torch._utils._rebuild_")
        || (global.startsWith("torch.") && global.endsWith("Storage"))) {
      return "; tensors of this kind are not read";
    }
    return "; nothing of the file was run, and it should not be opened with torch.load either"
        + " unless you trust its author";
  }

  /** What a call of an allowed name gives. */
  PickleValue call(PickleValue callee, Sequence arguments, PickleScope scope) {
    if (!(callee instanceof Global global)) {
      throw scope.malformed("expected an allowed name to call, found " + callee.describe());
    }
    List<PickleValue> given = arguments.items();
    return switch (global.name()) {
      case ORDERED_DICT -> orderedDict(given, scope);
      case REBUILD_TENSOR -> tensor(argumentsOf(global, given, 4, 4, scope), scope);
      case REBUILD_TENSOR_V2 -> {
        argumentsOf(global, given, 6, 7, scope);
        refuseMetadata(given, 6, scope);
        yield tensor(given, scope);
      }
      case REBUILD_TENSOR_V3 -> {
        argumentsOf(global, given, 7, 8, scope);
        refuseMetadata(given, 7, scope);
        yield typedTensor(given, scope);
      }
      case REBUILD_PARAMETER ->
          requireTensor(argumentsOf(global, given, 3, 3, scope).getFirst(), scope);
      case REBUILD_PARAMETER_WITH_STATE ->
          requireTensor(argumentsOf(global, given, 4, 4, scope).getFirst(), scope);
      case REBUILD_FROM_TYPE -> fromType(argumentsOf(global, given, 4, 4, scope), scope);
      case PARAMETER -> requireTensor(argumentsOf(global, given, 1, 2, scope).getFirst(), scope);
      case SIZE -> {
        if (argumentsOf(global, given, 1, 1, scope).getFirst() instanceof Sequence size
            && size.items().size() <= MAX_RANK) {
          scope.count(size.items().size());
          yield Sequence.tuple(size.items());
        }
        throw scope.malformed(
            "expected the size of a tensor, found " + given.getFirst().describe());
      }
      case DEVICE -> new Other("a device");
      default -> throw scope.unsupported("expected no call of global " + global.name());
    };
  }

  /** What {@code cls.__new__} gives: nothing but ordered dicts is made this way. */
  PickleValue create(PickleValue type, Sequence arguments, PickleScope scope) {
    if (type instanceof Global global && global.name().equals(ORDERED_DICT)) {
      return orderedDict(arguments.items(), scope);
    }
    throw scope.unsupported("expected no object of its own type, found one of " + type.describe());
  }

  /** Attributes of an object, such as the module versions of a state dict: of no use here. */
  void build(PickleValue target, PickleValue state, PickleScope scope) {
    boolean known =
        target instanceof Mapping || target instanceof Tensor || target instanceof Other;
    boolean attributes =
        state instanceof Mapping || state instanceof Sequence || state instanceof None;
    if (!known || !attributes) {
      throw scope.malformed(
          "expected attributes of a dict or a tensor, found %s for %s"
              .formatted(state.describe(), target.describe()));
    }
  }

  /** Sets an item of a dict. */
  static void put(Mapping dict, PickleValue key, PickleValue value, PickleScope scope) {
    if (!(key instanceof Text || key instanceof Whole)) {
      throw scope.unsupported(
          "expected a text or a whole number as key of a dict, found " + key.describe());
    }
    if (dict.entries().put(key, value) != null) {
      throw scope.malformed("expected keys of a dict once, found " + key.describe() + " twice");
    }
  }

  /**
   * A storage: {@code ("storage", type, key, location, elements)}, and in the format without zip
   * {@code None} or {@code (key, offset, elements)} of a part of it.
   */
  Storage persistent(PickleValue id, PickleScope scope) {
    if (!(id instanceof Sequence tuple)
        || tuple.items().size() < 5
        || tuple.items().size() > 6
        || !tuple.items().getFirst().equals(new Text("storage"))) {
      throw scope.unsupported("expected the description of a storage, found " + id.describe());
    }
    List<PickleValue> parts = tuple.items();
    if (!(parts.get(1) instanceof StorageType type)) {
      throw scope.unsupported("expected a type of storage, found " + parts.get(1).describe());
    }
    String key = key(parts.get(2), scope);
    DType earlier = storageTypes.putIfAbsent(key, type.dtype());
    if (earlier != null && earlier != type.dtype()) {
      throw scope.malformed(
          "expected storage \"%s\" of one type, found %s and %s"
              .formatted(key, earlier, type.dtype()));
    }
    long elements = count(parts.get(4), "the size of a storage", scope);
    if (parts.size() == 6 && parts.get(5) instanceof Sequence view) {
      if (view.items().size() != 3) {
        throw scope.malformed("expected a part of a storage, found " + view.describe());
      }
      long offset = count(view.items().get(1), "the start of a part of a storage", scope);
      long part = count(view.items().get(2), "the size of a part of a storage", scope);
      if (offset > elements || part > elements - offset) {
        throw scope.malformed(
            "expected a part of a storage of %d elements, found %d from %d on"
                .formatted(elements, part, offset));
      }
      return new Storage(key, type.dtype(), part, offset);
    }
    return new Storage(key, type.dtype(), elements, 0);
  }

  private static String key(PickleValue value, PickleScope scope) {
    return switch (value) {
      case Text(String text) -> text;
      case Whole(long number) -> Long.toString(number);
      default -> throw scope.malformed("expected the key of a storage, found " + value.describe());
    };
  }

  private static long count(PickleValue value, String what, PickleScope scope) {
    if (value instanceof Whole(long number) && number >= 0) {
      return number;
    }
    throw scope.malformed(
        "expected %s as a number from 0 on, found %s".formatted(what, value.describe()));
  }

  private static List<PickleValue> argumentsOf(
      Global callee, List<PickleValue> given, int least, int most, PickleScope scope) {
    if (given.size() < least || given.size() > most) {
      throw scope.malformed(
          "expected %s arguments of %s, found %d"
              .formatted(
                  least == most ? least : least + " or " + most, callee.name(), given.size()));
    }
    return given;
  }

  /** From nothing, or from the list of pairs that Python 2 wrote. */
  private static Mapping orderedDict(List<PickleValue> given, PickleScope scope) {
    Mapping dict = new Mapping();
    if (given.isEmpty()) {
      return dict;
    }
    if (given.size() > 1 || !(given.getFirst() instanceof Sequence pairs)) {
      throw scope.malformed("expected pairs for " + ORDERED_DICT + ", found others");
    }
    scope.count(2 * Math.min(pairs.items().size(), PickleScope.MAX_VALUES));
    for (PickleValue pair : pairs.items()) {
      if (!(pair instanceof Sequence sequence) || sequence.items().size() != 2) {
        throw scope.malformed("expected pairs for " + ORDERED_DICT + ", found " + pair.describe());
      }
      put(dict, sequence.items().getFirst(), sequence.items().getLast(), scope);
    }
    return dict;
  }

  /** A tensor of a Python class of its own, which holds the same numbers with attributes. */
  private PickleValue fromType(List<PickleValue> given, PickleScope scope) {
    boolean plain =
        given.get(1) instanceof Global type
            && (type.name().equals(TENSOR) || type.name().equals(PARAMETER));
    boolean rebuilds =
        given.getFirst() instanceof Global function
            && function.name().startsWith("torch._utils._rebuild_");
    if (!plain || !rebuilds || !(given.get(2) instanceof Sequence arguments)) {
      throw scope.unsupported(
          "expected a plain tensor, found %s of %s"
              .formatted(given.getFirst().describe(), given.get(1).describe()));
    }
    return call(given.getFirst(), arguments, scope);
  }

  private static Tensor requireTensor(PickleValue value, PickleScope scope) {
    if (value instanceof Tensor tensor) {
      return tensor;
    }
    throw scope.malformed("expected a tensor, found " + value.describe());
  }

  /** Bits that would negate or conjugate the numbers stored. */
  private static void refuseMetadata(List<PickleValue> given, int index, PickleScope scope) {
    if (given.size() > index && given.get(index) instanceof Mapping metadata) {
      metadata.entries().keySet().stream()
          .findFirst()
          .ifPresent(key -> {
            throw scope.unsupported("expected a tensor without metadata, found " + key.describe());
          });
    }
  }

  private static Tensor tensor(List<PickleValue> given, PickleScope scope) {
    Storage storage = storage(given.getFirst(), scope);
    return view(storage, storage.dtype(), given, scope);
  }

  private static Tensor typedTensor(List<PickleValue> given, PickleScope scope) {
    if (!(given.get(6) instanceof TypeName type)) {
      throw scope.malformed("expected a dtype, found " + given.get(6).describe());
    }
    DType dtype =
        type.dtype()
            .orElseThrow(
                () -> scope.unsupported("expected a dtype of safetensors, found " + type.name()));
    return view(storage(given.getFirst(), scope), dtype, given, scope);
  }

  private static Storage storage(PickleValue value, PickleScope scope) {
    if (value instanceof Storage storage) {
      return storage;
    }
    throw scope.malformed("expected the storage of a tensor, found " + value.describe());
  }

  /** Checks that every element of a view is in its storage. */
  private static Tensor view(
      Storage storage, DType dtype, List<PickleValue> given, PickleScope scope) {
    long offset = count(given.get(1), "the offset of a tensor", scope);
    List<Long> size = counts(given.get(2), "the size of a tensor", scope);
    List<Long> stride = counts(given.get(3), "the stride of a tensor", scope);
    if (size.size() != stride.size() || size.size() > MAX_RANK) {
      throw scope.malformed(
          "expected as many strides as dimensions and at most %d, found %s and %s"
              .formatted(MAX_RANK, stride, size));
    }
    try {
      long elements = 1;
      long last = 0;
      for (int i = 0; i < size.size(); i++) {
        elements = Math.multiplyExact(elements, size.get(i));
        last = Math.addExact(last, Math.multiplyExact(Math.max(0, size.get(i) - 1), stride.get(i)));
      }
      long end = elements == 0 ? 0 : Math.addExact(Math.addExact(offset, last), 1);
      dtype.sizeBytes(elements);
      if (dtype.sizeBytes(end) > storage.dtype().sizeBytes(storage.elements())) {
        throw scope.malformed(
            "expected a tensor within its storage of %d elements of %s, found %s with strides %s"
                    .formatted(storage.elements(), storage.dtype(), size, stride)
                + " from element "
                + offset
                + " on");
      }
    } catch (ArithmeticException e) {
      throw scope.malformed(
          "expected a tensor of fewer than 2^63 bytes, found size %s with strides %s from element %d"
                  .formatted(size, stride, offset)
              + " on");
    }
    return new Tensor(storage, dtype, offset, size, stride);
  }

  private static List<Long> counts(PickleValue value, String what, PickleScope scope) {
    if (!(value instanceof Sequence sequence) || sequence.items().size() > MAX_RANK) {
      throw scope.malformed("expected %s, found %s".formatted(what, value.describe()));
    }
    scope.count(sequence.items().size());
    List<Long> counts = new ArrayList<>();
    for (PickleValue item : sequence.items()) {
      counts.add(count(item, what, scope));
    }
    return counts;
  }
}
