package io.hfmerge.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Converts between stored elements and arrays of {@code double} or {@code float}.
 *
 * <p>Decoding to {@code double} is exact for every float dtype. Encoding rounds once, to nearest,
 * ties to even; values beyond the largest finite one become infinity (the largest NaN-free code of
 * F8_E4M3 has no infinity: there they become NaN). NaN stays NaN, not necessarily with its payload.
 * Stored data may have any alignment and is little-endian. Stateless and thread-safe.
 */
public final class TensorCodec {

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private TensorCodec() {}

  /**
   * Decodes {@code length} elements, exactly.
   *
   * @param dtype a float dtype ({@link DType#isFloat()})
   * @param source stored bytes
   * @param sourceOffset first byte of the first element
   * @param target receives the values from index 0 on
   * @param length number of elements, at most {@code target.length}
   */
  public static void decode(
      DType dtype, MemorySegment source, long sourceOffset, double[] target, int length) {
    switch (dtype) {
      case BF16 -> Bfloat16Kernels.INSTANCE.decode(source, sourceOffset, target, length);
      case F16 -> {
        for (int i = 0; i < length; i++) {
          target[i] = Float.float16ToFloat(source.get(SHORT, sourceOffset + 2L * i));
        }
      }
      case F32 -> {
        for (int i = 0; i < length; i++) {
          target[i] = source.get(FLOAT, sourceOffset + 4L * i);
        }
      }
      case F64 -> {
        for (int i = 0; i < length; i++) {
          target[i] = source.get(DOUBLE, sourceOffset + 8L * i);
        }
      }
      case F8_E4M3, F8_E5M2, F8_E4M3FNUZ, F8_E5M2FNUZ -> {
        Float8Format format = Float8Format.of(dtype);
        for (int i = 0; i < length; i++) {
          target[i] = format.decode(source.get(ValueLayout.JAVA_BYTE, sourceOffset + i));
        }
      }
      default -> throw notFloat(dtype);
    }
  }

  /**
   * Decodes {@code length} elements to {@code float}; F64 is rounded, every other dtype is exact.
   *
   * @param dtype a float dtype ({@link DType#isFloat()})
   * @param source stored bytes
   * @param sourceOffset first byte of the first element
   * @param target receives the values
   * @param targetOffset index of the first value
   * @param length number of elements
   */
  public static void decode(
      DType dtype,
      MemorySegment source,
      long sourceOffset,
      float[] target,
      int targetOffset,
      int length) {
    switch (dtype) {
      case BF16 ->
          Bfloat16Kernels.INSTANCE.decode(source, sourceOffset, target, targetOffset, length);
      case F16 -> {
        for (int i = 0; i < length; i++) {
          target[targetOffset + i] = Float.float16ToFloat(source.get(SHORT, sourceOffset + 2L * i));
        }
      }
      case F32 -> MemorySegment.copy(source, FLOAT, sourceOffset, target, targetOffset, length);
      case F64 -> {
        for (int i = 0; i < length; i++) {
          target[targetOffset + i] = (float) source.get(DOUBLE, sourceOffset + 8L * i);
        }
      }
      case F8_E4M3, F8_E5M2, F8_E4M3FNUZ, F8_E5M2FNUZ -> {
        Float8Format format = Float8Format.of(dtype);
        for (int i = 0; i < length; i++) {
          target[targetOffset + i] =
              (float) format.decode(source.get(ValueLayout.JAVA_BYTE, sourceOffset + i));
        }
      }
      default -> throw notFloat(dtype);
    }
  }

  /**
   * Encodes {@code length} values with one rounding, to nearest, ties to even.
   *
   * @param dtype a float dtype ({@link DType#isFloat()})
   * @param source values from index 0 on
   * @param target receives the bytes
   * @param targetOffset first byte of the first element
   * @param length number of elements
   */
  public static void encode(
      DType dtype, double[] source, MemorySegment target, long targetOffset, int length) {
    switch (dtype) {
      case BF16 -> Bfloat16Kernels.INSTANCE.encode(source, target, targetOffset, length);
      case F16 -> {
        for (int i = 0; i < length; i++) {
          target.set(SHORT, targetOffset + 2L * i, Float.floatToFloat16(roundToOdd(source[i])));
        }
      }
      case F32 -> {
        for (int i = 0; i < length; i++) {
          target.set(FLOAT, targetOffset + 4L * i, (float) source[i]);
        }
      }
      case F64 -> MemorySegment.copy(source, 0, target, DOUBLE, targetOffset, length);
      case F8_E4M3, F8_E5M2, F8_E4M3FNUZ, F8_E5M2FNUZ -> {
        Float8Format format = Float8Format.of(dtype);
        for (int i = 0; i < length; i++) {
          target.set(ValueLayout.JAVA_BYTE, targetOffset + i, format.encode(source[i]));
        }
      }
      default -> throw notFloat(dtype);
    }
  }

  /**
   * The {@code float} next to {@code value} towards zero, with its last bit set if anything was cut
   * off. Rounding that to a format at least two bits shorter gives what rounding {@code value}
   * itself gives, which rounding to nearest twice would not.
   *
   * <p>Source: Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums: proved
   * algorithms using rounding to odd", IEEE TC 57(4), 2008, section 3.
   */
  static float roundToOdd(double value) {
    float nearest = (float) value;
    double error = nearest - value;
    if (error == 0 || Double.isNaN(error)) {
      return nearest;
    }
    int bits = Float.floatToRawIntBits(nearest);
    if (Math.abs((double) nearest) > Math.abs(value)) {
      bits--;
    }
    return Float.intBitsToFloat(bits | 1);
  }

  private static IllegalArgumentException notFloat(DType dtype) {
    return new IllegalArgumentException(dtype + " elements are not real numbers");
  }
}
