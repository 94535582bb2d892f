package io.hfmerge.method;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;

/** {@link ElementRandom} again, element by element, from its description. */
final class ScalarRandom {

  private final int[] key;
  private final int[] counterHigh;

  ScalarRandom(long seed, String model, String tensor) {
    byte[] hash;
    try {
      ByteArrayOutputStream message = new ByteArrayOutputStream();
      DataOutputStream data = new DataOutputStream(message);
      data.writeLong(seed);
      for (String text : new String[] {model, tensor}) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        data.writeInt(bytes.length);
        data.write(bytes);
      }
      hash = MessageDigest.getInstance("SHA-256").digest(message.toByteArray());
    } catch (IOException | GeneralSecurityException e) {
      throw new AssertionError(e);
    }
    key = halves(new BigInteger(1, Arrays.copyOfRange(hash, 0, 8)));
    counterHigh = halves(new BigInteger(1, Arrays.copyOfRange(hash, 8, 16)));
  }

  private static int[] halves(BigInteger number) {
    return new int[] {number.intValue(), number.shiftRight(32).intValue()};
  }

  /** The word of an element, 0 to 2^32 - 1. */
  long word(long element) {
    long counter = 256 * (element / 1024) + element % 256;
    int[] c = {(int) counter, (int) (counter >>> 32), counterHigh[0], counterHigh[1]};
    int[] k = key.clone();
    for (int round = 0; round < 10; round++) {
      long a = (c[0] & 0xffffffffL) * 0xD2511F53L;
      long b = (c[2] & 0xffffffffL) * 0xCD9E8D57L;
      c =
          new int[] {
            (int) (b >>> 32) ^ c[1] ^ k[0], (int) b, (int) (a >>> 32) ^ c[3] ^ k[1], (int) a
          };
      k[0] += 0x9E3779B9;
      k[1] += 0xBB67AE85;
    }
    return c[(int) (element % 1024) / 256] & 0xffffffffL;
  }
}
