package io.hfmerge.tensor;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Element types of the safetensors format, in the order of its reference implementation (ascending
 * alignment).
 *
 * <p>Source: huggingface/safetensors, {@code Dtype}; 8-bit floats: OCP "8-bit Floating Point
 * Specification (OFP8)" and arXiv:2206.02915 (the {@code FNUZ} pair); 4- and 6-bit floats and
 * {@code E8M0}: OCP "Microscaling Formats (MX) Specification v1.0".
 */
public enum DType {
  BOOL(8, Kind.BOOLEAN),
  F4(4, Kind.PACKED),
  F6_E2M3(6, Kind.PACKED),
  F6_E3M2(6, Kind.PACKED),
  U8(8, Kind.INTEGER),
  I8(8, Kind.INTEGER),
  F8_E5M2(8, Kind.FLOAT),
  F8_E4M3(8, Kind.FLOAT),
  /** A power-of-two scale, not a weight: it has no zero and no sign. */
  F8_E8M0(8, Kind.PACKED),
  F8_E4M3FNUZ(8, Kind.FLOAT),
  F8_E5M2FNUZ(8, Kind.FLOAT),
  I16(16, Kind.INTEGER),
  U16(16, Kind.INTEGER),
  F16(16, Kind.FLOAT),
  BF16(16, Kind.FLOAT),
  I32(32, Kind.INTEGER),
  U32(32, Kind.INTEGER),
  F32(32, Kind.FLOAT),
  /** Two F32: real part, imaginary part. */
  C64(64, Kind.PACKED),
  F64(64, Kind.FLOAT),
  I64(64, Kind.INTEGER),
  U64(64, Kind.INTEGER);

  private enum Kind {
    FLOAT,
    INTEGER,
    BOOLEAN,
    PACKED
  }

  private static final Map<String, DType> BY_NAME = new HashMap<>();

  static {
    for (DType dtype : values()) {
      BY_NAME.put(dtype.name(), dtype);
    }
  }

  private final int bits;
  private final Kind kind;

  DType(int bits, Kind kind) {
    this.bits = bits;
    this.kind = kind;
  }

  /** Size of one element in bits: 4, 6, 8, 16, 32 or 64. */
  public int bits() {
    return bits;
  }

  /**
   * Whether the elements are real numbers that {@link TensorCodec} can decode, so that they can be
   * merged and analysed: F64, F32, F16, BF16 and the 8-bit floats but for the pure scale E8M0.
   */
  public boolean isFloat() {
    return kind == Kind.FLOAT;
  }

  /**
   * Whether the elements are whole numbers or truth values, which a merge copies and never adds.
   */
  public boolean isIntegral() {
    return kind == Kind.INTEGER || kind == Kind.BOOLEAN;
  }

  /**
   * Bytes per element.
   *
   * @throws UnsupportedOperationException for the 4- and 6-bit types, which share bytes
   */
  public int bytes() {
    if (bits % 8 != 0) {
      throw new UnsupportedOperationException(this + " elements share bytes");
    }
    return bits / 8;
  }

  /**
   * Bytes that {@code elements} elements take.
   *
   * @param elements number of elements, not negative
   * @throws ArithmeticException if the size does not fit in a {@code long}
   * @throws IllegalArgumentException if the elements do not fill whole bytes
   */
  public long sizeBytes(long elements) {
    if (bits >= 8) {
      return Math.multiplyExact(elements, bits / 8);
    }
    long total = Math.multiplyExact(elements, bits);
    if (total % 8 != 0) {
      throw new IllegalArgumentException(elements + " elements of " + this + " do not fill bytes");
    }
    return total / 8;
  }

  /** The type of this exact, case-sensitive safetensors name, e.g. {@code BF16}. */
  public static Optional<DType> ofSafetensorsName(String name) {
    return Optional.ofNullable(BY_NAME.get(name));
  }

  /**
   * The type that configs and recipes name as PyTorch does: {@code bfloat16}, {@code float16},
   * {@code float32}, {@code float64}, with or without {@code torch.} in front.
   */
  public static Optional<DType> ofTorchName(String name) {
    String plain = name.startsWith("torch.") ? name.substring("torch.".length()) : name;
    for (DType dtype : values()) {
      if (plain.equals(dtype.torchName())) {
        return Optional.of(dtype);
      }
    }
    return Optional.empty();
  }

  /** PyTorch's name of this type, e.g. {@code bfloat16}; the safetensors name where it has none. */
  public String torchName() {
    return switch (this) {
      case BOOL -> "bool";
      case U8 -> "uint8";
      case I8 -> "int8";
      case F8_E5M2 -> "float8_e5m2";
      case F8_E4M3 -> "float8_e4m3fn";
      case F8_E4M3FNUZ -> "float8_e4m3fnuz";
      case F8_E5M2FNUZ -> "float8_e5m2fnuz";
      case F8_E8M0 -> "float8_e8m0fnu";
      case I16 -> "int16";
      case U16 -> "uint16";
      case F16 -> "float16";
      case BF16 -> "bfloat16";
      case I32 -> "int32";
      case U32 -> "uint32";
      case F32 -> "float32";
      case C64 -> "complex64";
      case F64 -> "float64";
      case I64 -> "int64";
      case U64 -> "uint64";
      case F4, F6_E2M3, F6_E3M2 -> name();
    };
  }
}
