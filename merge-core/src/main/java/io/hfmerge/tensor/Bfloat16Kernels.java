package io.hfmerge.tensor;

import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * bfloat16 to and from {@code double} and {@code float}: the only conversion that C2 does not
 * vectorise by itself, hence two twins, one on the incubating Vector API and a scalar one for a JVM
 * started without {@code --add-modules jdk.incubator.vector}.
 */
abstract class Bfloat16Kernels {

  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  static final Bfloat16Kernels INSTANCE = select();

  private static Bfloat16Kernels select() {
    System.Logger logger = System.getLogger(Bfloat16Kernels.class.getName());
    if (ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()) {
      logger.log(Level.DEBUG, "bfloat16 on the Vector API");
      return new VectorBfloat16Kernels();
    }
    logger.log(
        Level.INFO,
        "bfloat16 without the Vector API, three to four times slower;"
            + " start Java with --add-modules jdk.incubator.vector");
    return new ScalarBfloat16Kernels();
  }

  abstract void decode(MemorySegment source, long sourceOffset, double[] target, int length);

  abstract void decode(
      MemorySegment source, long sourceOffset, float[] target, int targetOffset, int length);

  abstract void encode(double[] source, MemorySegment target, long targetOffset, int length);

  static float decode(short code) {
    return Float.intBitsToFloat(code << 16);
  }

  /** Rounds once, ties to even; NaN becomes a quiet NaN of its sign. */
  static short encode(double value) {
    int bits = Float.floatToRawIntBits(TensorCodec.roundToOdd(value));
    if ((bits & 0x7fffffff) > 0x7f800000) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }

  static final class ScalarBfloat16Kernels extends Bfloat16Kernels {

    @Override
    void decode(MemorySegment source, long sourceOffset, double[] target, int length) {
      for (int i = 0; i < length; i++) {
        target[i] = decode(source.get(SHORT, sourceOffset + 2L * i));
      }
    }

    @Override
    void decode(
        MemorySegment source, long sourceOffset, float[] target, int targetOffset, int length) {
      for (int i = 0; i < length; i++) {
        target[targetOffset + i] = decode(source.get(SHORT, sourceOffset + 2L * i));
      }
    }

    @Override
    void encode(double[] source, MemorySegment target, long targetOffset, int length) {
      for (int i = 0; i < length; i++) {
        target.set(SHORT, targetOffset + 2L * i, encode(source[i]));
      }
    }
  }
}
