package io.hfmerge.hf.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * Inputs near to well-formed ones, for readers that must answer any bytes with a value or a
 * refusal. The same seed gives the same inputs.
 */
public final class Mutations {

  private static final byte[][] WORDS = {
    {(byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff},
    {(byte) 0xff, (byte) 0xff, (byte) 0xff, 0x7f},
    {0, 0, 0, 0},
    {1, 0, 0, 0},
    {0, 0, 0, (byte) 0x80},
    {(byte) 0xfe, (byte) 0xff, (byte) 0xff, (byte) 0xff},
  };

  /** An input that a reader answered in a way that it must not. */
  @FunctionalInterface
  public interface Target {

    void accept(byte[] input) throws IOException;
  }

  private final List<byte[]> seeds;
  private final Random random;

  private Mutations(List<byte[]> seeds, long seed) {
    this.seeds = seeds;
    this.random = new Random(seed);
  }

  /** The inputs kept for a target: files of a folder of the test resources. */
  public static List<byte[]> seeds(Class<?> test, String target) throws IOException {
    Path folder =
        Path.of("src/test/resources", test.getName().replace('.', '/') + "Inputs", target);
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().map(Mutations::bytes).toList();
    }
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Gives a target that many inputs; a failure names the seed and the number of the input. */
  public static void run(List<byte[]> seeds, long seed, int count, Target target)
      throws IOException {
    Mutations mutations = new Mutations(seeds, seed);
    for (int i = 0; i < count; i++) {
      byte[] input = mutations.next();
      try {
        target.accept(input);
      } catch (RuntimeException | IOException | Error e) {
        throw new AssertionError(
            "seed %d, input %d: %s".formatted(seed, i, HexFormat.of().formatHex(input)), e);
      }
    }
  }

  private byte[] next() {
    byte[] input = seeds.get(random.nextInt(seeds.size())).clone();
    for (int edits = 1 + random.nextInt(4); edits > 0 && input.length > 0; edits--) {
      input = edited(input);
    }
    return input;
  }

  private byte[] edited(byte[] input) {
    int at = random.nextInt(input.length);
    int length = 1 + random.nextInt(Math.min(16, input.length - at));
    return switch (random.nextInt(7)) {
      case 0 -> {
        input[at] ^= (byte) (1 << random.nextInt(8));
        yield input;
      }
      case 1 -> {
        input[at] = (byte) random.nextInt(256);
        yield input;
      }
      case 2 -> {
        byte[] word = WORDS[random.nextInt(WORDS.length)];
        System.arraycopy(word, 0, input, at, Math.min(word.length, input.length - at));
        yield input;
      }
      case 3 ->
          join(Arrays.copyOf(input, at), Arrays.copyOfRange(input, at + length, input.length));
      case 4 ->
          join(Arrays.copyOf(input, at + length), Arrays.copyOfRange(input, at, input.length));
      case 5 -> Arrays.copyOf(input, at);
      default -> {
        byte[] other = seeds.get(random.nextInt(seeds.size()));
        int from = other.length == 0 ? 0 : random.nextInt(other.length);
        yield join(Arrays.copyOf(input, at), Arrays.copyOfRange(other, from, other.length));
      }
    };
  }

  private static byte[] join(byte[] first, byte[] second) {
    byte[] joined = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, joined, first.length, second.length);
    return joined;
  }
}
