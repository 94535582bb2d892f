package io.hfmerge.engine;

import io.hfmerge.engine.MergeReport.Conversion;
import io.hfmerge.engine.TensorGroup.Member;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.plan.PlannedTensor;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.tensor.CheckpointWriter;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Carries plans out.
 *
 * <p>Workers take blocks of large tensors and batches of small ones, decode tiles to {@code float},
 * let the method's kernel merge them, encode with one rounding and write at the final place.
 * Several outputs share one pass over the inputs: each block of a source is read and decoded once
 * and given to the kernel of each output. The bytes written depend on the plan alone, not on {@link
 * MergeOptions} nor on the other outputs.
 *
 * <p>Memory: {@link MergeMemory}.
 */
public final class MergeEngine {

  /**
   * Merges, from the first byte to the last. Neither finishes nor closes the writer: whoever opened
   * it decides whether the output counts.
   *
   * @param plan what to do; its inputs must be open
   * @param writer has declared {@link MergePlan#layout()}
   * @param options how to run
   * @param listener hears bytes of inputs, each pass counted as far as methods announce theirs
   * @throws IOException the first fault of any worker; the others were stopped. {@link
   *     InterruptedIOException} if the calling thread was interrupted
   * @throws io.hfmerge.error.MemoryBudgetException if the smallest blocks do not fit in the memory
   */
  public MergeReport run(
      MergePlan plan, CheckpointWriter writer, MergeOptions options, ProgressListener listener)
      throws IOException {
    return run(plan, writer, options, MergeJournal.NONE, listener);
  }

  /**
   * Merges what a journal does not call complete. The report counts the tensors of the whole plan,
   * and the bytes and times of this run.
   *
   * @param journal what earlier runs completed; hears of each further tensor
   * @see #run(MergePlan, CheckpointWriter, MergeOptions, ProgressListener)
   */
  public MergeReport run(
      MergePlan plan,
      CheckpointWriter writer,
      MergeOptions options,
      MergeJournal journal,
      ProgressListener listener)
      throws IOException {
    return run(List.of(new MergeOutput(plan, writer, journal)), options, listener).getFirst();
  }

  /**
   * Makes several outputs in one pass over their inputs: no tensor is read more often than the
   * output needs that takes most passes over it.
   *
   * @param outputs with plans over the same open checkpoints
   * @return a report for each; bytes read and times are those of the run as a whole
   * @see #run(MergePlan, CheckpointWriter, MergeOptions, ProgressListener)
   */
  public List<MergeReport> run(
      List<MergeOutput> outputs, MergeOptions options, ProgressListener listener)
      throws IOException {
    long start = System.nanoTime();
    List<MergePlan> plans = outputs.stream().map(MergeOutput::plan).toList();
    List<CheckpointWriter> writers = outputs.stream().map(MergeOutput::writer).toList();
    List<MergeJournal> journals = outputs.stream().map(MergeOutput::journal).toList();
    List<TensorGroup> groups = TensorGroup.of(plans, journals);
    listener.started("merging", MergeReading.of(groups, plans).allPassesBytes());
    RunStatistics run = new RunStatistics();
    List<OutputStatistics> statistics =
        journals.stream().map(journal -> new OutputStatistics(journal.findings())).toList();
    List<MergeMethod> methods =
        Surveys.carryOut(
            plans,
            options,
            (looked, surveys, limits) -> {
              WorkQueue todo = new WorkQueue(looked, surveys::open, options.blockElements());
              try (ReadAhead _ = ReadAhead.start(looked, todo)) {
                carryOut(
                    new WorkLoop(todo, surveys, group -> {}),
                    limits.threads(),
                    () ->
                        new Worker(
                            todo::isStopped,
                            List.of(),
                            run,
                            List.of(),
                            listener,
                            limits.workerBytes()));
              }
            });
    MergeMemory memory = MergeMemory.of(groups, methods, plans, options);
    PhaseOpener opener = new PhaseOpener(methods, options, memory, statistics, false);
    WorkQueue queue = new WorkQueue(groups, opener::open, options.blockElements());
    try (ReadAhead _ = ReadAhead.start(groups, queue)) {
      carryOut(
          new WorkLoop(queue, opener, group -> completed(group, journals, statistics)),
          memory.threads(),
          () ->
              new Worker(
                  queue::isStopped, writers, run, statistics, listener, memory.workerBytes()));
    }
    listener.finished();
    long elapsed = System.nanoTime() - start;
    List<MergeReport> reports = new ArrayList<>();
    for (int i = 0; i < outputs.size(); i++) {
      reports.add(report(plans.get(i), run, statistics.get(i), elapsed));
    }
    return reports;
  }

