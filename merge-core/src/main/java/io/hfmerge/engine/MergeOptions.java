package io.hfmerge.engine;

/**
 * How a merge runs; none of it changes a byte of the output.
 *
 * @param threads workers, at least 1
 * @param tileElements elements that a kernel sees at once: a tile per model should fit in the L1
 *     cache; 8 to 1,048,576
 * @param blockElements elements that a worker takes and writes at once; at least a tile, at most
 *     16,777,216
 */
public record MergeOptions(int threads, int tileElements, int blockElements) {

  /** 4 KiB of floats per model. */
  public static final int DEFAULT_TILE_ELEMENTS = 1024;

  /** Long enough to make a write worth its call; three inputs and the result fit an L2 cache. */
  public static final int DEFAULT_BLOCK_ELEMENTS = 1 << 17;

  private static final int MIN_TILE_ELEMENTS = 8;
  private static final int MAX_TILE_ELEMENTS = 1 << 20;
  private static final int MAX_BLOCK_ELEMENTS = 1 << 24;

  public MergeOptions {
    if (threads < 1) {
      throw new IllegalArgumentException("threads: expected at least 1, found " + threads);
    }
    if (tileElements < MIN_TILE_ELEMENTS || tileElements > MAX_TILE_ELEMENTS) {
      throw new IllegalArgumentException("tile of " + tileElements + " elements");
    }
    if (blockElements < tileElements || blockElements > MAX_BLOCK_ELEMENTS) {
      throw new IllegalArgumentException("block of " + blockElements + " elements");
    }
  }

  /** Default tiles and blocks on that many threads. */
  public static MergeOptions ofThreads(int threads) {
    return new MergeOptions(threads, DEFAULT_TILE_ELEMENTS, DEFAULT_BLOCK_ELEMENTS);
  }
}
