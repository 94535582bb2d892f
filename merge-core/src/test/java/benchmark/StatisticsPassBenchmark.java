package benchmark;

import io.hfmerge.method.Compatibility;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.method.ParameterDescription;
import io.hfmerge.method.StatisticsPass;
import io.hfmerge.method.TensorContext;
import io.hfmerge.method.TensorParameters;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
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
 * Nanoseconds per element of a method's first pass over tiles of BF16, beside decoding them. Run as
 * {@link TileKernelBenchmark} with {@code StatisticsPass}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class StatisticsPassBenchmark {

  private static final int TILE = 1024;
  private static final int BLOCK = 1 << 18;

  @Param({"slerp", "multislerp", "karcher", "model_stock", "sce", "arcee_fusion", "ramplus_tl"})
  public String method;

  private final Arena arena = Arena.ofShared();
  private MemorySegment[] stored = new MemorySegment[0];
  private float[][] tiles = new float[0][];
  private Pass<?> pass = new Pass<>(null);

  /** A pass with its partial result. */
  private static final class Pass<P> {
    private final StatisticsPass<P> pass;
    private final P partial;

    Pass(StatisticsPass<P> pass) {
      this.pass = pass;
      this.partial = pass == null ? null : pass.newPartial();
    }

    void accept(float[][] tiles, int at) {
      pass.accept(partial, tiles, TILE, at);
    }
  }

  @Setup
  public void fill() {
    boolean two = List.of("slerp", "arcee_fusion").contains(method);
    boolean based = !List.of("multislerp", "karcher").contains(method);
    int inputs = two ? 2 : 3;
    stored = new MemorySegment[inputs];
    tiles = new float[inputs][TILE];
    Random random = new Random(1);
    float[] values = new float[BLOCK];
    for (int i = 0; i < inputs; i++) {
      for (int j = 0; j < BLOCK; j++) {
        values[j] += (float) random.nextGaussian() * (i == 0 ? 0.02f : 0.001f);
      }
      stored[i] = arena.allocate(DType.BF16.sizeBytes(BLOCK));
      TensorCodec.encode(DType.BF16, values, stored[i], 0, BLOCK);
    }
    var merge = MergeMethods.installed().find(method).orElseThrow();
    Map<String, Double> global = new HashMap<>(Map.of("t", 0.4));
    for (ParameterDescription parameter : merge.description().parameters()) {
      if (parameter.defaultValue() != null) {
        global.put(parameter.name(), parameter.defaultValue());
      }
    }
    global.put("select_topk", 0.3);
    List<Map<String, Double>> perModel = new ArrayList<>();
    List<String> models = new ArrayList<>();
    for (int i = 0; i < inputs; i++) {
      perModel.add(Map.of("weight", 0.5));
      models.add("model" + i);
    }
    pass =
        new Pass<>(
            (StatisticsPass<?>)
                merge.prepare(
                    new TensorContext(
                        new TensorSpec("w", DType.BF16, Shape.of(BLOCK / TILE, TILE)),
                        models,
                        based ? 0 : TensorContext.NO_BASE,
                        new TensorParameters(global, perModel),
                        Compatibility.HFMERGE,
                        0)));
  }

  @TearDown
  public void close() {
    arena.close();
  }

  /** Decodes the inputs. */
  @Benchmark
  @OperationsPerInvocation(BLOCK)
  public void decode() {
    for (int at = 0; at < BLOCK; at += TILE) {
      decode(at);
    }
  }

  /** Decodes the inputs and feeds them to the pass. */
  @Benchmark
  @OperationsPerInvocation(BLOCK)
  public void decodeAndAccept() {
    for (int at = 0; at < BLOCK; at += TILE) {
      decode(at);
      pass.accept(tiles, at);
    }
  }

  private void decode(int at) {
    for (int i = 0; i < stored.length; i++) {
      TensorCodec.decode(DType.BF16, stored[i], DType.BF16.sizeBytes(at), tiles[i], 0, TILE);
    }
  }
}
