package io.hfmerge.hf.checksum;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/**
 * CRC-32C of bytes that arrive in pieces, in any order.
 *
 * <p>A CRC is the remainder of a polynomial over GF(2), and the one that starts and ends inverted,
 * as this one does, still obeys {@code crc(A B) = crc(A) · x^(8 |B|) + crc(B)}. So the CRC of a
 * whole is the exclusive or of its pieces' CRCs, each {@linkplain #shift shifted} by the number of
 * bytes that follow it: no piece needs to wait for another.
 *
 * <p>Source: Castagnoli, Bräuer, Herrmann 1993; RFC 3720, appendix B.4. Polynomials are held with
 * the coefficient of x^0 in the highest bit, as the reflected CRC needs them.
 */
public final class Crc32c {

  private static final int POLYNOMIAL = 0x82F63B78;

  /** The polynomial 1. */
  private static final int ONE = 1 << 31;

  /** x^(8 · 2^k) for every bit k of a length in bytes. */
  private static final int[] POWERS = powers();

  private static final HexFormat HEX = HexFormat.of();

  private Crc32c() {}

  /**
   * The CRC of bytes.
   *
   * @param bytes read to their limit; native memory or a byte array
   */
  public static int of(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  /**
   * What the CRC of a piece contributes to that of a whole.
   *
   * @param crc of the piece
   * @param followingBytes bytes of the whole after the piece
   */
  public static int shift(int crc, long followingBytes) {
    int shifted = crc;
    long left = followingBytes;
    for (int bit = 0; left != 0; bit++, left >>>= 1) {
      if ((left & 1) != 0) {
        shifted = multiply(shifted, POWERS[bit]);
      }
    }
    return shifted;
  }

  /** As manifests and journals have it: eight hexadecimal digits. */
  public static String text(int crc) {
    return HEX.toHexDigits(crc);
  }

  /**
   * Reads what {@link #text} wrote.
   *
   * @throws IllegalArgumentException if it is not eight hexadecimal digits
   */
  public static int parse(String text) {
    if (text.length() != 8) {
      throw new IllegalArgumentException(
          "expected eight hexadecimal digits, found \"" + text + '"');
    }
    return HexFormat.fromHexDigits(text);
  }

  private static int[] powers() {
    int[] powers = new int[Long.SIZE];
    powers[0] = ONE >>> 8;
    for (int bit = 1; bit < powers.length; bit++) {
      powers[bit] = multiply(powers[bit - 1], powers[bit - 1]);
    }
    return powers;
  }

  /** The product of two polynomials, modulo the CRC's. */
  private static int multiply(int a, int b) {
    int product = 0;
    int times = b;
    for (int coefficients = a; coefficients != 0; coefficients <<= 1) {
      if (coefficients < 0) {
        product ^= times;
      }
      times = (times >>> 1) ^ ((times & 1) != 0 ? POLYNOMIAL : 0);
    }
    return product;
  }
}
