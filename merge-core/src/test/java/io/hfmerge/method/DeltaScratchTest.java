package io.hfmerge.method;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.hfmerge.method.TaskVectorCase.Model;
import io.hfmerge.tensor.Shape;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeltaScratchTest {

  /** Random words of a group, and what the JVM allocates for itself. */
  private static final long SMALL_BYTES = 200_000;

  @ParameterizedTest
  @ValueSource(strings = {"della", "della_linear"})
  void aThreadTakesWhatTheKernelSays(String method) throws InterruptedException {
    int row = 200_000;
    TaskVectorCase merge =
        new TaskVectorCase(
            method,
            Shape.of(row),
            List.of(new Model(1, 0.5, 0, 0.1), new Model(1, 0.5, 0, 0.1)),
            1,
            false,
            true,
            false,
            Compatibility.HFMERGE,
            3);
    TileKernel kernel = (TileKernel) merge.mergeMethod().prepare(merge.context());
    float[][] inputs = new float[3][row];
    float[] out = new float[row];
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    AtomicLong allocated = new AtomicLong();
    Thread thread =
        new Thread(() -> {
          long before = threads.getCurrentThreadAllocatedBytes();
          kernel.merge(inputs, out, row, 0);
          allocated.set(threads.getCurrentThreadAllocatedBytes() - before);
        });
    thread.start();
    thread.join();
    long tables = 2L * 16 * row;
    assertThat(allocated.get())
        .isBetween(row * 60L, kernel.scratchBytes(row) - tables + SMALL_BYTES);
  }
}
