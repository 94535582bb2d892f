package io.hfmerge.engine;

import io.hfmerge.method.StatisticsPass;
import io.hfmerge.plan.MergedTensor;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Feeds a tensor to a statistics pass, a wanted segment per unit. Tiles and segments are cut the
 * same way whatever the options; partial results are folded in ascending order.
 */
final class StatisticsPhase<P> extends Phase {

  /** Tile of every statistics pass, so that sums do not depend on the options. */
  static final int TILE_ELEMENTS = 1024;

  /** Partial results that may wait per worker for an earlier segment. */
  private static final int WAITING_PER_WORKER = 2;

  /** How often a worker that waits for an earlier segment looks whether the merge was stopped. */
  private static final long POLL_MILLIS = 20;

  private final MergedTensor tensor;
  private final OpenSources sources;
  private final StatisticsPass<P> pass;
  private final PhaseOpener opener;
  private final int tileElements;
  private final long segmentElements;

  /** First elements of the segments that the pass wants. */
  private final long[] starts;

  private final int window;

  private final Map<Integer, P> waiting = new HashMap<>();
  private @Nullable P folded;
  private int nextToFold;

  StatisticsPhase(
      MergedTensor tensor,
      OpenSources sources,
      StatisticsPass<P> pass,
      PhaseOpener opener,
      int threads) {
    int tile = Tiles.elements(pass, TILE_ELEMENTS);
    long segment = Math.ceilDiv(Math.max(1, pass.segmentElements()), (long) tile) * tile;
    long[] starts = wanted(pass, tensor.output().elements(), segment);
    super(starts.length);
    this.tensor = tensor;
    this.sources = sources;
    this.pass = pass;
    this.opener = opener;
    this.tileElements = tile;
    this.segmentElements = segment;
    this.starts = starts;
    this.window = WAITING_PER_WORKER * threads;
  }

  private static long[] wanted(StatisticsPass<?> pass, long elements, long segment) {
    long[] starts = new long[Math.toIntExact(unitsOf(elements, segment))];
    int wanted = 0;
    for (long start = 0; start < elements; start += segment) {
      if (pass.wants(start, Math.min(elements, start + segment))) {
        starts[wanted++] = start;
      }
    }
    return Arrays.copyOf(starts, wanted);
  }

  @Override
  MergedTensor tensor() {
    return tensor;
  }

  @Override
  void run(int unit, Worker worker) throws IOException {
    awaitTurn(unit, worker);
    P partial = pass.newPartial();
    long first = starts[unit];
    long length = Math.min(segmentElements, tensor.output().elements() - first);
    worker.feed(tensor, sources, pass, partial, first, length, tileElements);
    fold(unit, partial);
  }

  private synchronized void awaitTurn(int unit, Worker worker) throws IOException {
    while (unit > nextToFold + window) {
      worker.checkStopped();
      try {
        wait(POLL_MILLIS);
      } catch (InterruptedException e) {
        throw worker.interrupted(e);
      }
    }
  }

  private synchronized void fold(int unit, P partial) {
    waiting.put(unit, partial);
    P next;
    while ((next = waiting.remove(nextToFold)) != null) {
      folded = folded == null ? next : pass.fold(folded, next);
      nextToFold++;
    }
    notifyAll();
  }

  @Override
  synchronized Phase after() {
    P all = folded;
    return opener.open(tensor, sources, pass.next(all == null ? pass.newPartial() : all));
  }
}
