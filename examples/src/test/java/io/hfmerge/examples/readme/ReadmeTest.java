package io.hfmerge.examples.readme;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The README shows code that compiles and runs. */
class ReadmeTest {

  private static final Path CHECKPOINTS =
      Path.of("../hf-loader/src/test/resources/golden/checkpoints/bert");

  @TempDir Path temp;

  @ParameterizedTest
  @CsvSource({"djl, DjlSample", "hub, HubSample", "merge, MergeSample", "plugin, PluginSample"})
  void readmeShowsTheSampleAsItIsCompiled(String region, String source) throws IOException {
    String code =
        Files.readString(Path.of("src/main/java/io/hfmerge/examples/readme", source + ".java"));
    String marked =
        code.substring(
            code.indexOf("// [begin README " + region + "]"),
            code.indexOf("// [end README " + region + "]"));
    String shown = marked.substring(marked.indexOf('\n') + 1).stripIndent().stripTrailing();
    assertThat(Files.readString(Path.of("../README.md"))).contains(shown);
  }

  @Test
  void djlSampleComparesEmbeddings() throws IOException {
    float same = DjlSample.cosine("sample:all-MiniLM-L6-v2", 2307, 2307);
    float other = DjlSample.cosine("sample:all-MiniLM-L6-v2", 2307, 7592);
    assertThat(same).isBetween(0.9999f, 1.0001f);
    assertThat(other).isBetween(-1f, 0.9f);
  }

  @Test
  void pluginSampleEmbedsAText() throws Exception {
    assertThat(PluginSample.embedding("hf://sample:all-MiniLM-L6-v2", "a ripe apple")).hasSize(384);
  }

  @Test
  void mergeSampleWritesAModel() throws IOException {
    Path target = temp.resolve("merged");
    MergeSample.sum(path("base"), path("a"), path("b"), target);
    try (HfModel merged = HfModels.open(target.toString());
        HfModel base = HfModels.open(path("base"))) {
      assertThat(merged.checkpoint().tensors())
          .containsExactlyInAnyOrderElementsOf(base.checkpoint().tensors());
    }
  }

  private static String path(String model) {
    return CHECKPOINTS.resolve(model).toString();
  }
}
