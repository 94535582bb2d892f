package io.hfmerge.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Vector twin of the scalar bfloat16 kernels; a test holds the two equal bit for bit.
 *
 * <p>Only the two steps that C2 leaves scalar, 16 bits to 32 and back, are written with the Vector
 * API, on heap arrays; the rest are plain loops and block copies. A vector operation is ten
 * thousand times slower before C2 has compiled it, so few of them make a short warm-up; and as all
 * memory reaches them by a copy, no kind of segment that was not seen before makes C2 start again.
 */
final class VectorBfloat16Kernels extends Bfloat16Kernels {

  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;

  /** As many shorts as an int vector has lanes: half its width. */
  private static final VectorSpecies<Short> S =
      VectorSpecies.of(short.class, VectorShape.forBitSize(F.vectorBitSize() / 2));

  /** Elements in a go: the scratch arrays of a thread stay in its L1 cache. */
  private static final int PIECE = 1024;

  /** Lifts a residue out of the range in which f32 would lose it; only its sign counts. */
  private static final double RESIDUE_SCALE = 0x1p64;

  private static final int MAGNITUDE = 0x7fffffff;
  private static final int INFINITY = 0x7f800000;

  /** Arrays of one thread. */
  private static final class Scratch {
    final short[] codes = new short[PIECE];
    final float[] values = new float[PIECE];
    final float[] residues = new float[PIECE];
    final int[] bits = new int[PIECE];
    final int[] residueBits = new int[PIECE];
    final MemorySegment valueBytes = MemorySegment.ofArray(values);
    final MemorySegment residueBytes = MemorySegment.ofArray(residues);
  }

  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  @Override
  void decode(MemorySegment source, long sourceOffset, double[] target, int length) {
    Scratch arrays = scratch.get();
    for (int done = 0; done < length; done += PIECE) {
      int count = Math.min(PIECE, length - done);
      MemorySegment.copy(source, SHORT, sourceOffset + 2L * done, arrays.codes, 0, count);
      widen(arrays.codes, arrays.values, 0, count);
      for (int i = 0; i < count; i++) {
        target[done + i] = arrays.values[i];
      }
    }
  }

  @Override
  void decode(
      MemorySegment source, long sourceOffset, float[] target, int targetOffset, int length) {
    Scratch arrays = scratch.get();
    for (int done = 0; done < length; done += PIECE) {
      int count = Math.min(PIECE, length - done);
      MemorySegment.copy(source, SHORT, sourceOffset + 2L * done, arrays.codes, 0, count);
      widen(arrays.codes, target, targetOffset + done, count);
    }
  }

  @Override
  void encode(double[] source, MemorySegment target, long targetOffset, int length) {
    Scratch arrays = scratch.get();
    for (int done = 0; done < length; done += PIECE) {
      int count = Math.min(PIECE, length - done);
      cast(source, done, arrays.values, count);
      copyBits(arrays.valueBytes, arrays.bits, count);
      if (roundUnlessTied(arrays.bits, count) < 0) {
        split(source, done, arrays.values, arrays.residues, count);
        copyBits(arrays.valueBytes, arrays.bits, count);
        copyBits(arrays.residueBytes, arrays.residueBits, count);
        round(arrays.bits, arrays.residueBits, count);
      }
      narrow(arrays.bits, arrays.codes, count);
      MemorySegment.copy(arrays.codes, 0, target, SHORT, targetOffset + 2L * done, count);
    }
  }

  private static void copyBits(MemorySegment values, int[] bits, int count) {
    MemorySegment.copy(values, ValueLayout.JAVA_INT, 0, bits, 0, count);
  }

  private static void cast(double[] source, int from, float[] values, int count) {
    for (int i = 0; i < count; i++) {
      values[i] = (float) source[from + i];
    }
  }

  /**
   * Rounds f32 bits to nearest even in their upper half. That two roundings in a row are one is
   * certain but for f32 values halfway between two bf16 ones, one in 65,536, and NaN.
   *
   * @return negative if there was such a value; then {@link #round} has to do it
   */
  private static int roundUnlessTied(int[] bits, int count) {
    int special = 0;
    for (int i = 0; i < count; i++) {
      int value = bits[i];
      // a zero less one, or an excess over infinity, is negative
      special |= (((value & 0xffff) ^ 0x8000) - 1) | (INFINITY - (value & MAGNITUDE));
      bits[i] = value + 0x7fff + ((value >>> 16) & 1);
    }
    return special;
  }

  /** The nearest f32 of each value, and what is missing, scaled. */
  private static void split(
      double[] source, int from, float[] values, float[] residues, int count) {
    for (int i = 0; i < count; i++) {
      float nearest = (float) source[from + i];
      values[i] = nearest;
      residues[i] = (float) ((source[from + i] - nearest) * RESIDUE_SCALE);
    }
  }

  /**
   * Rounds f32 bits to nearest even in their upper half, as if the residue had not been cut off:
   * the bits are first rounded to odd (see {@link TensorCodec#round}). Without branches, so that C2
   * vectorises it.
   */
  private static void round(int[] bits, int[] residues, int count) {
    for (int i = 0; i < count; i++) {
      int magnitude = residues[i] & MAGNITUDE;
      // 1 unless the residue is zero or, for an infinite value, NaN
      int inexact = (-magnitude >>> 31) & ((magnitude - (INFINITY + 1)) >>> 31);
      int awayFromZero = inexact & ((bits[i] ^ residues[i]) >>> 31);
      int odd = (bits[i] - awayFromZero) | inexact;
      int even = odd + 0x7fff + ((odd >>> 16) & 1);
      int nan = (INFINITY - (odd & MAGNITUDE)) >> 31;
      bits[i] = (even & ~nan) | ((odd | 0x400000) & nan);
    }
  }

  private static void widen(short[] codes, float[] target, int targetOffset, int count) {
    int i = 0;
    for (; i <= count - S.length(); i += S.length()) {
      IntVector wide =
          (IntVector)
              ShortVector.fromArray(S, codes, i)
                  .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0);
      wide.lanewise(VectorOperators.LSHL, 16)
          .reinterpretAsFloats()
          .intoArray(target, targetOffset + i);
    }
    for (; i < count; i++) {
      target[targetOffset + i] = decode(codes[i]);
    }
  }

  private static void narrow(int[] bits, short[] codes, int count) {
    int i = 0;
    for (; i <= count - I.length(); i += I.length()) {
      IntVector upper = IntVector.fromArray(I, bits, i).lanewise(VectorOperators.LSHR, 16);
      ((ShortVector) upper.convertShape(VectorOperators.I2S, S, 0)).intoArray(codes, i);
    }
    for (; i < count; i++) {
      codes[i] = (short) (bits[i] >>> 16);
    }
  }
}
