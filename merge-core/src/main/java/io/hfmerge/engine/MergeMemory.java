package io.hfmerge.engine;

import io.hfmerge.error.MemoryBudgetException;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.TensorMerge;
import io.hfmerge.plan.MergeInput;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.tensor.Checkpoint;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How a run divides the memory that it is allowed: tiles of {@code float}, blocks of bytes read and
 * of results, partial results of statistics, and what computed inputs ({@link ComputedCheckpoint})
 * take in turn. Blocks shrink until all workers fit; where one tile each does not fit, fewer
 * workers run.
 *
 * <p>Not counted: the Java runtime itself, headers and plan (about 1 KiB for each tensor), and the
 * system's page cache.
 */
public final class MergeMemory {

  /** Partial results that may wait per worker for an earlier segment. */
  private static final int WAITING_PER_WORKER = 2;

  private final int threads;
  private final long workerBytes;
  private final long largestBlockBytes;
  private final long partialBytes;
  private final long computedBytes;

  private MergeMemory(
      int threads,
      long workerBytes,
      long largestBlockBytes,
      long partialBytes,
      long computedBytes) {
    this.threads = threads;
    this.workerBytes = workerBytes;
    this.largestBlockBytes = largestBlockBytes;
    this.partialBytes = partialBytes;
    this.computedBytes = computedBytes;
  }

  /**
   * For outputs that are made in one run.
   *
   * @param plans one for each output
   * @param options threads, block size and memory wanted
   * @throws MemoryBudgetException if the smallest blocks on one thread do not fit; says what would
   */
  public static MergeMemory of(List<MergePlan> plans, MergeOptions options) {
    Surveys.check(plans, options);
    return of(
        TensorGroup.of(plans), plans.stream().map(MergePlan::method).toList(), plans, options);
  }

  static MergeMemory of(
      List<TensorGroup> groups,
      List<MergeMethod> methods,
      List<MergePlan> plans,
      MergeOptions options) {
    long smallest = 0;
    long largest = 0;
    long partial = 0;
    TensorGroup tightest = null;
    for (TensorGroup group : groups) {
      if (group.isVerbatim()) {
        largest = Math.max(largest, Math.min(options.blockElements(), group.bytesToRead()));
        continue;
      }
      List<TensorMerge> steps = PhaseOpener.steps(group, methods);
      long least = bytes(group, steps, options, 0);
      if (least > smallest) {
        smallest = least;
        tightest = group;
      }
      largest = Math.max(largest, bytes(group, steps, options, options.memoryBytes()));
      partial = Math.max(partial, PhaseOpener.partialBytes(steps));
    }
    for (int threads = options.threads(); threads >= 1; threads--) {
      long computed = computedBytes(plans, threads);
      long available = options.memoryBytes() - computed;
      long partials =
          Math.clamp(
              available / 2, leastPartials(threads) * partial, allPartials(threads) * partial);
      long worker = (available - partials) / threads;
      if (worker >= smallest && available > partials) {
        return new MergeMemory(threads, worker, Math.min(worker, largest), partials, computed);
      }
    }
    long needed = computedBytes(plans, 1) + leastPartials(1) * partial + smallest;
    throw new MemoryBudgetException(
        String.format(
            Locale.ROOT,
            "%s: expected a memory of at least %,d bytes for %s, found %,d",
            tightest == null ? "the merge" : tightest.members().getFirst().spec().name(),
            needed + 1,
            describe(tightest),
            options.memoryBytes()));
  }

  /** For the first phase and, as far as the first steps tell, for that of the kernels. */
  private static long bytes(
      TensorGroup group, List<TensorMerge> steps, MergeOptions options, long limit) {
    return Math.max(
        PhaseOpener.size(group, steps, options, limit).bytes(),
        BlockSize.ofMerge(group, steps, options, limit).bytes());
  }

  private static String describe(@Nullable TensorGroup group) {
    if (group == null) {
      return "its statistics";
    }
    int sources = group.sources().size();
    int outputs = group.members().size();
    return "one tile of "
        + (sources == 1 ? "1 input" : sources + " inputs")
        + (outputs == 1 ? "" : " and " + outputs + " outputs")
        + " on one thread";
  }

  /** While one is fed by each worker, each may have finished another one. */
  private static long leastPartials(int threads) {
    return 2L * threads;
  }

  private static long allPartials(int threads) {
    return leastPartials(threads) + (long) WAITING_PER_WORKER * threads;
  }

  /** What inputs that are computed take. */
  static long computedBytes(List<MergePlan> plans, int threads) {
    Set<Checkpoint> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    long bytes = 0;
    for (MergePlan plan : plans) {
      for (MergeInput input : plan.inputs()) {
        if (seen.add(input.checkpoint())) {
          bytes += input.checkpoint().memoryBytes(threads);
        }
      }
    }
    return bytes;
  }

  /** Workers; fewer than wanted where not all of them fit. */
  public int threads() {
    return threads;
  }

  /** Most that the run will take, computed inputs included. */
  public long totalBytes() {
    return bytes(threads) + computedBytes;
  }

  /** What so many threads at work at a time take. */
  long bytes(int workers) {
    return workers * largestBlockBytes + partialBytes;
  }

  /** What one worker may take for tiles and blocks. */
  long workerBytes() {
    return workerBytes;
  }

  /**
   * How many segments may be begun before an earlier one is finished.
   *
   * @param bytes of a partial result
   */
  int window(long bytes) {
    if (bytes == 0) {
      return WAITING_PER_WORKER * threads;
    }
    long waiting = partialBytes / bytes - leastPartials(threads);
    return Math.clamp(waiting, 0, WAITING_PER_WORKER * threads);
  }

  /** Refuses a step that needs more than was planned: one that only a pass of statistics knew. */
  void check(TensorGroup group, long bytes, long limit) {
    if (bytes > limit) {
      throw new MemoryBudgetException(
          String.format(
              Locale.ROOT,
              "%s: expected %,d bytes of memory for each of %d threads, found %,d; fewer threads"
                  + " or more memory would do",
              group.members().getFirst().spec().name(),
              bytes,
              threads,
              limit));
    }
  }
}
