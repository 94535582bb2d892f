package io.hfmerge.examples.synth;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.cli.HfMerge;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SynthCommandTest {

  @TempDir Path temp;

  @ParameterizedTest
  @CsvSource({
    "gpt2, 124439808",
    "gpt2-large, 774030080",
    "tinyllama-1.1b, 1100048384",
    "gpt-j-6b, 6050882784"
  })
  void geometriesHaveAsManyParametersAsThePublishedModels(String name, long parameters) {
    long elements =
        Geometry.find(name).orElseThrow().specs(DType.BF16).stream()
            .mapToLong(TensorSpec::elements)
            .sum();
    assertThat(elements).isEqualTo(parameters);
  }

  @Test
  void noiseHasMeanZeroAndDeviationOne() {
    Noise noise = new Noise(3, "x");
    int count = 200_000;
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < count; i++) {
      sum += noise.at(i);
      squares += noise.at(i) * noise.at(i);
    }
    // five standard errors
    assertThat(Math.abs(sum / count)).isLessThan(5 / Math.sqrt(count));
    assertThat(Math.abs(squares / count - 1)).isLessThan(5 * 1.5 / Math.sqrt(count));
  }

  @Test
  void writesAModelAndAChangedCopyThatInspectKnows() throws IOException {
    Path base = temp.resolve("base");
    assertThat(run("synth", base.toString(), "--like", "gpt2", "--dtype", "bf16")).isZero();
    Path copy = temp.resolve("copy");
    assertThat(run("synth", copy.toString(), "--finetune-of", base.toString(), "--seed", "2"))
        .isZero();
    try (HfModel first = HfModels.open(base.toString());
        HfModel second = HfModels.open(copy.toString())) {
      assertThat(first.structure().modelType()).isEqualTo("gpt2");
      assertThat(second.checkpoint().tensors()).isEqualTo(first.checkpoint().tensors());
      double[] a = values(first);
      double[] b = values(second);
      assertThat(a).isNotEqualTo(b);
      for (int i = 0; i < a.length; i++) {
        assertThat(Math.abs(a[i] - b[i])).isLessThan(0.006);
      }
    }
    assertThat(run("synth", base.toString(), "--like", "gpt2")).isEqualTo(9);
    assertThat(run("synth", temp.resolve("x").toString(), "--like", "gpt3")).isEqualTo(2);
    assertThat(Files.exists(temp.resolve("x"))).isFalse();
  }

  private static double[] values(HfModel model) {
    double[] values = new double[1000];
    TensorCodec.decode(
        DType.BF16,
        model.checkpoint().mapped("h.3.mlp.c_fc.weight").orElseThrow(),
        0,
        values,
        values.length);
    return values;
  }

  private static int run(String... arguments) {
    StringWriter sink = new StringWriter();
    return HfMerge.commandLine()
        .setOut(new PrintWriter(sink))
        .setErr(new PrintWriter(sink))
        .execute(arguments);
  }
}
