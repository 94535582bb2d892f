package io.hfmerge.hf.torchbin;

import io.hfmerge.tensor.DType;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** PyTorch's names of element types and of storages. */
final class TorchTypes {

  /** {@code torch.FloatStorage} and the like. */
  private static final Map<String, DType> STORAGES =
      Map.ofEntries(
          Map.entry("DoubleStorage", DType.F64),
          Map.entry("FloatStorage", DType.F32),
          Map.entry("HalfStorage", DType.F16),
          Map.entry("BFloat16Storage", DType.BF16),
          Map.entry("LongStorage", DType.I64),
          Map.entry("IntStorage", DType.I32),
          Map.entry("ShortStorage", DType.I16),
          Map.entry("CharStorage", DType.I8),
          Map.entry("ByteStorage", DType.U8),
          Map.entry("BoolStorage", DType.BOOL),
          Map.entry("ComplexFloatStorage", DType.C64),
          Map.entry("UntypedStorage", DType.U8));

  /** Types that tensors may be said to have but that are not read here. */
  private static final Set<String> OTHER_DTYPES =
      Set.of(
          "complex32", "complex128", "qint8", "quint8", "qint32", "quint4x2", "quint2x4", "bits8");

  private TorchTypes() {}

  /** The element type of a storage class of module {@code torch}; bytes where it has none. */
  static Optional<DType> ofStorage(String storageClass) {
    return Optional.ofNullable(STORAGES.get(storageClass));
  }

  /**
   * The storage class of elements that have one of their own; empty for those that PyTorch keeps in
   * {@code UntypedStorage}.
   */
  static Optional<String> storageOf(DType dtype) {
    return STORAGES.entrySet().stream()
        .filter(entry -> entry.getValue() == dtype && !entry.getKey().equals("UntypedStorage"))
        .map(Map.Entry::getKey)
        .findFirst();
  }

  /** Whether {@code torch.NAME} is a type of elements, known here or not. */
  static boolean isTypeName(String name) {
    return ofTypeName(name).isPresent() || OTHER_DTYPES.contains(name);
  }

  /** The type that {@code torch.NAME} means. */
  static Optional<DType> ofTypeName(String name) {
    return DType.ofTorchName(name).filter(TorchTypes::isTorchType);
  }

  /** Whether PyTorch has tensors of this type: not of the packed 4- and 6-bit ones. */
  static boolean isTorchType(DType dtype) {
    return dtype.bits() % 8 == 0;
  }
}
