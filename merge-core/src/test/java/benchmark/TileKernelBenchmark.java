package benchmark;

import io.hfmerge.method.BaseModelUse;
import io.hfmerge.method.Compatibility;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.method.TensorContext;
import io.hfmerge.method.TensorParameters;
import io.hfmerge.method.TileKernel;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Nanoseconds per element of what a worker does with a tile: decode one input, merge three, encode
 * the result. Run:
 *
 * <pre>
 * mvn -q -pl merge-core -Pbenchmark test-compile
 * mvn -q -pl merge-core -Pbenchmark dependency:build-classpath -Dmdep.outputFile=target/cp
 * java -cp merge-core/target/classes:merge-core/target/test-classes:$(cat merge-core/target/cp) \
 *   org.openjdk.jmh.Main TileKernel
 * </pre>
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class TileKernelBenchmark {

  private static final int TILE = 1024;

  /** Tensors as long as a block, so that they come from the second-level cache. */
  private static final int BLOCK = 1 << 18;

  @Param({"BF16", "F16", "F32"})
  public DType dtype;

  @Param({"linear", "task_arithmetic"})
  public String method;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment[] stored = new MemorySegment[3];
  private final float[][] tiles = new float[3][TILE];
  private final float[] out = new float[TILE];
  private MemorySegment encoded = MemorySegment.NULL;
  private TileKernel kernel = (inputs, result, length, first) -> {};

  @Setup
  public void fill() {
    Random random = new Random(1);
    float[] values = new float[BLOCK];
    for (int i = 0; i < stored.length; i++) {
      for (int j = 0; j < BLOCK; j++) {
        values[j] = (float) random.nextGaussian() * 0.02f;
      }
      stored[i] = arena.allocate(dtype.sizeBytes(BLOCK));
      TensorCodec.encode(dtype, values, stored[i], 0, BLOCK);
    }
    encoded = arena.allocate(dtype.sizeBytes(BLOCK));
    MergeMethod merge = MergeMethods.installed().find(method).orElseThrow();
    boolean based = merge.description().base() == BaseModelUse.REQUIRED;
    Map<String, Double> weight = Map.of("weight", 0.4);
    kernel =
        (TileKernel)
            merge.prepare(
                new TensorContext(
                    new TensorSpec("w", dtype, Shape.of(BLOCK)),
                    List.of("base", "a", "b"),
                    based ? 0 : TensorContext.NO_BASE,
                    new TensorParameters(
                        Map.of("lambda", 0.9, "normalize", 1.0), List.of(weight, weight, weight)),
                    Compatibility.HFMERGE,
                    0));
    block();
    float[] check = new float[BLOCK];
    TensorCodec.decode(dtype, encoded, 0, check, 0, BLOCK);
    for (float value : check) {
      if (!(Math.abs(value) < 1)) {
        throw new IllegalStateException("merged " + value + " out of small weights");
      }
    }
  }

  @TearDown
  public void close() {
    arena.close();
  }

  /** Decodes three inputs, merges and encodes them. */
  @Benchmark
  @OperationsPerInvocation(BLOCK)
  public void block() {
    for (int at = 0; at < BLOCK; at += TILE) {
      for (int i = 0; i < stored.length; i++) {
        TensorCodec.decode(dtype, stored[i], dtype.sizeBytes(at), tiles[i], 0, TILE);
      }
      kernel.merge(tiles, out, TILE, at);
      TensorCodec.encode(dtype, out, encoded, dtype.sizeBytes(at), TILE);
    }
  }

  /** Decodes one input. */
  @Benchmark
  @OperationsPerInvocation(BLOCK)
  public void decode() {
    for (int at = 0; at < BLOCK; at += TILE) {
      TensorCodec.decode(dtype, stored[0], dtype.sizeBytes(at), tiles[0], 0, TILE);
    }
  }

  /** Merges what is decoded. */
  @Benchmark
  @OperationsPerInvocation(BLOCK)
  public void merge() {
    for (int at = 0; at < BLOCK; at += TILE) {
      kernel.merge(tiles, out, TILE, at);
    }
  }

  /** Encodes what is merged. */
  @Benchmark
  @OperationsPerInvocation(BLOCK)
  public void encode() {
    for (int at = 0; at < BLOCK; at += TILE) {
      TensorCodec.encode(dtype, out, encoded, dtype.sizeBytes(at), TILE);
    }
  }
}
