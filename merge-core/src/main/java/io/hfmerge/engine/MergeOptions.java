package io.hfmerge.engine;

/**
 * How a merge runs; none of it changes a byte of the output.
 *
 * @param threads workers, at least 1
 * @param tileElements elements that a kernel sees at once: a tile per model should fit in the L1
 *     cache; 8 to 1,048,576
 * @param blockElements elements that a worker takes and writes at once, fewer where the memory does
 *     not hold them; at least a tile, at most 16,777,216
 * @param memoryBytes what tiles, blocks and statistics of all workers may take together, on the
 *     heap and beside it; see {@link MergeMemory}
 */
public record MergeOptions(int threads, int tileElements, int blockElements, long memoryBytes) {

  /** 4 KiB of floats per model. */
  public static final int DEFAULT_TILE_ELEMENTS = 1024;

  /** Long enough to make a write worth its call; three inputs and the result fit an L2 cache. */
  public static final int DEFAULT_BLOCK_ELEMENTS = 1 << 17;

  /** 1 GiB. */
  public static final long DEFAULT_MEMORY_BYTES = 1L << 30;

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
    if (memoryBytes < 1) {
      throw new IllegalArgumentException("memory of " + memoryBytes + " bytes");
    }
  }

  /** With the default memory. */
  public MergeOptions(int threads, int tileElements, int blockElements) {
    this(threads, tileElements, blockElements, DEFAULT_MEMORY_BYTES);
  }

  /** Default tiles and blocks on that many threads. */
  public static MergeOptions ofThreads(int threads) {
    return new MergeOptions(threads, DEFAULT_TILE_ELEMENTS, DEFAULT_BLOCK_ELEMENTS);
  }

  /** The same within that much memory. */
  public MergeOptions withMemory(long bytes) {
    return new MergeOptions(threads, tileElements, blockElements, bytes);
  }
}
