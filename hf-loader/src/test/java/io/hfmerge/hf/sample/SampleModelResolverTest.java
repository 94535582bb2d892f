package io.hfmerge.hf.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.ModelLocation;
import io.hfmerge.hf.ResolutionAttempts;
import io.hfmerge.hf.arch.Architectures;
import io.hfmerge.hf.arch.MatrixBlock;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.arch.WeightMatrix;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class SampleModelResolverTest {

  private static final String REFERENCE = "sample:all-MiniLM-L6-v2";

  /** F32 weights summed in F64 on both sides: only the order of summation differs. */
  private static final Percentage NORM_TOLERANCE = Percentage.withPercentage(1e-4);

  @TempDir static Path cache;

  private static SampleModelResolver resolver;
  private static Path folder;

  @BeforeAll
  static void convert() throws IOException {
    resolver = new SampleModelResolver(cache);
    folder = resolver.resolve(REFERENCE, new ResolutionAttempts()).orElseThrow().folder();
  }

  @Test
  void writesAModelFolderIntoTheCache() throws IOException {
    assertThat(folder).startsWith(cache);
    assertThat(ModelFolders.list(folder))
        .containsExactly("README.md", "config.json", "model.safetensors", "tokenizer.json");
    assertThat(Files.readString(folder.resolve("README.md"))).contains("license: apache-2.0");
    assertThat(folder.getParent().toFile().list()).containsExactly("all-MiniLM-L6-v2");
  }

  @Test
  void hasTheNamesAndShapesOfThePublishedModel() throws IOException {
    try (HfModel model = open()) {
      assertThat(model.structure().modelType()).isEqualTo("bert");
      assertThat(model.checkpoint().tensors()).containsExactlyInAnyOrderElementsOf(published());
    }
  }

  /** The tensors of sentence-transformers/all-MiniLM-L6-v2 but for the pooler, never exported. */
  private static List<TensorSpec> published() {
    List<TensorSpec> specs = new ArrayList<>();
    add(specs, "embeddings.word_embeddings.weight", 30522, 384);
    add(specs, "embeddings.position_embeddings.weight", 512, 384);
    add(specs, "embeddings.token_type_embeddings.weight", 2, 384);
    pair(specs, "embeddings.LayerNorm", 384);
    for (int layer = 0; layer < 6; layer++) {
      String start = "encoder.layer." + layer + ".";
      for (String name : List.of("query", "key", "value")) {
        pair(specs, start + "attention.self." + name, 384, 384);
      }
      pair(specs, start + "attention.output.dense", 384, 384);
      pair(specs, start + "attention.output.LayerNorm", 384);
      pair(specs, start + "intermediate.dense", 1536, 384);
      pair(specs, start + "output.dense", 384, 1536);
      pair(specs, start + "output.LayerNorm", 384);
    }
    return specs;
  }

  private static void pair(List<TensorSpec> specs, String module, long... weight) {
    add(specs, module + ".weight", weight);
    add(specs, module + ".bias", weight[0]);
  }

  private static void add(List<TensorSpec> specs, String name, long... shape) {
    specs.add(new TensorSpec(name, DType.F32, Shape.of(shape)));
  }

  @Test
  void hasTheValuesOfThePublishedModel() throws IOException {
    JsonNode reference =
        JsonMapper.shared()
            .readTree(
                Files.readString(ModelFolders.GOLDEN.resolve("all-MiniLM-L6-v2-spectra.json")));
    int compared = 0;
    try (HfModel model = open()) {
      for (WeightMatrix matrix : model.structure().layerMatrices()) {
        if (matrix.role() == Role.QKV) {
          continue;
        }
        JsonNode expected =
            reference.get("layers").get(matrix.layer()).get("matrices").get(matrix.role().name());
        assertThat(matrix.rows()).isEqualTo(expected.get("rows").longValue());
        assertThat(matrix.columns()).isEqualTo(expected.get("cols").longValue());
        assertThat(frobenius(model, matrix))
            .as(matrix.label())
            .isCloseTo(expected.get("frobenius").doubleValue(), NORM_TOLERANCE);
        compared++;
      }
    }
    assertThat(compared).isEqualTo(6 * 6);
  }

  private static double frobenius(HfModel model, WeightMatrix matrix) {
    double sum = 0;
    for (MatrixBlock block : matrix.blocks()) {
      TensorSpec spec = model.checkpoint().get(block.tensor());
      double[] values = new double[Math.toIntExact(spec.elements())];
      TensorCodec.decode(
          spec.dtype(),
          model.checkpoint().mapped(spec.name()).orElseThrow(),
          0,
          values,
          values.length);
      for (double value : values) {
        sum += value * value;
      }
    }
    return Math.sqrt(sum);
  }

  @Test
  void convertsOnlyOnce() throws IOException {
    Map<String, String> before = ModelFolders.snapshot(cache);
    assertThat(resolver.resolve(REFERENCE, new ResolutionAttempts()))
        .contains(ModelLocation.folder(folder));
    assertThat(resolver.resolve("sample:ALL-minilm-l6-V2", new ResolutionAttempts()))
        .contains(ModelLocation.folder(folder));
    assertThat(ModelFolders.snapshot(cache)).isEqualTo(before);
  }

  @Test
  void listsTheSamplesForANameThatIsNone() {
    assertThatThrownBy(() -> resolver.resolve("sample:bert", new ResolutionAttempts()))
        .isInstanceOf(UnresolvedReferenceException.class)
        .hasMessage("\"sample:bert\": expected one of all-MiniLM-L6-v2, found no such sample");
  }

  @Test
  void leavesOtherReferencesToOthers() throws IOException {
    ResolutionAttempts attempts = new ResolutionAttempts();
    assertThat(resolver.resolve("all-MiniLM-L6-v2", attempts)).isEmpty();
    assertThat(attempts.list()).singleElement().asString().contains("sample:NAME");
  }

  @Test
  void takesTheCacheThatTheEnvironmentNames() {
    Map<String, String> own = Map.of("HFMERGE_CACHE", "/c", "XDG_CACHE_HOME", "/x");
    assertThat(SampleModelResolver.cacheFolder(own::get)).isEqualTo(Path.of("/c"));
    Map<String, String> xdg = Map.of("HFMERGE_CACHE", "", "XDG_CACHE_HOME", "/x");
    assertThat(SampleModelResolver.cacheFolder(xdg::get)).isEqualTo(Path.of("/x/hfmerge"));
    Map<String, String> none = Map.of();
    assertThat(SampleModelResolver.cacheFolder(none::get))
        .isEqualTo(Path.of(System.getProperty("user.home"), ".cache", "hfmerge"));
  }

  private static HfModel open() throws IOException {
    return new HfModels(List.of(resolver), Architectures.load()).openModel(REFERENCE);
  }
}
