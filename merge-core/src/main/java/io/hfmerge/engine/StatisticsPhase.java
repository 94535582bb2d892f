package io.hfmerge.engine;

import io.hfmerge.engine.TensorGroup.Member;
import io.hfmerge.method.StatisticsPass;
import io.hfmerge.method.TensorMerge;
import io.hfmerge.method.TileKernel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Feeds a group to the statistics passes of its members, a run of whole segments per unit. Members
 * that have their kernel already wait for the others, so that all kernels share one pass.
 */
final class StatisticsPhase extends Phase {

  /**
   * Most elements of a unit. Segments of different lengths that have no smaller multiple in common
   * leave the whole tensor to one worker.
   */
  private static final long MAX_UNIT_ELEMENTS = 1L << 28;

  /** How often a worker that waits for an earlier segment looks whether the merge was stopped. */
  private static final long POLL_MILLIS = 20;

  private final TensorGroup group;
  private final List<TensorMerge> steps;
  private final List<StatisticsTrack<?>> tracks;
  private final BitSet sources;
  private final PhaseOpener opener;
  private final BlockSize size;
  private final long unitElements;

  /** First elements of the units that some pass wants. */
  private final long[] starts;

  private final int window;
  private final boolean counts;
  private final long progressBytesAfter;

  private final BitSet finished = new BitSet();

  /**
   * @param steps the current step of each member of the group, of which at least one is a
   *     statistics pass
   * @param window units that may be begun before an earlier one is finished
   * @param progressBytes progress left for this group: for this pass, if it was announced, those
   *     that follow and the kernels
   */
  StatisticsPhase(
      TensorGroup group,
      List<TensorMerge> steps,
      PhaseOpener opener,
      BlockSize size,
      int window,
      long progressBytes) {
    List<StatisticsTrack<?>> passes = new ArrayList<>();
    long unit = 1;
    for (int i = 0; i < steps.size(); i++) {
      if (steps.get(i) instanceof StatisticsPass<?> pass) {
        Member member = group.members().get(i);
        StatisticsTrack<?> track = new StatisticsTrack<>(member, pass);
        passes.add(track);
        unit = commonUnit(unit, track.segmentElements(), group.elements());
      }
    }
    long[] wanted = wanted(passes, unit, group.elements());
    // a phase has a unit; where nothing is wanted, one that feeds nothing
    super(Math.max(1, wanted.length));
    this.starts = wanted;
    this.group = group;
    this.steps = List.copyOf(steps);
    this.tracks = List.copyOf(passes);
    this.sources = group.sourcesOfStatistics(steps);
    this.opener = opener;
    this.size = size;
    this.unitElements = unit;
    this.window = window;
    long fed = 0;
    for (long first : wanted) {
      fed += Math.min(unit, group.elements() - first);
    }
    long rest = progressBytes - group.bytesOf(sources, fed);
    this.counts = rest >= group.bytesToRead();
    this.progressBytesAfter = counts ? rest : progressBytes;
  }

  /** First elements of the units of which some pass wants elements. */
  private static long[] wanted(List<StatisticsTrack<?>> passes, long unit, long elements) {
    LongStream.Builder starts = LongStream.builder();
    for (long from = 0; from < elements; ) {
      long next = elements;
      for (StatisticsTrack<?> track : passes) {
        next = Math.min(next, track.firstWanted(from));
      }
      if (next < elements) {
        starts.add(next / unit * unit);
      }
      from = next / unit * unit + unit;
    }
    return starts.build().toArray();
  }

  private static long commonUnit(long unit, long segment, long elements) {
    if (unit >= elements) {
      return unit; // one unit holds every segment, whatever its length
    }
    long longest = Math.max(MAX_UNIT_ELEMENTS, segment);
    long common =
        unit > Long.MAX_VALUE / segment ? Long.MAX_VALUE : Tiles.leastCommonMultiple(unit, segment);
    return common <= longest ? common : elements;
  }

  @Override
  TensorGroup group() {
    return group;
  }

  @Override
  void run(int unit, Worker worker) throws IOException {
    awaitTurn(unit, worker);
    if (unit < starts.length) {
      long first = starts[unit];
      long length = Math.min(unitElements, group.elements() - first);
      worker.feed(group, sources, tracks, first, length, size, counts);
    }
    finished(unit);
  }

  private synchronized void awaitTurn(int unit, Worker worker) throws IOException {
    while (unit > finished.nextClearBit(0) + window) {
      worker.checkStopped();
      checkAbandoned();
      try {
        wait(POLL_MILLIS);
      } catch (InterruptedException e) {
        throw StoppedException.interrupted(e);
      }
    }
  }

  private synchronized void finished(int unit) {
    finished.set(unit);
    notifyAll();
  }

  @Override
  @Nullable Phase after() {
    List<TensorMerge> next = new ArrayList<>(steps);
    for (StatisticsTrack<?> track : tracks) {
      next.set(group.members().indexOf(track.member()), track.next());
    }
    return opener.after(group, steps, next, progressBytesAfter);
  }

  /** Whether every member has its kernel. */
  static boolean none(List<TensorMerge> steps) {
    for (TensorMerge step : steps) {
      if (!(step instanceof TileKernel)) {
        return false;
      }
    }
    return true;
  }
}