  private static void completed(
      TensorGroup group, List<MergeJournal> journals, List<OutputStatistics> statistics)
      throws IOException {
    for (Member member : group.members()) {
      TensorSpec tensor = member.spec();
      OutputStatistics output = statistics.get(member.output());
      output.addRemarks(tensor.name(), member.remarksOfSources());
      journals.get(member.output()).completed(tensor, output.findings(tensor.name()));
    }
  }

  /** Works on several threads until nothing is left. */
  private static void carryOut(WorkLoop loop, int workers, Supplier<Worker> newWorker)
      throws IOException {
    WorkQueue queue = loop.queue();
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < workers; i++) {
      threads.add(
          Thread.ofPlatform()
              .name("hfmerge-merge-" + i)
              .daemon()
              .start(() -> {
                try (Worker worker = newWorker.get()) {
                  loop.run(worker);
                } catch (StoppedException e) {
                  // the cause is another worker's
                } catch (Throwable e) {
                  failure.compareAndSet(null, e);
                  queue.stop();
                }
              }));
    }
    join(threads, queue);
    Throwable cause = failure.get();
    if (cause != null) {
      throw failed(cause);
    }
  }

  private static MergeReport report(
      MergePlan plan, RunStatistics run, OutputStatistics output, long elapsedNanos) {
    long merged = plan.mergedTensors();
    return new MergeReport(
        plan.notes(),
        merged,
        plan.tensors().size() - merged,
        conversions(plan),
        output.nonFinite(),
        MergeRemark.of(plan, output::remarks),
        run.bytesRead.sum(),
        output.bytesWritten.sum(),
        elapsedNanos,
        run.readNanos.sum(),
        run.writeNanos.sum(),
        run.computeNanos.sum());
  }

  /**
   * Waits for all workers. They are never interrupted, which would close the channels they read
   * from; they look at the queue after every block instead.
   */
  private static void join(List<Thread> threads, WorkQueue queue) throws InterruptedIOException {
    boolean interrupted = false;
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
          queue.stop();
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("the merge was interrupted");
    }
  }

  private static IOException failed(Throwable cause) {
    return switch (cause) {
      case IOException e -> e;
      case InternalError e ->
          new IOException(
              "an input could not be read; was a file cut short or its disk lost while it was"
                  + " merged?",
              e);
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> new IOException("a worker failed", cause);
    };
  }

  private static List<Conversion> conversions(MergePlan plan) {
    Map<DType, Map<DType, Long>> counts = new TreeMap<>();
    for (PlannedTensor tensor : plan.tensors()) {
      DType to = tensor.output().dtype();
      Set<DType> others = EnumSet.noneOf(DType.class);
      tensor.sources().forEach(source -> others.add(source.tensor().dtype()));
      others.remove(to);
      for (DType from : others) {
        counts.computeIfAbsent(from, key -> new TreeMap<>()).merge(to, 1L, Long::sum);
      }
    }
    List<Conversion> conversions = new ArrayList<>();
    counts.forEach((from, targets) ->
        targets.forEach((to, tensors) ->
            conversions.add(new Conversion(from.name(), to.name(), tensors, holds(to, from)))));
    return conversions;
  }

  /** Whether every value of one float dtype exists in another one. */
  private static boolean holds(DType wide, DType narrow) {
    return switch (wide) {
      case F64 -> true;
      case F32 -> narrow != DType.F64;
      case F16, BF16 -> narrow.bits() == 8;
      default -> false;
    };
  }
}
