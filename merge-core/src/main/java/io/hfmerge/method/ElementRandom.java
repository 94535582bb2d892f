package io.hfmerge.method;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * One random word of 32 bits for each element of one model's tensor: a function of seed, model,
 * tensor and element, and of nothing else. No state runs along, so threads, tiles and subsets of
 * tensors do not matter.
 *
 * <p>The construction, for whoever wants the same masks elsewhere:
 *
 * <ol>
 *   <li>{@code h = SHA-256(seed, m, model, t, tensor)}, where {@code seed} is 8 bytes, {@code
 *       model} the reference as the recipe writes it and {@code tensor} the name in the output,
 *       both UTF-8, {@code m} and {@code t} their lengths in bytes as 4 bytes; whole numbers
 *       big-endian;
 *   <li>bytes 0 to 7 of {@code h}, a big-endian number, are Philox4x32-10's key (its low half is
 *       key word 0), bytes 8 to 15 the upper half of its counter (their low half is counter word
 *       2);
 *   <li>element {@code e} (row-major index) takes word {@code (e mod 1024) div 256} of the counter
 *       whose lower half is {@code 256 (e div 1024) + e mod 256}.
 * </ol>
 *
 * <p>The third step deals the four words of a counter to elements 256 apart, so that loops over
 * consecutive elements are vectorised. An element is kept with probability p where its word is
 * below {@code p 2^32}, rounded down.
 */
final class ElementRandom {

  /** Number of different words. */
  static final double WORD_COUNT = 0x1p32;

  private static final int COUNTERS = 256;
  private static final int GROUP = COUNTERS * Philox.WORDS;

  private static final ThreadLocal<Philox> PHILOX =
      ThreadLocal.withInitial(() -> new Philox(COUNTERS));

  private final long key;
  private final long stream;

  ElementRandom(long seed, String model, String tensor) {
    byte[] modelBytes = model.getBytes(StandardCharsets.UTF_8);
    byte[] tensorBytes = tensor.getBytes(StandardCharsets.UTF_8);
    ByteBuffer message =
        ByteBuffer.allocate(
            Long.BYTES + 2 * Integer.BYTES + modelBytes.length + tensorBytes.length);
    message.putLong(seed);
    message.putInt(modelBytes.length).put(modelBytes);
    message.putInt(tensorBytes.length).put(tensorBytes);
    ByteBuffer digest = ByteBuffer.wrap(sha256().digest(message.array()));
    key = digest.getLong();
    stream = digest.getLong();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /**
   * The words of consecutive elements.
   *
   * @param firstElement row-major index of the first
   * @param length how many
   * @param words receives them from index 0 on, each 0 to 2^32 - 1
   */
  void words(long firstElement, int length, long[] words) {
    Philox philox = PHILOX.get();
    long group = firstElement / GROUP;
    int skip = (int) (firstElement % GROUP);
    for (int done = 0; done < length; group++) {
      long[][] ofGroup = philox.words(key, group * COUNTERS, stream);
      while (skip < GROUP && done < length) {
        int within = skip % COUNTERS;
        int run = Math.min(COUNTERS - within, length - done);
        System.arraycopy(ofGroup[skip / COUNTERS], within, words, done, run);
        skip += run;
        done += run;
      }
      skip = 0;
    }
  }
}
