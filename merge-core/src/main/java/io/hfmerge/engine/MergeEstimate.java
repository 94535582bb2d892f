package io.hfmerge.engine;

import io.hfmerge.method.StatisticsPass;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.plan.MergedTensor;
import io.hfmerge.plan.PlannedTensor;
import io.hfmerge.plan.TensorSource;
import java.util.List;
import java.util.Locale;

/**
 * What a merge will cost, from its plan alone.
 *
 * @param bytesRead of weights; methods that look before they merge read twice
 * @param bytesWritten of weights
 * @param memoryBytes buffers of all workers together, heap and native
 * @param seconds by {@link #ASSUMED_BYTES_PER_SECOND}
 */
public record MergeEstimate(long bytesRead, long bytesWritten, long memoryBytes, double seconds) {

  /** What an NVMe disk reads and writes; the page cache is faster, disks in a network slower. */
  public static final double ASSUMED_BYTES_PER_SECOND = 2e9;

  private static final int LEAST_PASSES_WITH_STATISTICS = 2;

  /** Estimates a merge. */
  public static MergeEstimate of(MergePlan plan, MergeOptions options) {
    long read = 0;
    long perWorker = 0;
    for (PlannedTensor tensor : plan.tensors()) {
      boolean looks =
          tensor instanceof MergedTensor merged
              && plan.method().prepare(merged.context()) instanceof StatisticsPass;
      read += tensor.bytesToRead() * (looks ? LEAST_PASSES_WITH_STATISTICS : 1);
      perWorker = Math.max(perWorker, bufferBytes(tensor, options));
    }
    long written = plan.bytesToWrite();
    return new MergeEstimate(
        read, written, perWorker * options.threads(), (read + written) / ASSUMED_BYTES_PER_SECOND);
  }

  /** A block of every source and of the output as stored, and a tile of each as floats. */
  private static long bufferBytes(PlannedTensor tensor, MergeOptions options) {
    long block = Math.min(options.blockElements(), tensor.output().elements());
    long bytes = tensor.output().dtype().sizeBytes(block);
    for (TensorSource source : tensor.sources()) {
      bytes += source.tensor().dtype().sizeBytes(block);
    }
    return bytes + (tensor.sources().size() + 1L) * options.tileElements() * Float.BYTES;
  }

  /** For people, each number with what it rests on. */
  public List<String> lines() {
    return List.of(
        String.format(
            Locale.ROOT,
            "memory   %,15d bytes of buffers (estimate; statistics of methods not counted)",
            memoryBytes),
        String.format(
            Locale.ROOT,
            "time     %15.1f seconds (estimate: %,d bytes read, %,d written, at %.0f GB/s)",
            seconds,
            bytesRead,
            bytesWritten,
            ASSUMED_BYTES_PER_SECOND / 1e9));
  }
}
