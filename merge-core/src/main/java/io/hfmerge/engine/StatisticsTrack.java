package io.hfmerge.engine;

import io.hfmerge.engine.TensorGroup.Member;
import io.hfmerge.method.StatisticsPass;
import io.hfmerge.method.TensorMerge;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One member's pass of statistics over a tensor. Tiles and segments are cut the same way whatever
 * the options and whatever other passes take part; partial results are folded in ascending order.
 */
final class StatisticsTrack<P> {

  /** Tile of every statistics pass, so that sums do not depend on the options. */
  private static final int TILE_ELEMENTS = 1024;

  private final Member member;
  private final StatisticsPass<P> pass;
  private final int tileElements;
  private final long segmentElements;

  private final Map<Long, P> waiting = new HashMap<>();
  private @Nullable P folded;
  private long nextToFold;

  StatisticsTrack(Member member, StatisticsPass<P> pass) {
    this.member = member;
    this.pass = pass;
    this.tileElements = tileElements(pass);
    this.segmentElements =
        Math.ceilDiv(Math.max(1, pass.segmentElements()), (long) tileElements) * tileElements;
  }

  static int tileElements(StatisticsPass<?> pass) {
    return Tiles.roundUp(TILE_ELEMENTS, Tiles.granule(pass));
  }

  Member member() {
    return member;
  }

  int tileElements() {
    return tileElements;
  }

  long segmentElements() {
    return segmentElements;
  }

  /** Whether a segment of these elements has to be fed. */
  private boolean wants(long segment) {
    return nextWanted(segment) == segment;
  }

  /** The first segment from one on that has to be fed; their number if there is none. */
  private long nextWanted(long segment) {
    return Math.min(segments(), pass.firstWanted(segment * segmentElements) / segmentElements);
  }

  /** The first element from one on that has to be fed; beyond the tensor if there is none. */
  long firstWanted(long element) {
    return pass.firstWanted(element);
  }

  /** What takes the tiles of one unit, a run of whole segments; for one thread. */
  Feed feed() {
    return new Feed();
  }

  final class Feed {

    private @Nullable P partial;
    private long segment = -1;

    private Feed() {}

    /**
     * Takes one tile.
     *
     * @param tiles per source of the group
     */
    void accept(float[][] tiles, int length, long firstElement) {
      long current = firstElement / segmentElements;
      if (current != segment) {
        finishSegment();
        segment = current;
        partial = wants(current) ? pass.newPartial() : null;
      }
      P wanted = partial;
      if (wanted != null) {
        pass.accept(wanted, member.select(tiles), length, firstElement);
      }
    }

    /** Hands the last segment in; to be called once at the end of the unit. */
    void finishSegment() {
      P complete = partial;
      if (complete != null) {
        fold(segment, complete);
        partial = null;
      }
    }
  }

  private synchronized void fold(long segment, P partial) {
    waiting.put(segment, partial);
    while (nextToFold < segments()) {
      P next = waiting.remove(nextToFold);
      if (next != null) {
        folded = folded == null ? next : pass.fold(folded, next);
      } else if (wants(nextToFold)) {
        return;
      }
      nextToFold = nextWanted(nextToFold + 1);
    }
  }

  private long segments() {
    return Math.ceilDiv(member.spec().elements(), segmentElements);
  }

  /** The step that follows; to be called when every segment was folded. */
  synchronized TensorMerge next() {
    P all = folded;
    return pass.next(all == null ? pass.newPartial() : all);
  }
}
