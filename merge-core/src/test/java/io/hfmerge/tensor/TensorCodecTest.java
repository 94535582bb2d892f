package io.hfmerge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigDecimal;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TensorCodecTest {

  private static final long SEED = 20260922;

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  @Test
  void decodesEveryBfloat16ToTheFloatItIsTheHeadOf() {
    float[] values = new float[(1 << 16) + 3];
    TensorCodec.decode(DType.BF16, allCodes16(), 0, values, 3, 1 << 16);
    for (int code = 0; code < 1 << 16; code++) {
      assertThat(Float.floatToRawIntBits(values[code + 3])).isEqualTo(code << 16);
    }
  }

  @Test
  void givesEveryBfloat16BackButForQuietenedNans() {
    float[] values = new float[1 << 16];
    MemorySegment codes = allCodes16();
    TensorCodec.decode(DType.BF16, codes, 0, values, 0, values.length);
    MemorySegment back = MemorySegment.ofArray(new byte[2 << 16]);
    assertThat(TensorCodec.encode(DType.BF16, values, back, 0, values.length)).isFalse();
    for (int code = 0; code < values.length; code++) {
      int expected = Float.isNaN(values[code]) ? code | 0x40 : code;
      assertThat(back.get(SHORT, 2L * code) & 0xffff).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 7, 8, 15, 16, 17, 64, 65, 1000, 1023, 1024, 1025, 2049})
  void encodesFiniteFloatsAtEveryLengthAndAlignmentAsTheSameDoubles(int length) {
    for (DType dtype : List.of(DType.BF16, DType.F16, DType.F32, DType.F8_E4M3, DType.F64)) {
      float[] floats = new float[length];
      double[] values = hardValues(new Random(SEED + length), 8, length);
      for (int i = 0; i < length; i++) {
        double limit = dtype == DType.F8_E4M3 ? 400 : 60000;
        floats[i] = (float) (Math.abs(values[i]) < limit ? values[i] : limit / (i + 1));
        values[i] = floats[i];
      }
      byte[] expected = new byte[dtype.bytes() * length + 4];
      byte[] actual = new byte[dtype.bytes() * length + 4];
      TensorCodec.encode(dtype, values, MemorySegment.ofArray(expected), 1, length);
      assertThat(TensorCodec.encode(dtype, floats, MemorySegment.ofArray(actual), 1, length))
          .isTrue();
      assertThat(actual).as("%s", dtype).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @EnumSource(
      names = {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ"})
  void saysWhetherEveryStoredValueIsFinite(DType dtype) {
    float largest = largestFinite(dtype);
    float step = dtype == DType.F32 || dtype == DType.F64 ? 0 : largest - below(dtype, largest);
    float half = step / 2;
    float[] candidates = {
      largest,
      largest + half,
      Math.nextUp(largest + half),
      Math.nextDown(largest + half),
      Float.POSITIVE_INFINITY,
      Float.NaN,
      Float.intBitsToFloat(0x7fffffff),
      0,
      Float.MIN_VALUE
    };
    MemorySegment bytes = MemorySegment.ofArray(new byte[64]);
    for (float candidate : candidates) {
      for (float value : new float[] {candidate, -candidate}) {
        for (int length = 1; length <= 5; length++) {
          for (int at = 0; at < length; at++) {
            float[] values = new float[length];
            values[at] = value;
            boolean finite = TensorCodec.encode(dtype, values, bytes, 0, length);
            double[] back = new double[length];
            TensorCodec.decode(dtype, bytes, 0, back, length);
            assertThat(finite).as("%s: %a", dtype, value).isEqualTo(Double.isFinite(back[at]));
          }
        }
      }
    }
  }

  /** The largest finite value of a dtype, or of F32 where the dtype's is larger. */
  private static float largestFinite(DType dtype) {
    return switch (dtype) {
      case BF16 -> 0x1.FEp127f;
      case F16 -> 65504;
      case F8_E5M2, F8_E5M2FNUZ -> 57344;
      case F8_E4M3 -> 448;
      case F8_E4M3FNUZ -> 240;
      default -> Float.MAX_VALUE;
    };
  }

  /** The value of a dtype just below its largest one. */
  private static float below(DType dtype, float largest) {
    int mantissaBits =
        switch (dtype) {
          case BF16 -> 7;
          case F16 -> 10;
          case F8_E5M2, F8_E5M2FNUZ -> 2;
          default -> 3;
        };
    return largest - Math.scalb(1f, Math.getExponent(largest) - mantissaBits);
  }

  @Test
  void decodesEveryHalfToItsFloat() {
    double[] values = new double[1 << 16];
    TensorCodec.decode(DType.F16, allCodes16(), 0, values, values.length);
    for (int code = 0; code < values.length; code++) {
      assertThat((float) values[code]).isEqualTo(Float.valueOf(Float.float16ToFloat((short) code)));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "BF16", "F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ"})
  void roundsToTheNearestValueOfTheDtypeTiesToEven(DType dtype) {
    Reference reference = new Reference(dtype);
    double[] values = reference.hardValues();
    byte[] stored = new byte[values.length * dtype.bytes()];
    MemorySegment segment = MemorySegment.ofArray(stored);
    TensorCodec.encode(dtype, values, segment, 0, values.length);
    double[] back = new double[values.length];
    TensorCodec.decode(dtype, segment, 0, back, back.length);
    for (int i = 0; i < values.length; i++) {
      Double expected = reference.round(values[i]);
      assertThat(back[i]).as("%s of %s (%a)", dtype, values[i], values[i]).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @EnumSource(
      names = {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ"})
  void keepsNan(DType dtype) {
    double[] values = {Double.NaN, -Double.NaN, Double.longBitsToDouble(0x7ff0000000000001L)};
    MemorySegment segment = MemorySegment.ofArray(new byte[3 * dtype.bytes()]);
    TensorCodec.encode(dtype, values, segment, 0, 3);
    double[] back = new double[3];
    TensorCodec.decode(dtype, segment, 0, back, 3);
    assertThat(back).containsOnly(Double.NaN);
  }

  @ParameterizedTest
  @EnumSource(
      names = {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ"})
  void decodesToFloatWhatItDecodesToDouble(DType dtype) {
    byte[] codes = new byte[1 << 12];
    new Random(SEED).nextBytes(codes);
    int length = codes.length / dtype.bytes();
    double[] doubles = new double[length];
    float[] floats = new float[length + 1];
    TensorCodec.decode(dtype, MemorySegment.ofArray(codes), 0, doubles, length);
    TensorCodec.decode(dtype, MemorySegment.ofArray(codes), 0, floats, 1, length);
    for (int i = 0; i < length; i++) {
      assertThat(floats[i + 1]).isEqualTo(Float.valueOf((float) doubles[i]));
    }
  }

  @Test
  void infinitiesBecomeWhatTheDtypeHasForThem() {
    assertThat(roundTrip(DType.F16, 65520)).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(roundTrip(DType.F16, 65519.99)).isEqualTo(65504);
    assertThat(roundTrip(DType.BF16, -1e39)).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(roundTrip(DType.F8_E5M2, 1e9)).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(roundTrip(DType.F8_E4M3, 1e9)).isNaN();
    assertThat(roundTrip(DType.F8_E4M3FNUZ, Double.NEGATIVE_INFINITY)).isNaN();
    assertThat(roundTrip(DType.F8_E5M2FNUZ, 1e9)).isNaN();
  }

  @Test
  void readsAndWritesAtOddAddresses() {
    try (Arena arena = Arena.ofConfined()) {
      for (DType dtype : List.of(DType.F64, DType.F32, DType.F16, DType.BF16)) {
        double[] values = {1, -2, 0.5, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2, 3, 4, 5, 6, 7};
        MemorySegment bytes = arena.allocate(values.length * 8L + 1).asSlice(1);
        TensorCodec.encode(dtype, values, bytes, 0, values.length);
        double[] back = new double[values.length];
        TensorCodec.decode(dtype, bytes, 0, back, back.length);
        assertThat(back).isEqualTo(values);
      }
    }
  }

  @Test
  void refusesDtypesThatAreNoRealNumbers() {
    MemorySegment bytes = MemorySegment.ofArray(new byte[8]);
    for (DType dtype : List.of(DType.I32, DType.BOOL, DType.C64, DType.F8_E8M0, DType.F4)) {
      assertThatThrownBy(() -> TensorCodec.decode(dtype, bytes, 0, new double[1], 1))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> TensorCodec.decode(dtype, bytes, 0, new float[1], 0, 1))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> TensorCodec.encode(dtype, new double[1], bytes, 0, 1))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> TensorCodec.encode(dtype, new float[1], bytes, 0, 1))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  private static double roundTrip(DType dtype, double value) {
    MemorySegment bytes = MemorySegment.ofArray(new byte[8]);
    TensorCodec.encode(dtype, new double[] {value}, bytes, 0, 1);
    double[] back = new double[1];
    TensorCodec.decode(dtype, bytes, 0, back, 1);
    return back[0];
  }

  private static MemorySegment allCodes16() {
    MemorySegment codes = MemorySegment.ofArray(new byte[2 << 16]);
    for (int code = 0; code < 1 << 16; code++) {
      codes.set(SHORT, 2L * code, (short) code);
    }
    return codes;
  }

  /** Values around the ties of a format with that many significant bits, over all exponents. */
  static double[] hardValues(Random random, int significantBits, int count) {
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      double exact =
          Math.scalb(
              (double) (random.nextInt(1 << (significantBits + 1)) + 1), random.nextInt(300) - 160);
      values[i] =
          switch (random.nextInt(8)) {
            case 0 -> exact;
            case 1 -> Math.nextUp(exact);
            case 2 -> Math.nextDown(exact);
            case 3 -> exact * (1 + 0x1p-30);
            case 4 -> random.nextGaussian() * 0.02;
            case 5 -> Double.longBitsToDouble(random.nextLong());
            case 6 -> random.nextBoolean() ? 0.0 : Double.POSITIVE_INFINITY;
            default -> random.nextGaussian() * 0x1p-130;
          };
      if (random.nextBoolean()) {
        values[i] = -values[i];
      }
    }
    return values;
  }

  /**
   * Rounding by search among all values of a 16- or 8-bit format, with exact decimal arithmetic: an
   * implementation that shares nothing with the codec but the table of values.
   */
  private static final class Reference {

    private final DType dtype;
    private final double[] ascending;
    private final boolean[] even;
    private final boolean hasInfinity;

    Reference(DType dtype) {
      this.dtype = dtype;
      int codes = 1 << (dtype.bits() - 1);
      byte[] all = new byte[codes * dtype.bytes()];
      for (int code = 0; code < codes; code++) {
        all[code * dtype.bytes()] = (byte) code;
        if (dtype.bytes() == 2) {
          all[2 * code + 1] = (byte) (code >> 8);
        }
      }
      double[] values = new double[codes];
      TensorCodec.decode(dtype, MemorySegment.ofArray(all), 0, values, codes);
      int finite = 0;
      while (finite < codes && Double.isFinite(values[finite])) {
        finite++;
      }
      hasInfinity = finite < codes && Double.isInfinite(values[finite]);
      ascending = Arrays.copyOf(values, finite);
      even = new boolean[finite];
      for (int code = 0; code < finite; code++) {
        even[code] = code % 2 == 0;
      }
    }

    double round(double value) {
      if (Double.isNaN(value)) {
        return value;
      }
      double magnitude = Math.abs(value);
      double sign = Math.copySign(1, value);
      double largest = ascending[ascending.length - 1];
      BigDecimal step =
          new BigDecimal(largest).subtract(new BigDecimal(ascending[ascending.length - 2]));
      BigDecimal beyond = new BigDecimal(largest).add(step);
      if (Double.isInfinite(magnitude)) {
        return hasInfinity ? value : Double.NaN;
      }
      BigDecimal exact = new BigDecimal(magnitude);
      int at = Arrays.binarySearch(ascending, magnitude);
      if (at < 0) {
        int above = -at - 1;
        BigDecimal high = above < ascending.length ? new BigDecimal(ascending[above]) : beyond;
        BigDecimal low = new BigDecimal(ascending[above - 1]);
        int nearer = high.subtract(exact).compareTo(exact.subtract(low));
        boolean up = nearer < 0 || (nearer == 0 && !even[above - 1]);
        at = up ? above : above - 1;
      }
      if (at == ascending.length) {
        return hasInfinity ? sign * Double.POSITIVE_INFINITY : Double.NaN;
      }
      boolean unsignedZero = dtype == DType.F8_E4M3FNUZ || dtype == DType.F8_E5M2FNUZ;
      return ascending[at] == 0 && unsignedZero ? 0.0 : sign * ascending[at];
    }

    double[] hardValues() {
      List<Double> values = new ArrayList<>();
      for (int i = 0; i < ascending.length; i += dtype.bits() == 8 ? 1 : 17) {
        double low = ascending[i];
        double high = i + 1 < ascending.length ? ascending[i + 1] : low + (low - ascending[i - 1]);
        double middle = low + (high - low) / 2;
        for (double value :
            List.of(low, middle, Math.nextUp(middle), Math.nextDown(middle), Math.nextUp(low))) {
          values.add(value);
          values.add(-value);
        }
      }
      for (double value : TensorCodecTest.hardValues(new Random(SEED), 8, 5000)) {
        values.add(value);
      }
      return values.stream().mapToDouble(Double::doubleValue).toArray();
    }
  }
}
