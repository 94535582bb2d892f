package io.hfmerge.engine;

import io.hfmerge.engine.MergeReport.NonFinite;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.plan.CopiedTensor;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.plan.PlannedTensor;
import io.hfmerge.plan.TensorSource;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The result of a merge as a checkpoint that computes its tensors when they are read and writes
 * nothing anywhere. Its bytes are those that {@link MergeEngine} would write, rounding to the
 * output's dtype included, whatever part is asked for and by how many threads.
 *
 * <p>A method's statistics are gathered when a tensor is first read, by all threads that wait for
 * it, and its kernel is kept for later reads of it; kernels of tensors that were not read for long
 * are given up. Tensors that the plan copies are passed through.
 *
 * <p>Memory: for each thread that reads at a time, tiles and one block of the bytes of each source;
 * see {@link #memoryBytes}. Thread-safe.
 */
public final class ComputedCheckpoint implements Checkpoint {

  /**
   * Elements computed at a time: what is read of an input, computed and read again stays in the
   * second-level cache, and a reader that wants few values does not wait for many.
   */
  private static final int BLOCK_ELEMENTS = 1 << 16;

  /** Kernels kept: more than a reader of one tensor after another has in flight. */
  private static final int MAX_KERNELS = 64;

  private record Entry(PlannedTensor tensor, TensorGroup group) {}

  private final String id;
  private final MergePlan plan;
  private final MergeOptions options;
  private final MergeMemory memory;
  private final Object surveying = new Object();

  /** Once all surveys are done; guarded by {@link #surveying}. */
  private @Nullable PhaseOpener opener;

  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final OutputStatistics statistics = new OutputStatistics(List.of());
  private final RunStatistics run = new RunStatistics();
  private final ConcurrentLinkedDeque<Worker> idle = new ConcurrentLinkedDeque<>();

  /** Guarded by itself; in the order of use. */
  private final Map<String, KernelPreparation> kernels =
      new LinkedHashMap<>(MAX_KERNELS, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, KernelPreparation> eldest) {
          return size() > MAX_KERNELS;
        }
      };

  private volatile boolean closed;

  /**
   * The result of a plan.
   *
   * @param id how to call it in messages
   * @param plan whose inputs are open, and stay open as long as this is read; they are not closed
   *     with it
   * @param options threads that read at a time and memory for all of them; the bytes do not depend
   *     on it
   * @throws io.hfmerge.error.MemoryBudgetException if the smallest blocks do not fit in the memory
   */
  public ComputedCheckpoint(String id, MergePlan plan, MergeOptions options) {
    this.id = id;
    this.plan = plan;
    this.options =
        new MergeOptions(
            options.threads(),
            Math.min(options.tileElements(), BLOCK_ELEMENTS),
            Math.min(options.blockElements(), BLOCK_ELEMENTS),
            options.memoryBytes());
    List<TensorGroup> groups = TensorGroup.of(List.of(plan));
    this.memory = MergeMemory.of(groups, List.of(plan.method()), List.of(), this.options);

    for (TensorGroup group : groups) {
      PlannedTensor tensor = group.members().getFirst().tensor();
      entries.put(tensor.output().name(), new Entry(tensor, group));
    }
  }

  /** What is computed. */
  public MergePlan plan() {
    return plan;
  }

  /** Bytes that were read of the plan's inputs so far. */
  public long bytesRead() {
    return run.bytesRead.sum();
  }

  /** {@inheritDoc} What inputs take is counted in. */
  @Override
  public long memoryBytes(int threads) {
    return memory.bytes(threads) + MergeMemory.computedBytes(List.of(plan), threads);
  }

  /**
   * Tensors read so far with values that are NaN or infinite though all inputs of these values were
   * finite numbers, in alphabetical order.
   */
  public List<String> overflows() {
    return statistics.nonFinite().stream()
        .filter(found -> found.produced() > 0)
        .map(NonFinite::tensor)
        .toList();
  }

  /** What its method, and those of sources that are computed in turn, found, with its name. */
  @Override
  public List<String> remarks(String tensor) {
    Stream<String> own = statistics.remarks(tensor).stream();
    Stream<String> sources = entry(tensor).group().members().getFirst().remarksOfSources().stream();
    return Stream.concat(own, sources).map(remark -> id + ": " + remark).toList();
  }

  @Override
  public String id() {
    return id;
  }

  /** The files of the plan's inputs. */
  @Override
  public List<Path> files() {
    return plan.inputs().stream()
        .flatMap(input -> input.checkpoint().files().stream())
        .distinct()
        .toList();
  }

  @Override
  public List<TensorSpec> tensors() {
    return plan.layout();
  }

  @Override
  public Optional<TensorSpec> find(String name) {
    return Optional.ofNullable(entries.get(name)).map(entry -> entry.tensor().output());
  }

  @Override
  public Map<String, String> metadata() {
    return Map.of();
  }

  @Override
  public void read(String tensor, long offsetBytes, MemorySegment destination) throws IOException {
    if (closed) {
      throw new IllegalStateException(id + " is closed");
    }
    Entry entry = entry(tensor);
    long size = entry.tensor().output().sizeBytes();
    long length = destination.byteSize();
    if (offsetBytes < 0 || offsetBytes > size - length) {
      throw new IllegalArgumentException(
          "%s: tensor \"%s\" has %d bytes, asked for %d from %d on"
              .formatted(id, tensor, size, length, offsetBytes));
    }
    if (entry.group().isVerbatim()) {
      TensorSource source = entry.group().sources().getFirst();
      source.input().checkpoint().read(source.tensor().name(), offsetBytes, destination);
      run.bytesRead.add(length);
    } else if (length > 0) {
      Worker worker = borrow();
      try {
        compute(entry, offsetBytes, destination, worker);
      } finally {
        giveBack(worker);
      }
    }
  }

  private void compute(Entry entry, long offsetBytes, MemorySegment destination, Worker worker)
      throws IOException {
    MergePhase phase = phase(entry, worker);
    TensorGroup group = entry.group();
    DType dtype = entry.tensor().output().dtype();
    BlockSize size = phase.size();
    long end = offsetBytes + destination.byteSize();
    long granule = Tiles.granule(phase.kernels());
    // a block begins with a whole granule, so that the kernel sees what it sees in a merge
    long first = offsetBytes / dtype.bytes() / granule * granule;
    while (first * dtype.bytes() < end) {
      long last = Math.ceilDiv(Math.ceilDiv(end, dtype.bytes()), granule) * granule;
      int length = (int) Math.min(size.blockElements(), Math.min(last, group.elements()) - first);
      run.bytesRead.add(worker.compute(group, phase.kernels(), first, length, size));
      long from = Math.max(offsetBytes, dtype.sizeBytes(first));
      long to = Math.min(end, dtype.sizeBytes(first + length));
      MemorySegment.copy(
          worker.result(0),
          from - dtype.sizeBytes(first),
          destination,
          from - offsetBytes,
          to - from);
      first += length;
    }
    phase.collectRemarks();
  }

  /** The phase that computes a tensor, once its statistics are known. */
  private MergePhase phase(Entry entry, Worker worker) throws IOException {
    String name = entry.tensor().output().name();
    KernelPreparation preparation;
    PhaseOpener surveyed = opener();
    synchronized (kernels) {
      preparation =
          kernels.computeIfAbsent(name, key -> new KernelPreparation(surveyed.open(entry.group())));
    }
    try {
      return preparation.await(worker);
    } catch (IOException | RuntimeException | Error e) {
      synchronized (kernels) {
        kernels.remove(name, preparation); // a later read tries again
      }
      throw e;
    }
  }

  /** Opens phases that know what surveys found; the first reader carries these out. */
  private PhaseOpener opener() throws IOException {
    synchronized (surveying) {
      PhaseOpener known = opener;
      if (known == null) {
        List<MergeMethod> methods = Surveys.carryOut(List.of(plan), options, this::look);
        known = new PhaseOpener(methods, options, memory, List.of(statistics), false);
        opener = known;
      }
      return known;
    }
  }

  private void look(List<TensorGroup> groups, PhaseOpener surveys, MergeMemory surveyMemory)
      throws IOException {
    try (Worker worker = worker(surveyMemory)) {
      for (TensorGroup group : groups) {
        WorkLoop.runWhole(surveys, group, worker);
      }
    }
  }

  private Worker worker(MergeMemory limits) {
    return new Worker(
        () -> closed,
        List.of(),
        run,
        List.of(statistics),
        ProgressListener.NONE,
        limits.workerBytes());
  }

  private Worker borrow() {
    Worker worker = idle.pollFirst();
    return worker != null ? worker : worker(memory);
  }

  private void giveBack(Worker worker) {
    idle.addFirst(worker);
    if (closed) {
      closeIdle();
    }
  }

  @Override
  public Optional<MemorySegment> mapped(String tensor) {
    return entry(tensor).tensor() instanceof CopiedTensor copied
            && entry(tensor).group().isVerbatim()
        ? copied.source().input().checkpoint().mapped(copied.source().tensor().name())
        : Optional.empty();
  }

  private Entry entry(String tensor) {
    Entry entry = entries.get(tensor);
    if (entry == null) {
      throw new IllegalArgumentException(id + " has no tensor \"" + tensor + '"');
    }
    return entry;
  }

  /** Frees the memory. The plan's inputs stay open. */
  @Override
  public void close() {
    closed = true;
    closeIdle();
  }

  private void closeIdle() {
    for (Worker worker = idle.pollFirst(); worker != null; worker = idle.pollFirst()) {
      worker.close();
    }
  }
}
