package io.hfmerge.engine;

import io.hfmerge.engine.TensorGroup.Member;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.StatisticsPass;
import io.hfmerge.method.TensorMerge;
import io.hfmerge.method.TileKernel;
import io.hfmerge.plan.MergedTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Makes the phases of groups, cut so that each worker stays within its memory.
 *
 * @param methods one for each output
 * @param options wishes
 * @param memory what there is
 * @param statistics one for each output
 * @param looksOnly whether nothing follows statistics
 */
record PhaseOpener(
    List<MergeMethod> methods,
    MergeOptions options,
    MergeMemory memory,
    List<OutputStatistics> statistics,
    boolean looksOnly) {

  private static final TileKernel COPY =
      (inputs, out, length, first) -> System.arraycopy(inputs[0], 0, out, 0, length);

  /** The first step of each member; a tensor that is copied has one that changes nothing. */
  static List<TensorMerge> steps(TensorGroup group, List<MergeMethod> methods) {
    List<TensorMerge> steps = new ArrayList<>(group.members().size());
    for (Member member : group.members()) {
      // no switch over types, for which Java would make a class while a command starts
      steps.add(
          member.tensor() instanceof MergedTensor merged
              ? methods.get(member.output()).prepare(merged.context())
              : COPY);
    }
    return steps;
  }

  /** Bytes that will be read for a group in all passes, as far as the methods know. */
  static long allPassesBytes(TensorGroup group, List<TensorMerge> first) {
    long bytes = group.bytesToRead();
    List<TensorMerge> steps = new ArrayList<>(first);
    for (int pass = 1; !StatisticsPhase.none(steps); pass++) {
      bytes += group.bytesOf(group.sourcesOfStatistics(steps), group.elements());
      for (int i = 0; i < steps.size(); i++) {
        if (steps.get(i) instanceof StatisticsPass<?> statistics && statistics.passes() <= pass) {
          steps.set(i, COPY);
        }
      }
    }
    return bytes;
  }

  /** The first phase of a group. */
  Phase open(TensorGroup group) {
    if (group.isVerbatim()) {
      return new CopyPhase(group, BlockSize.ofCopy(options, memory.workerBytes()));
    }
    List<TensorMerge> steps = steps(group, methods);
    return open(group, steps, allPassesBytes(group, steps));
  }

  /**
   * The phase for the current step of each member.
   *
   * @param progressBytes progress that is left for the group
   */
  Phase open(TensorGroup group, List<TensorMerge> steps, long progressBytes) {
    BlockSize size = size(group, steps, options, memory.workerBytes());
    memory.check(group, size.bytes(), memory.workerBytes());
    if (StatisticsPhase.none(steps)) {
      List<TileKernel> kernels = steps.stream().map(TileKernel.class::cast).toList();
      return new MergePhase(group, kernels, this, size, progressBytes);
    }
    int window = memory.window(partialBytes(steps));
    return new StatisticsPhase(group, steps, this, size, window, progressBytes);
  }

  /**
   * What follows a pass of statistics.
   *
   * @param seen steps of that pass
   * @param next steps that follow
   * @param progressBytes progress that is left for the group
   * @return {@code null} at the end
   */
  @Nullable Phase after(
      TensorGroup group, List<TensorMerge> seen, List<TensorMerge> next, long progressBytes) {
    collectRemarks(group, seen);
    return looksOnly && StatisticsPhase.none(next) ? null : open(group, next, progressBytes);
  }

  /** Notes what the members' steps have found once each has seen its tiles. */
  void collectRemarks(TensorGroup group, List<? extends TensorMerge> steps) {
    for (int i = 0; i < steps.size(); i++) {
      Member member = group.members().get(i);
      statistics.get(member.output()).addRemarks(member.spec().name(), steps.get(i).remarks());
    }
  }

  /** How a group is cut for these steps. */
  static BlockSize size(
      TensorGroup group, List<TensorMerge> steps, MergeOptions options, long limit) {
    if (StatisticsPhase.none(steps)) {
      return BlockSize.ofMerge(group, steps, options, limit);
    }
    TreeSet<Integer> tiles = new TreeSet<>();
    long scratch = 0;
    for (TensorMerge step : steps) {
      if (step instanceof StatisticsPass<?> pass) {
        int tile = StatisticsTrack.tileElements(pass);
        tiles.add(tile);
        scratch = Math.max(scratch, scratchBytes(pass, tile, group));
      }
    }
    return BlockSize.ofStatistics(group, tiles, scratch, options, limit);
  }

  /** What a thread takes beside tiles; steps of one thread run one after another. */
  static long scratchBytes(TensorMerge step, int tileElements, TensorGroup group) {
    return step.scratchBytes((int) Math.min(tileElements, Math.max(1, group.elements())));
  }

  /** Bytes of one partial result of every member. */
  static long partialBytes(List<TensorMerge> steps) {
    long bytes = 0;
    for (TensorMerge step : steps) {
      if (step instanceof StatisticsPass<?> pass) {
        bytes += pass.partialBytes();
      }
    }
    return bytes;
  }
}
