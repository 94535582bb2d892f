package io.hfmerge.engine;

import io.hfmerge.plan.MergePlan;
import java.util.List;
import java.util.Locale;

/**
 * What a merge will cost, from its plan alone.
 *
 * @param bytesRead of weights, in all passes
 * @param bytesWritten of weights
 * @param memoryBytes buffers and statistics of all workers together, heap and native
 * @param memoryAllowed what the options allow
 * @param seconds by {@link #ASSUMED_BYTES_PER_SECOND}
 */
public record MergeEstimate(
    long bytesRead, long bytesWritten, long memoryBytes, long memoryAllowed, double seconds) {

  /** What an NVMe disk reads and writes; the page cache is faster, disks in a network slower. */
  public static final double ASSUMED_BYTES_PER_SECOND = 2e9;

  /**
   * Estimates a merge of one or several outputs in one run.
   *
   * @throws io.hfmerge.error.MemoryBudgetException if the smallest blocks exceed the memory allowed
   */
  public static MergeEstimate of(List<MergePlan> plans, MergeOptions options) {
    long read = MergeReading.of(plans).allPassesBytes();
    long written = plans.stream().mapToLong(MergePlan::bytesToWrite).sum();
    return new MergeEstimate(
        read,
        written,
        MergeMemory.of(plans, options).totalBytes(),
        options.memoryBytes(),
        (read + written) / ASSUMED_BYTES_PER_SECOND);
  }

  /** For people, each number with what it rests on. */
  public List<String> lines() {
    return List.of(
        String.format(
            Locale.ROOT,
            "memory   %,15d bytes of buffers and statistics, of %,d allowed",
            memoryBytes,
            memoryAllowed),
        String.format(
            Locale.ROOT,
            "time     %15.1f seconds (estimate: %,d bytes read, %,d written, at %.0f GB/s)",
            seconds,
            bytesRead,
            bytesWritten,
            ASSUMED_BYTES_PER_SECOND / 1e9));
  }
}
