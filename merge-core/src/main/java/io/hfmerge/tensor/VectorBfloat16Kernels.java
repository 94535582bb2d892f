package io.hfmerge.tensor;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Vector twin of the scalar bfloat16 kernels; a test holds the two equal bit for bit. */
final class VectorBfloat16Kernels extends Bfloat16Kernels {

  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Double> D = DoubleVector.SPECIES_PREFERRED;

  /** As many shorts as an int vector has lanes: half its width. */
  private static final VectorSpecies<Short> S =
      VectorSpecies.of(short.class, VectorShape.forBitSize(F.vectorBitSize() / 2));

  /** As many floats as a double vector has lanes. */
  private static final VectorSpecies<Float> HALF_F =
      VectorSpecies.of(float.class, VectorShape.forBitSize(F.vectorBitSize() / 2));

  private static final VectorSpecies<Integer> HALF_I =
      VectorSpecies.of(int.class, VectorShape.forBitSize(F.vectorBitSize() / 2));

  private static final VectorSpecies<Short> QUARTER_S =
      F.vectorBitSize() >= 256
          ? VectorSpecies.of(short.class, VectorShape.forBitSize(F.vectorBitSize() / 4))
          : S;

  @Override
  void decode(MemorySegment source, long sourceOffset, double[] target, int length) {
    int lanes = F.length();
    int half = D.length();
    int i = 0;
    for (; i <= length - lanes; i += lanes) {
      FloatVector values = load(source, sourceOffset + 2L * i);
      ((DoubleVector) values.convertShape(VectorOperators.F2D, D, 0)).intoArray(target, i);
      ((DoubleVector) values.convertShape(VectorOperators.F2D, D, 1)).intoArray(target, i + half);
    }
    for (; i < length; i++) {
      target[i] = decode(source.get(SHORT, sourceOffset + 2L * i));
    }
  }

  @Override
  void decode(
      MemorySegment source, long sourceOffset, float[] target, int targetOffset, int length) {
    int lanes = F.length();
    int i = 0;
    for (; i <= length - lanes; i += lanes) {
      load(source, sourceOffset + 2L * i).intoArray(target, targetOffset + i);
    }
    for (; i < length; i++) {
      target[targetOffset + i] = decode(source.get(SHORT, sourceOffset + 2L * i));
    }
  }

  private static FloatVector load(MemorySegment source, long offset) {
    IntVector codes =
        (IntVector)
            ShortVector.fromMemorySegment(S, source, offset, ByteOrder.LITTLE_ENDIAN)
                .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0);
    return codes.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  @Override
  void encode(double[] source, MemorySegment target, long targetOffset, int length) {
    int lanes = D.length();
    int i = 0;
    if (QUARTER_S.length() == lanes) {
      for (; i <= length - lanes; i += lanes) {
        DoubleVector values = DoubleVector.fromArray(D, source, i);
        FloatVector nearest = (FloatVector) values.convertShape(VectorOperators.D2F, HALF_F, 0);
        DoubleVector back = (DoubleVector) nearest.convertShape(VectorOperators.F2D, D, 0);
        // NaN compares unequal to itself: its last bit is set too, which keeps it a NaN
        VectorMask<Integer> inexact = back.compare(VectorOperators.NE, values).cast(HALF_I);
        VectorMask<Integer> above =
            back.abs().compare(VectorOperators.GT, values.abs()).cast(HALF_I);
        IntVector bits = nearest.reinterpretAsInts();
        bits = bits.sub(1, above).lanewise(VectorOperators.OR, 1, inexact);
        IntVector even = bits.lanewise(VectorOperators.LSHR, 16).and(1);
        IntVector rounded = bits.add(0x7fff).add(even).lanewise(VectorOperators.LSHR, 16);
        VectorMask<Integer> nan = nearest.test(VectorOperators.IS_NAN).cast(HALF_I);
        rounded = rounded.blend(bits.lanewise(VectorOperators.LSHR, 16).or(0x40), nan);
        ((ShortVector) rounded.convertShape(VectorOperators.I2S, QUARTER_S, 0))
            .intoMemorySegment(target, targetOffset + 2L * i, ByteOrder.LITTLE_ENDIAN);
      }
    }
    for (; i < length; i++) {
      target.set(SHORT, targetOffset + 2L * i, encode(source[i]));
    }
  }
}
