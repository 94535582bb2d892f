package benchmark;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.djl.block.TransformerBlock.Wanted;
import io.hfmerge.hf.djl.block.TransformerInputs;
import io.hfmerge.hf.djl.model.Generator;
import io.hfmerge.hf.djl.model.Sampling;
import io.hfmerge.hf.djl.model.TransformerModel;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Seconds of a pass over token ids, all logits included, and of a continuation with a cache. Run on
 * any folder, for example one from {@code hfmerge synth --like gpt2}:
 *
 * <pre>
 * mvn -q -pl hf-loader -am -Pbenchmark -DskipTests package \
 *   dependency:build-classpath -Dmdep.outputFile=target/cp
 * java -cp hf-loader/target/classes:hf-loader/target/test-classes:$(cat hf-loader/target/cp) \
 *   org.openjdk.jmh.Main ForwardBenchmark.prefill -p model=FOLDER -p batch=1 -p length=1024
 * </pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 8, time = 1)
@Fork(1)
public class ForwardBenchmark {

  @Param("")
  public String model = "";

  @Param("1")
  public int batch;

  @Param("1024")
  public int length;

  @Param("64")
  public int newTokens;

  private HfModel files;
  private TransformerModel transformer;
  private long[] ids;

  @Setup
  public void load() throws IOException {
    files = HfModels.open(model);
    transformer = TransformerModel.load(files, Device.cpu());
    Random random = new Random(1);
    // beyond the special tokens of any vocabulary
    ids = random.longs((long) batch * length, 1000, 20_000).toArray();
  }

  @TearDown
  public void close() throws IOException {
    transformer.close();
    files.close();
  }

  @Benchmark
  public float prefill() {
    try (NDManager manager = transformer.newManager()) {
      TransformerInputs inputs =
          TransformerInputs.of(manager.create(ids, new Shape(batch, length)));
      return transformer.run(inputs, Wanted.EVERYTHING).lastHidden().sum().getFloat();
    }
  }

  @Benchmark
  public int generate() {
    Generator.Settings settings = new Generator.Settings(newTokens, Sampling.GREEDY, true);
    return new Generator(transformer, Set.of())
        .generate(Arrays.copyOf(ids, length), settings, token -> {})
        .tokens()
        .length();
  }
}
