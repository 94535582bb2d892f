package io.hfmerge.engine;

import java.util.concurrent.atomic.LongAdder;

/** Counts of a run, shared by its outputs, that all workers add to. */
final class RunStatistics {

  final LongAdder bytesRead = new LongAdder();
  final LongAdder readNanos = new LongAdder();
  final LongAdder writeNanos = new LongAdder();
  final LongAdder computeNanos = new LongAdder();
}
