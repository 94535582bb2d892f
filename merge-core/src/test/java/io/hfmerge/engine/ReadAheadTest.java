package io.hfmerge.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.plan.CopiedTensor;
import io.hfmerge.plan.MergeInput;
import io.hfmerge.plan.TensorNaming;
import io.hfmerge.plan.TensorSource;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files of nothing but holes are in no page cache until somebody looks at them. */
@Timeout(60)
class ReadAheadTest {

  private static final int MEBIBYTE = 1 << 20;

  /** A tensor's size; that many in the page cache are too many ahead. */
  private static final int TENSOR_BYTES = 16 * MEBIBYTE;

  private static final int AHEAD_TENSORS = 4;

  /** What a thread that should do nothing gets to do something. */
  private static final Duration PATIENCE = Duration.ofMillis(50);

  @TempDir Path folder;

  private Arena arena;
  private Path file;

  @BeforeEach
  void open() {
    arena = Arena.ofShared();
    file = folder.resolve("holes");
  }

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void bringsInWhatWorkersWillReadFirst() throws Exception {
    Mapped input = holes(3);
    WorkQueue queue = queue(input);
    try (ReadAhead _ = ReadAhead.start(input.groups(), queue)) {
      await(() -> input.isLoaded(0) && input.isLoaded(1) && input.isLoaded(2));
    }
  }

  @Test
  void staysWithinItsLimitUntilWorkersFollow() throws Exception {
    Mapped input = holes(8);
    WorkQueue queue = queue(input);
    try (ReadAhead _ = ReadAhead.start(input.groups(), queue)) {
      await(() -> input.isLoaded(AHEAD_TENSORS));
      Thread.sleep(PATIENCE);
      assertThat(input.isTouched(AHEAD_TENSORS + 1)).isFalse();
      queue.next();
      await(() -> input.isLoaded(AHEAD_TENSORS + 1));
      Thread.sleep(PATIENCE);
      assertThat(input.isTouched(AHEAD_TENSORS + 2)).isFalse();
    }
  }

  @Test
  void looksAtFilesInThePageCacheAndLeavesItAtThat() throws Exception {
    Mapped input = holes(3);
    input.all.load();
    int looks;
    try (ReadAhead _ = ReadAhead.start(input.groups(), queue(input))) {
      looks = input.asked.get();
      Thread.sleep(PATIENCE);
    }
    assertThat(looks).isEqualTo(3);
    assertThat(input.asked).hasValue(looks);
  }

  @Test
  void asksNothingOfCheckpointsWithoutMappedMemory() throws Exception {
    Mapped input = new Mapped(MemorySegment.ofArray(new byte[8]), 8);
    try (ReadAhead _ = ReadAhead.start(input.groups(), queue(input))) {
      Thread.sleep(PATIENCE);
    }
    assertThat(input.asked).hasValue(1);
  }

  @Test
  void hasNothingToDoWithoutTensors() throws Exception {
    Mapped input = new Mapped(MemorySegment.NULL, 1);
    try (ReadAhead _ = ReadAhead.start(List.of(), queue(input))) {
      assertThat(input.asked).hasValue(0);
    }
  }

  @Test
  void leavesFilesThatWereCutShortToTheWorkers() throws Exception {
    Mapped input = holes(2);
    try (RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
      cut.setLength(0);
    }
    try (ReadAhead _ = ReadAhead.start(input.groups(), queue(input))) {
      await(() -> input.asked.get() > 1);
    }
  }

  @Test
  void endsWhenTheWorkersAreStopped() throws Exception {
    Mapped input = holes(8);
    WorkQueue queue = queue(input);
    try (ReadAhead _ = ReadAhead.start(input.groups(), queue)) {
      await(() -> input.isLoaded(AHEAD_TENSORS));
      queue.stop();
      Thread.sleep(PATIENCE);
      assertThat(input.isTouched(AHEAD_TENSORS + 1)).isFalse();
    }
  }

  @Test
  void endsWhenItIsClosedBeforeAnybodyBegan() throws Exception {
    Mapped input = holes(8);
    ReadAhead.start(input.groups(), queue(input)).close();
    int asked = input.asked.get();
    Thread.sleep(PATIENCE);
    assertThat(input.asked).hasValue(asked);
    assertThat(input.isTouched(7)).isFalse();
  }

  private Mapped holes(int tensors) throws IOException {
    long bytes = (long) tensors * TENSOR_BYTES;
    try (RandomAccessFile holes = new RandomAccessFile(file.toFile(), "rw")) {
      holes.setLength(bytes);
      FileChannel channel = holes.getChannel();
      return new Mapped(channel.map(MapMode.READ_ONLY, 0, bytes, arena), TENSOR_BYTES);
    }
  }

  private static WorkQueue queue(Mapped input) {
    return new WorkQueue(
        input.groups(),
        group -> {
          throw new IllegalStateException("a batch of one is no phase");
        },
        TENSOR_BYTES);
  }

  private static void await(BooleanSupplier reached) throws InterruptedException {
    while (!reached.getAsBoolean()) {
      Thread.sleep(1);
    }
  }

  /** One file whose tensors follow one another. */
  private static final class Mapped implements Checkpoint {

    private final MemorySegment all;
    private final int tensorBytes;
    private final AtomicInteger asked = new AtomicInteger();

    Mapped(MemorySegment all, int tensorBytes) {
      this.all = all;
      this.tensorBytes = tensorBytes;
    }

    /** Whether the last page is in the page cache, and so is all before it. */
    boolean isLoaded(int tensor) {
      return all.asSlice((tensor + 1L) * tensorBytes - 1, 1).isLoaded();
    }

    /** Whether something of its middle is, where the system's own read-ahead does not reach. */
    boolean isTouched(int tensor) {
      return all.asSlice((long) tensor * tensorBytes + tensorBytes / 2, 1).isLoaded();
    }

    List<TensorGroup> groups() {
      List<TensorGroup> groups = new ArrayList<>();
      for (TensorSpec tensor : tensors()) {
        MergeInput input = new MergeInput("holes", this, TensorNaming.PLAIN);
        groups.add(
            TensorGroup.of(new CopiedTensor(tensor, new TensorSource(input, tensor), "a test")));
      }
      return groups;
    }

    @Override
    public String id() {
      return "holes";
    }

    @Override
    public List<TensorSpec> tensors() {
      List<TensorSpec> tensors = new ArrayList<>();
      for (long i = 0; i < all.byteSize() / tensorBytes; i++) {
        tensors.add(new TensorSpec(String.valueOf(i), DType.U8, Shape.of(tensorBytes)));
      }
      return tensors;
    }

    @Override
    public Optional<TensorSpec> find(String name) {
      return tensors().stream().filter(tensor -> tensor.name().equals(name)).findFirst();
    }

    @Override
    public Map<String, String> metadata() {
      return Map.of();
    }

    @Override
    public void read(String tensor, long offsetBytes, MemorySegment destination) {
      throw new UnsupportedOperationException("nobody but the workers reads");
    }

    @Override
    public Optional<MemorySegment> mapped(String tensor) {
      asked.incrementAndGet();
      return Optional.of(all.asSlice(Long.parseLong(tensor) * tensorBytes, tensorBytes));
    }

    @Override
    public void close() {
      // the mapping is the test's
    }
  }
}
