package io.hfmerge.engine;

import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorCodec;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Cuts blocks of bytes, of any length, into tiles of one length for the statistics passes that want
 * tiles of this length. For one unit and one thread.
 */
final class TileFeeder {

  private final TensorGroup group;
  private final BitSet sources;
  private final float[][] tiles;
  private final int tileElements;
  private final List<StatisticsTrack<?>.Feed> feeds = new ArrayList<>();
  private int filled;
  private long firstElement;

  TileFeeder(TensorGroup group, BitSet sources, int tileElements) {
    this.group = group;
    this.sources = sources;
    this.tileElements = tileElements;
    this.tiles = new float[group.sources().size()][];
    sources.stream().forEach(source -> tiles[source] = new float[tileElements]);
  }

  void add(StatisticsTrack<?>.Feed feed) {
    feeds.add(feed);
  }

  /** Heap that its tiles take. */
  long bytes() {
    return (long) Float.BYTES * tileElements * sources.cardinality();
  }

  /**
   * Takes a block, which follows the one before.
   *
   * @param segments bytes per source
   * @param first row-major index of its first element
   */
  void accept(MemorySegment[] segments, int length, long first) {
    for (int done = 0; done < length; ) {
      int take = Math.min(tileElements - filled, length - done);
      if (filled == 0) {
        firstElement = first + done;
      }
      for (int source = sources.nextSetBit(0);
          source >= 0;
          source = sources.nextSetBit(source + 1)) {
        DType dtype = group.dtype(source);
        TensorCodec.decode(
            dtype, segments[source], dtype.sizeBytes(done), tiles[source], filled, take);
      }
      filled += take;
      done += take;
      if (filled == tileElements) {
        flush();
      }
    }
  }

  private void flush() {
    for (StatisticsTrack<?>.Feed feed : feeds) {
      feed.accept(tiles, filled, firstElement);
    }
    filled = 0;
  }

  /** The unit ends, with a shorter tile where the tensor ends. */
  void finish() {
    if (filled > 0) {
      flush();
    }
    feeds.forEach(feed -> feed.finishSegment());
  }
}
