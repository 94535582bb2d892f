package io.hfmerge.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Converts between stored elements and arrays of {@code float}, in vectorised loops, or of {@code
 * double}, which hold every dtype exactly.
 *
 * <p>Decoding to {@code double} is exact for every float dtype. Encoding rounds once, to nearest,
 * ties to even; values beyond the largest finite one become infinity (the largest NaN-free code of
 * F8_E4M3 has no infinity: there they become NaN). NaN stays NaN, not necessarily with its payload.
 * Stored data may have any alignment and is little-endian. Stateless and thread-safe.
 */
public final class TensorCodec {

  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final ThreadLocal<Bfloat16Kernels> BFLOAT16 =
      ThreadLocal.withInitial(Bfloat16Kernels::new);

  private static final ThreadLocal<Magnitudes> MAGNITUDES =
      ThreadLocal.withInitial(Magnitudes::new);

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
      case BF16 -> {
        for (int i = 0; i < length; i++) {
          target[i] = Bfloat16Kernels.decode(source.get(SHORT, sourceOffset + 2L * i));
        }
      }
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
      case BF16 -> BFLOAT16.get().decode(source, sourceOffset, target, targetOffset, length);
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
      case BF16 -> {
        for (int i = 0; i < length; i++) {
          target.set(SHORT, targetOffset + 2L * i, (short) round(source[i], 7, 127));
        }
      }
      case F16 -> {
        for (int i = 0; i < length; i++) {
          target.set(SHORT, targetOffset + 2L * i, encodeHalf(source[i]));
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
   * Encodes {@code length} values with one rounding, to nearest, ties to even.
   *
   * @param dtype a float dtype ({@link DType#isFloat()})
   * @param source values from index 0 on
   * @param target receives the bytes
   * @param targetOffset first byte of the first element
   * @param length number of elements
   * @return whether every stored value is a finite number
   */
  public static boolean encode(
      DType dtype, float[] source, MemorySegment target, long targetOffset, int length) {
    switch (dtype) {
      case BF16 -> {
        return BFLOAT16.get().encode(source, target, targetOffset, length);
      }
      case F16 -> {
        for (int i = 0; i < length; i++) {
          target.set(SHORT, targetOffset + 2L * i, Float.floatToFloat16(source[i]));
        }
      }
      case F32 -> MemorySegment.copy(source, 0, target, FLOAT, targetOffset, length);
      case F64 -> {
        for (int i = 0; i < length; i++) {
          target.set(DOUBLE, targetOffset + 8L * i, source[i]);
        }
      }
      case F8_E4M3, F8_E5M2, F8_E4M3FNUZ, F8_E5M2FNUZ -> {
        Float8Format format = Float8Format.of(dtype);
        for (int i = 0; i < length; i++) {
          target.set(ValueLayout.JAVA_BYTE, targetOffset + i, format.encode(source[i]));
        }
      }
      default -> throw notFloat(dtype);
    }
    return MAGNITUDES.get().allBelow(overflow(dtype), source, length);
  }

  /** The smallest magnitude that is stored as infinity or NaN. */
  private static float overflow(DType dtype) {
    return switch (dtype) {
      case F64, F32 -> Float.POSITIVE_INFINITY;
      case F16 -> 65520;
      case F8_E5M2, F8_E5M2FNUZ -> 61440;
      case F8_E4M3 -> 0x1.D00002p8f; // the tie at 464 goes down, to the even 448
      case F8_E4M3FNUZ -> 248;
      default -> throw notFloat(dtype);
    };
  }

  /** F16 with one rounding; see {@link #round}. */
  private static short encodeHalf(double value) {
    return (short) round(value, 10, 15);
  }

  /**
   * Code of a 16-bit format: nearest value, ties to even; beyond the largest, infinity; NaN a quiet
   * NaN with sign and leading payload bits kept. Without branches, which real weights would
   * mispredict.
   *
   * <p>Normal values are rounded as integers: the carry out of the mantissa is the next exponent.
   * Subnormal ones by adding the power of two whose last bit is the format's smallest value: the
   * sum is rounded there by the processor, and the difference of codes counts smallest values.
   *
   * @param mantissaBits stored bits of the mantissa
   * @param bias exponent bias; constants at every call, so that all below folds
   */
  static int round(double value, int mantissaBits, int bias) {
    int dropped = 52 - mantissaBits;
    long smallestNormal = (1024L - bias) << 52;
    long unit = (1023L + 52 + 1 - bias - mantissaBits) << 52;
    long infinity = ((2L * bias) + 1) << mantissaBits;
    long quiet = 1L << (mantissaBits - 1);

    long bits = Double.doubleToRawLongBits(value);
    long magnitude = bits & Long.MAX_VALUE;
    long rebiased = magnitude - ((1023L - bias) << 52);
    long half = (1L << (dropped - 1)) - 1 + ((rebiased >>> dropped) & 1);
    long normal = (rebiased + half) >>> dropped;
    long subnormal =
        Double.doubleToRawLongBits(Math.abs(value) + Double.longBitsToDouble(unit)) - unit;
    long isSubnormal = (magnitude - smallestNormal) >> 63;
    long code = Math.min((normal & ~isSubnormal) | (subnormal & isSubnormal), infinity);
    long isNan = ((0x7ffL << 52) - magnitude) >> 63;
    long payload = (magnitude >>> dropped) & (2 * quiet - 1);
    code |= isNan & (quiet | payload);
    return (int) (code | ((bits >>> 48) & 0x8000));
  }

  private static IllegalArgumentException notFloat(DType dtype) {
    return new IllegalArgumentException(dtype + " elements are not real numbers");
  }
}
