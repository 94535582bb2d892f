package io.hfmerge.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.engine.WorkQueue.Work;
import io.hfmerge.plan.CopiedTensor;
import io.hfmerge.plan.MergeInput;
import io.hfmerge.plan.TensorNaming;
import io.hfmerge.plan.TensorSource;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import io.hfmerge.testing.MemoryCheckpoint;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/**
 * Whoever waits for a lock cannot be interrupted: in a thread of its own a test can be given up.
 */
@Timeout(value = 20, threadMode = ThreadMode.SEPARATE_THREAD)
class WorkQueueTest {

  /** Tensors are longer, so that each is begun with a phase. */
  private static final int BLOCK_ELEMENTS = 4;

  private final CountDownLatch computed = new CountDownLatch(1);

  @Test
  void beginsWithTheNextTensorWhileWhatFollowsAPassIsComputed() throws Exception {
    WorkQueue queue = queue("a", "b");
    Work first = queue.next();
    Future<@Nullable TensorGroup> ended = CompletableFuture.supplyAsync(() -> queue.done(first));
    assertThat(tensor(queue.next())).isEqualTo("b");
    computed.countDown();
    assertThat(ended.get()).isNull();
    assertThat(tensor(queue.next())).isEqualTo("a");
  }

  @Test
  void letsWorkersWaitForWhatFollowsTheLastPass() throws Exception {
    WorkQueue queue = queue("a");
    Work pass = queue.next();
    Future<@Nullable TensorGroup> ended = CompletableFuture.supplyAsync(() -> queue.done(pass));
    Future<@Nullable Work> waiting = CompletableFuture.supplyAsync(() -> next(queue));
    computed.countDown();
    Work kernel = waiting.get();
    assertThat(tensor(kernel)).isEqualTo("a");
    assertThat(ended.get()).isNull();
    assertThat(queue.done(kernel)).isNotNull();
    assertThat(queue.next()).isNull();
  }

  private static @Nullable Work next(WorkQueue queue) {
    try {
      return queue.next();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String tensor(@Nullable Work work) {
    assertThat(work).isInstanceOf(Work.Unit.class);
    return ((Work.Unit) work).phase().group().members().getFirst().spec().name();
  }

  /** Each tensor has a pass, what follows which is computed in time, and a phase after it. */
  private WorkQueue queue(String... tensors) {
    MemoryCheckpoint checkpoint = new MemoryCheckpoint("test");
    MergeInput input = new MergeInput("test", checkpoint, TensorNaming.PLAIN);
    for (String tensor : tensors) {
      checkpoint.with(tensor, DType.F32, Shape.of(5), 1, 2, 3, 4, 5);
    }
    List<TensorGroup> groups =
        checkpoint.tensors().stream().map(spec -> group(input, spec)).toList();
    return new WorkQueue(groups, group -> new Pass(group, new Pass(group, null)), BLOCK_ELEMENTS);
  }

  private static TensorGroup group(MergeInput input, TensorSpec spec) {
    return TensorGroup.of(new CopiedTensor(spec, new TensorSource(input, spec), "a test"));
  }

  private final class Pass extends Phase {

    private final TensorGroup group;
    private final @Nullable Phase following;

    Pass(TensorGroup group, @Nullable Phase following) {
      super(1);
      this.group = group;
      this.following = following;
    }

    @Override
    TensorGroup group() {
      return group;
    }

    @Override
    void run(int unit, Worker worker) {
      throw new UnsupportedOperationException("nobody runs it");
    }

    @Override
    @Nullable Phase after() {
      try {
        if (following != null) {
          computed.await();
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      return following;
    }
  }
}
