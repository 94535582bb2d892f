package io.hfmerge.tensor;

import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
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

  /** Tile of {@link #warmUp}. */
  private static final int WARM_UP_TILE = 1024;

  /** A tile at 8 ns an element both ways: far below interpreted code, well above compiled. */
  private static final long FAST_NANOS = 8 * WARM_UP_TILE;

  /** Fast tiles in a row, so that no lucky one decides. */
  private static final int FAST_TILES = 16;

  /** After so long without becoming fast they never will. */
  private static final long GIVE_UP_NANOS = 3_000_000_000L;

  /**
   * Runs the kernels that merging uses on zeros until they are compiled; returns at once if they
   * are. Vector operations that are not compiled take ten thousand times as long as compiled ones,
   * and threads that run them keep the compiler from its work: with two cores, two workers take
   * twice as long to become fast as one thread does.
   */
  final void warmUp() {
    // native memory, as in use: with an array the code would be compiled for arrays
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment codes = arena.allocate(2L * WARM_UP_TILE);
      double[] values = new double[WARM_UP_TILE];
      long start = System.nanoTime();
      long before = start;
      int fast = 0;
      while (fast < FAST_TILES && before - start < GIVE_UP_NANOS) {
        decode(codes, 0, values, WARM_UP_TILE);
        encode(values, codes, 0, WARM_UP_TILE);
        long now = System.nanoTime();
        fast = now - before < FAST_NANOS ? fast + 1 : 0;
        before = now;
      }
    }
  }

  static float decode(short code) {
    return Float.intBitsToFloat(code << 16);
  }

  /** Rounds once, ties to even; NaN becomes a quiet NaN of its sign. */
  static short encode(double value) {
    return (short) TensorCodec.round(value, 7, 127);
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
