package io.hfmerge.hf.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.engine.MergeOptions;
import io.hfmerge.error.OutputExistsException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ModelMergerTest {

  @TempDir Path temp;

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16", "F16"})
  void aModelMergedWithItselfComesBackByteForByte(DType dtype) throws IOException {
    Path model = selfMergeModel("model", dtype);
    Path twin = selfMergeModel("twin", dtype);
    Path triplet = selfMergeModel("triplet", dtype);
    List<String> recipes =
        List.of(
            Merging.linear(model, 0.3, twin, 0.9),
            Merging.linear(model, 0.1, twin, 0.2, triplet, 0.4),
            Merging.linear(model, 1e-3, twin, 1e3),
            Merging.linear(model, 1.5, twin, -0.7),
            Merging.sum(model, twin, 1),
            Merging.sum(model, twin, 0.37, triplet, -2.6));
    for (int i = 0; i < recipes.size(); i++) {
      Path out = temp.resolve("out" + i);
      Merging.merge(recipes.get(i), out);
      assertSameTensors(model, out, recipes.get(i));
    }
  }

  /** A reference model, with both zeros, subnormal and large numbers put in. */
  private Path selfMergeModel(String name, DType dtype) throws IOException {
    double[] edges = {-0.0, 0.0, 1e-40, -6e-8, 1 / 3.0, 6e4, -1e-300, 0.1, Math.PI};
    Path golden = ModelFolders.golden("llama", "a");
    List<StoredTensor> tensors = new ArrayList<>();
    for (StoredTensor tensor : ModelFolders.read(golden).values()) {
      tensors.add(tensor.as(dtype));
    }
    tensors.add(StoredTensor.of("edges", dtype, Shape.of(3, 3), edges));
    Path folder = ModelFolders.write(temp.resolve(name), tensors);
    Files.copy(golden.resolve("config.json"), folder.resolve("config.json"));
    return folder;
  }

  @Test
  void threadsAndTilesDoNotChangeABit() throws IOException {
    Path base = ModelFolders.golden("gpt2", "base");
    String recipe =
        Merging.sum(
            base, ModelFolders.golden("gpt2", "a"), 0.7, ModelFolders.golden("gpt2", "b"), 0.4);
    List<MergeOptions> options =
        List.of(
            MergeOptions.ofThreads(1),
            MergeOptions.ofThreads(2),
            new MergeOptions(2, 8, 64),
            new MergeOptions(3, 1000, 1 << 16));
    List<Map<String, byte[]>> outputs = new ArrayList<>();
    for (int i = 0; i < options.size(); i++) {
      // the same name, since it is the title of the model card
      Path out = Files.createDirectory(temp.resolve("run" + i)).resolve("out");
      Merging.merge(recipe, out, Merging.settings(options.get(i)));
      outputs.add(contents(out));
    }
    for (Map<String, byte[]> output : outputs) {
      assertThat(output).containsOnlyKeys(outputs.getFirst().keySet());
      output.forEach(
          (name, bytes) -> assertThat(bytes).as(name).isEqualTo(outputs.getFirst().get(name)));
    }
  }

  @Test
  void tellsWhatOpeningAModelTold() throws IOException {
    Path base = ModelFolders.golden("gpt2", "base");
    Path both =
        ModelFolders.copy(ModelFolders.golden("gpt2", "a"), temp.resolve("both"), tensor -> tensor);
    Files.writeString(both.resolve("pytorch_model.bin"), "not read");
    MergedModel merged = Merging.merge(Merging.sum(base, both, 0.7), temp.resolve("out"));
    String note = both + ": read model.safetensors, not pytorch_model.bin, as transformers does";
    assertThat(merged.lines()).anyMatch(line -> line.endsWith(note));
    assertThat(temp.resolve("out/README.md")).content().contains(note);
    assertThat(temp.resolve("out/hfmerge.json")).content().contains(note);
  }

  private static Map<String, byte[]> contents(Path folder) throws IOException {
    Map<String, byte[]> contents = new TreeMap<>();
    for (String name : ModelFolders.list(folder)) {
      contents.put(name, Files.readAllBytes(folder.resolve(name)));
    }
    return contents;
  }

  @Test
  void shardsOfOutputAndInputDoNotChangeATensor() throws IOException {
    Path base = ModelFolders.golden("bert", "base");
    Path a = ModelFolders.golden("bert", "a");
    Path sharded = temp.resolve("sharded-base");
    ModelFolders.write(sharded, ModelFolders.read(base).values(), 5000);
    Files.copy(base.resolve("config.json"), sharded.resolve("config.json"));

    Merging.merge(Merging.sum(base, a, 0.5), temp.resolve("single"));
    Merging.merge(Merging.sum(base, a, 0.5), temp.resolve("cut"), Merging.shards(10_000));
    Merging.merge(Merging.sum(sharded, a, 0.5), temp.resolve("from-cut"));

    assertThat(temp.resolve("cut/model.safetensors")).doesNotExist();
    assertThat(temp.resolve("cut/model.safetensors.index.json")).exists();
    assertSameTensors(temp.resolve("single"), temp.resolve("cut"), "sharded output");
    assertSameTensors(temp.resolve("single"), temp.resolve("from-cut"), "sharded input");
    assertThat(temp.resolve("from-cut/model.safetensors.index.json")).doesNotExist();
  }

  @Test
  void mergesModelsWhoseNamesDifferByPrefixAndByAge() throws IOException {
    Path base = ModelFolders.golden("bert", "base");
    Path a = ModelFolders.golden("bert", "a");
    assertThat(ModelFolders.read(a).keySet()).anyMatch(name -> name.startsWith("bert."));
    Path plain = ModelFolders.copy(a, temp.resolve("plain"), t -> t.named(bare(t.name())));
    Path old = ModelFolders.copy(a, temp.resolve("old"), t -> t.named(oldName(t.name())));
    assertThat(ModelFolders.read(old).keySet()).anyMatch(name -> name.endsWith("LayerNorm.gamma"));

    Merging.merge(Merging.sum(base, a, 0.5), temp.resolve("out"));
    Merging.merge(Merging.sum(base, plain, 0.5), temp.resolve("from-plain"));
    Merging.merge(Merging.sum(base, old, 0.5), temp.resolve("from-old"));

    assertSameTensors(temp.resolve("out"), temp.resolve("from-plain"), "prefix");
    assertSameTensors(temp.resolve("out"), temp.resolve("from-old"), "gamma and beta");
  }

  private static String bare(String name) {
    return name.startsWith("bert.") ? name.substring("bert.".length()) : name;
  }

  private static String oldName(String name) {
    return name.replace("LayerNorm.weight", "LayerNorm.gamma")
        .replace("LayerNorm.bias", "LayerNorm.beta");
  }

  @Test
  void theOutputHasTheNamesOfTheBase() throws IOException {
    Path plain =
        ModelFolders.copy(
            ModelFolders.golden("bert", "base"),
            temp.resolve("plain"),
            t -> t.named(oldName(bare(t.name()))));
    Merging.merge(Merging.sum(plain, ModelFolders.golden("bert", "a"), 1), temp.resolve("out"));
    assertThat(ModelFolders.read(temp.resolve("out")).keySet())
        .containsExactlyInAnyOrderElementsOf(ModelFolders.read(plain).keySet());
  }

  @Test
  void copiesWholeNumbersAndMasksFromTheBase() throws IOException {
    StoredTensor ids = integers("embeddings.position_ids", DType.I64, 3);
    StoredTensor otherIds = integers("embeddings.position_ids", DType.I64, 4);
    Path base = withBuffer("bert", "base", ids);
    Path a = withBuffer("bert", "a", otherIds);
    Merging.merge(Merging.sum(base, a, 1), temp.resolve("ids"));
    assertThat(ModelFolders.read(temp.resolve("ids")).get(ids.name()).bytes())
        .isEqualTo(ids.bytes());

    StoredTensor mask = StoredTensor.of("h.0.attn.bias", DType.F32, Shape.of(1, 1, 1, 2), 1, 0);
    StoredTensor otherMask = StoredTensor.of(mask.name(), DType.F32, Shape.of(1, 1, 1, 2), 5, 7);
    Path gpt2 = withBuffer("gpt2", "base", prefixed("gpt2", mask));
    Path gpt2a = withBuffer("gpt2", "a", prefixed("gpt2", otherMask));
    Merging.merge(Merging.sum(gpt2, gpt2a, 1), temp.resolve("mask"));
    assertThat(ModelFolders.read(temp.resolve("mask")).get(prefixed("gpt2", mask).name()).values())
        .containsExactly(1, 0);
  }

  private static StoredTensor prefixed(String family, StoredTensor tensor) throws IOException {
    boolean prefix =
        ModelFolders.read(ModelFolders.golden(family, "base")).keySet().stream()
            .anyMatch(name -> name.startsWith("transformer."));
    return prefix ? tensor.named("transformer." + tensor.name()) : tensor;
  }

  private static StoredTensor integers(String name, DType dtype, int seed) {
    byte[] bytes = new byte[8 * dtype.bytes()];
    new Random(seed).nextBytes(bytes);
    return new StoredTensor(new TensorSpec(name, dtype, Shape.of(1, 8)), bytes);
  }

  private Path withBuffer(String family, String model, StoredTensor buffer) throws IOException {
    Path golden = ModelFolders.golden(family, model);
    List<StoredTensor> tensors = new ArrayList<>(ModelFolders.read(golden).values());
    tensors.add(buffer);
    Path folder = ModelFolders.write(temp.resolve(family + "-" + model), tensors);
    Files.copy(golden.resolve("config.json"), folder.resolve("config.json"));
    return folder;
  }

  @Test
  void refusesToReplaceAFolderThatHoldsAnInput() throws IOException {
    Path base = ModelFolders.copy(ModelFolders.golden("llama", "base"), temp.resolve("m"), t -> t);
    Map<String, String> before = ModelFolders.snapshot(temp);
    MergeSettings replacing =
        new MergeSettings(MergeOptions.ofThreads(1), true, Long.MAX_VALUE, "test");
    String recipe = Merging.sum(base, ModelFolders.golden("llama", "a"), 1);
    assertThatThrownBy(() -> Merging.merge(recipe, base, replacing))
        .isInstanceOf(OutputExistsException.class)
        .hasMessageContaining("without inputs");
    assertThat(ModelFolders.snapshot(temp)).isEqualTo(before);
  }

  @Test
  void refusesToWriteIntoAModelThatIsAnInput() throws IOException {
    Path base = ModelFolders.copy(ModelFolders.golden("llama", "base"), temp.resolve("m"), t -> t);
    Path link = Files.createSymbolicLink(temp.resolve("link"), base);
    Map<String, String> before = ModelFolders.snapshot(temp);
    for (Path target : List.of(base.resolve("out"), link.resolve("out"))) {
      assertThatThrownBy(
              () -> Merging.merge(Merging.sum(base, ModelFolders.golden("llama", "a"), 1), target))
          .isInstanceOf(OutputExistsException.class)
          .hasMessageContaining(target.toString())
          .hasMessageContaining("outside");
      assertThat(ModelFolders.snapshot(temp)).isEqualTo(before);
    }
  }

  @Test
  void writesBesideAnInputThatIsASingleFile() throws IOException {
    Path model = Files.createDirectory(temp.resolve("files"));
    for (String name : List.of("base", "a")) {
      Files.copy(
          ModelFolders.golden("llama", name).resolve("model.safetensors"),
          model.resolve(name + ".safetensors"));
    }
    Path out = model.resolve("out");
    MergedModel merged =
        Merging.merge(
            Merging.sum(model.resolve("base.safetensors"), model.resolve("a.safetensors"), 1), out);
    assertThat(ModelFolders.list(out))
        .containsExactly("README.md", "hfmerge.json", "hfmerge.yaml", "model.safetensors");
    assertThat(merged.notes()).anyMatch(note -> note.contains("no config.json"));
  }

  @Test
  void refusesQuantisedModels() throws IOException {
    Path base = ModelFolders.copy(ModelFolders.golden("llama", "base"), temp.resolve("q"), t -> t);
    Path config = base.resolve("config.json");
    Files.writeString(
        config,
        Files.readString(config).replaceFirst("\\{", "{\"quantization_config\": {\"bits\": 4},"));
    String recipe = Merging.sum(base, ModelFolders.golden("llama", "a"), 1);
    assertThatThrownBy(() -> Merging.merge(recipe, temp.resolve("out")))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("quantization_config");
    assertThat(ModelFolders.list(temp))
        .containsExactly("q/", "q/config.json", "q/model.safetensors");
  }

  private static void assertSameTensors(Path expected, Path actual, String what)
      throws IOException {
    Map<String, StoredTensor> tensors = ModelFolders.read(actual);
    Map<String, StoredTensor> references = ModelFolders.read(expected);
    assertThat(tensors.keySet()).containsExactlyInAnyOrderElementsOf(references.keySet());
    references.forEach((name, reference) -> {
      assertThat(tensors.get(name).spec()).as(what).isEqualTo(reference.spec());
      assertThat(tensors.get(name).bytes()).as("%s: %s", what, name).isEqualTo(reference.bytes());
    });
  }
}
