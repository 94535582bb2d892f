package io.hfmerge.hf.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.engine.MergeOptions;
import io.hfmerge.error.HfMergeException;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.NonFiniteOutputException;
import io.hfmerge.error.OutputExistsException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.checksum.Crc32c;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelConverterTest {

  private static final Path FORMATS = Path.of("src/test/resources/golden/formats").toAbsolutePath();

  @TempDir Path temp;

  @ParameterizedTest
  @ValueSource(strings = {"bin-zip", "bin-legacy"})
  void givesExactlyWhatTorchReads(String folder) throws IOException {
    Path out = temp.resolve("out");
    ConvertedModel converted = convert(FORMATS.resolve(folder), out);
    assertThat(ModelFolders.list(out))
        .containsExactly("config.json", "hfmerge.json", "model.safetensors");
    assertSame(read(out), ModelFolders.read(FORMATS.resolve("bin-expected.safetensors")));
    assertThat(out.resolve("config.json"))
        .hasSameBinaryContentAs(FORMATS.resolve(folder).resolve("config.json"));
    assertThat(converted.lines().getFirst()).startsWith(out + ": 53 tensors converted; 108,194 by");
    assertThat(converted.lines()).anyMatch(line -> line.contains("share their data"));
  }

  @Test
  void thereAndBackIsTheSameModel() throws IOException {
    Path bin = temp.resolve("bin");
    Path shards = temp.resolve("shards");
    Path back = temp.resolve("back");
    convert(golden("llama"), bin, WeightFormat.TORCH, Long.MAX_VALUE, null);
    assertThat(ModelFolders.list(bin))
        .containsExactly("config.json", "hfmerge.json", "pytorch_model.bin");
    convert(bin, shards, WeightFormat.TORCH, 60_000, null);
    assertThat(ModelFolders.list(shards))
        .contains("pytorch_model.bin.index.json")
        .hasSizeGreaterThan(3);
    convert(shards, back);
    assertThat(back.resolve("model.safetensors"))
        .hasSameBinaryContentAs(
            convert(golden("llama"), temp.resolve("plain")).folder().resolve("model.safetensors"));
    assertSame(read(back), ModelFolders.read(golden("llama")));
  }

  @Test
  void roundsToAnotherDtypeOnceAndSaysSoInTheConfig() throws IOException {
    Path out = temp.resolve("out");
    ConvertedModel converted =
        convert(FORMATS.resolve("bin-zip"), out, WeightFormat.SAFETENSORS, 1 << 20, DType.BF16);
    Map<String, StoredTensor> before =
        ModelFolders.read(FORMATS.resolve("bin-expected.safetensors"));
    Map<String, StoredTensor> after = read(out);
    assertThat(after).containsOnlyKeys(before.keySet());
    StoredTensor weight = before.get("transformer.wte.weight");
    assertThat(after.get("transformer.wte.weight").bytes())
        .isEqualTo(weight.as(DType.BF16).bytes());
    assertThat(after.get("transformer.half").spec().dtype()).isEqualTo(DType.BF16);
    // buffers stay what they are
    for (String buffer :
        List.of(
            "transformer.h.0.attn.bias", "transformer.h.0.attn.masked_bias", "transformer.bool")) {
      assertThat(after.get(buffer).spec()).isEqualTo(before.get(buffer).spec());
      assertThat(after.get(buffer).bytes()).isEqualTo(before.get(buffer).bytes());
    }
    assertThat(Files.readString(out.resolve("config.json"))).contains("\"dtype\": \"bfloat16\"");
    assertThat(converted.lines()).anyMatch(line -> line.endsWith("narrowed from F32 to BF16"));
  }

  @Test
  void refusesNumbersTooLargeForTheDtype() throws IOException {
    Path folder =
        ModelFolders.write(
            temp.resolve("m"), List.of(StoredTensor.of("w", DType.F32, Shape.of(2), 1, 1e5)));
    assertThatThrownBy(
            () -> convert(folder, temp.resolve("o"), WeightFormat.SAFETENSORS, 100, DType.F16))
        .isInstanceOf(NonFiniteOutputException.class)
        .hasMessageContaining("w: 1 value is NaN or infinite, 1 of them from finite inputs");
    assertThat(ModelFolders.list(temp)).containsExactly("m/", "m/model.safetensors");
  }

  @Test
  void writesATiedWeightOnceUnderTheEmbeddingsName() throws IOException {
    Map<String, StoredTensor> tensors = ModelFolders.read(golden("gpt2"));
    StoredTensor embedding = tensors.get("transformer.wte.weight");
    assertThat(tensors).doesNotContainKey("lm_head.weight");
    List<StoredTensor> both = new ArrayList<>(tensors.values());
    both.add(embedding.named("lm_head.weight"));
    Path doubled = model("doubled", "gpt2", both);
    ConvertedModel converted = convert(doubled, temp.resolve("once"));
    assertSame(read(temp.resolve("once")), tensors);
    assertThat(converted.notes())
        .contains("lm_head.weight: tied, written once as transformer.wte.weight");

    List<StoredTensor> headOnly = new ArrayList<>(tensors.values());
    headOnly.remove(embedding);
    headOnly.add(embedding.named("lm_head.weight"));
    converted = convert(model("head", "gpt2", headOnly), temp.resolve("renamed"));
    assertSame(read(temp.resolve("renamed")), tensors);
    assertThat(converted.notes())
        .contains("lm_head.weight: tied, written as transformer.wte.weight");
  }

  @Test
  void keepsBothWhereTiedNamesHoldOtherValues() throws IOException {
    List<StoredTensor> both = new ArrayList<>(ModelFolders.read(golden("gpt2")).values());
    StoredTensor position = ModelFolders.read(golden("gpt2")).get("transformer.wte.weight");
    byte[] other = position.bytes();
    other[0] ^= 1;
    both.add(new StoredTensor(position.named("lm_head.weight").spec(), other));
    ConvertedModel converted = convert(model("m", "gpt2", both), temp.resolve("out"));
    assertThat(read(temp.resolve("out"))).containsKey("lm_head.weight");
    assertThat(converted.notes()).anyMatch(note -> note.contains("but holds other values"));
  }

  @Test
  void leavesUntiedWeightsAlone() throws IOException {
    Map<String, StoredTensor> tensors = ModelFolders.read(golden("llama"));
    assertThat(tensors).containsKey("lm_head.weight");
    ConvertedModel converted = convert(golden("llama"), temp.resolve("out"));
    assertSame(read(temp.resolve("out")), tensors);
    assertThat(converted.notes()).isEmpty();
  }

  @Test
  void copiesWhatLiesBesideTheWeights() throws IOException {
    Path folder = temp.resolve("m");
    ModelFolders.copy(golden("llama"), folder, tensor -> tensor);
    Files.writeString(folder.resolve("tokenizer.json"), "{}");
    Files.writeString(folder.resolve("README.md"), "card");
    Files.writeString(folder.resolve("pytorch_model.bin"), "not read");
    ConvertedModel converted = convert(folder, temp.resolve("out"));
    assertThat(ModelFolders.list(temp.resolve("out")))
        .containsExactly(
            "README.md", "config.json", "hfmerge.json", "model.safetensors", "tokenizer.json");
    assertThat(converted.lines())
        .contains("copied beside it: README.md, tokenizer.json")
        .anyMatch(line -> line.contains("read model.safetensors, not pytorch_model.bin"));
  }

  @Test
  void followsNoLinkOutOfTheFolder() throws IOException {
    Path folder = temp.resolve("m");
    ModelFolders.copy(golden("llama"), folder, tensor -> tensor);
    Path secret = Files.writeString(temp.resolve("secret"), "mine");
    Files.createSymbolicLink(folder.resolve("tokenizer.json"), secret);
    assertThatThrownBy(() -> convert(folder, temp.resolve("out")))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("tokenizer.json");
    assertThat(ModelFolders.list(temp)).doesNotContain("out/").noneMatch(f -> f.startsWith("."));
  }

  @Test
  void refusesATargetThatExistsOrLiesInTheInput() throws IOException {
    Path folder = temp.resolve("m");
    ModelFolders.copy(golden("llama"), folder, tensor -> tensor);
    assertThatThrownBy(() -> convert(folder, folder)).isInstanceOf(OutputExistsException.class);
    assertThatThrownBy(() -> convert(folder, folder.resolve("out")))
        .isInstanceOf(OutputExistsException.class);
    Path there = Files.createDirectory(temp.resolve("there"));
    Files.writeString(there.resolve("config.json"), "{}");
    assertThatThrownBy(() -> convert(folder, there)).isInstanceOf(OutputExistsException.class);
  }

  @Test
  void refusesQuantisedWeightsOnlyWhereTheDtypeChanges() throws IOException {
    Path folder = temp.resolve("m");
    ModelFolders.write(folder, List.of(StoredTensor.of("w", DType.F32, Shape.of(2), 1, 2)));
    Files.writeString(folder.resolve("config.json"), "{\"quantization_config\": {}}");
    assertThatThrownBy(
            () -> convert(folder, temp.resolve("o"), WeightFormat.SAFETENSORS, 100, DType.F16))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("quantization_config");
    assertThat(convert(folder, temp.resolve("out")).report().tensorsCopied()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"os-system.bin", "eval-raw.bin"})
  void leavesNothingOfAHostileFile(String file) {
    assertThatThrownBy(
            () -> convert(FORMATS.resolve("hostile-pickles").resolve(file), temp.resolve("out")))
        .isInstanceOf(HfMergeException.class);
    assertThat(temp).isEmptyDirectory();
  }

  @ParameterizedTest
  @CsvSource({"SAFETENSORS, 1000000", "SAFETENSORS, 60000", "TORCH, 1000000", "TORCH, 60000"})
  void listsWhatItWroteForVerification(WeightFormat format, long maxShardBytes) throws IOException {
    Path out = temp.resolve("out");
    convert(golden("llama"), out, format, maxShardBytes, null);
    Manifest manifest = Manifest.read(out);
    assertThat(manifest.files().keySet())
        .containsExactlyElementsOf(
            FolderFiles.list(out).keySet().stream().filter(f -> !f.equals(Manifest.FILE)).toList());
    assertThat(manifest.inputs())
        .singleElement()
        .satisfies(input -> {
          assertThat(input.reference()).isEqualTo(golden("llama").toString());
          assertThat(input.files())
              .extracting(file -> file.path().getFileName().toString())
              .containsExactly("model.safetensors", "config.json");
        });
    Map<String, StoredTensor> tensors = ModelFolders.read(golden("llama"));
    assertThat(manifest.tensors()).containsOnlyKeys(tensors.keySet());
    manifest
        .tensors()
        .forEach((name, entry) ->
            assertThat(entry.checksum())
                .isEqualTo(Crc32c.of(ByteBuffer.wrap(tensors.get(name).bytes()))));
    assertThat(Files.readString(out.resolve(Manifest.FILE)))
        .contains(
            "\"conversion\": {",
            "\"format\": \"" + format.name().toLowerCase(Locale.ROOT),
            "\"copied_from\": \"" + golden("llama"));
    Verification verification = verify(out);
    assertThat(verification.findings()).isEmpty();
    assertThat(verification.tensors()).isEqualTo(tensors.size());

    Path file =
        out.resolve(
            manifest.files().keySet().stream()
                .filter(name -> name.matches(".*\\.(bin|safetensors)"))
                .findFirst()
                .orElseThrow());
    byte[] bytes = Files.readAllBytes(file);
    int inData = bytes.length / 2;
    bytes[inData] ^= 1;
    Files.write(file, bytes);
    assertThat(verify(out).findings())
        .singleElement()
        .satisfies(finding ->
            assertThat(finding.where()).matches("tensor \".*\" in " + file.getFileName()));
    bytes[inData] ^= 1;
    // a date of the archive, or the metadata
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    bytes[format == WeightFormat.TORCH ? 13 : text.indexOf("\"pt\"") + 1] ^= 1;
    Files.write(file, bytes);
    assertThat(verify(out).findings())
        .singleElement()
        .satisfies(
            finding -> assertThat(finding.where()).isEqualTo("header of " + file.getFileName()));
  }

  @Test
  void recordsSha256OnRequest() throws IOException {
    Path out = temp.resolve("out");
    new ModelConverter(HfModels.load())
        .convert(
            golden("llama").toString(),
            out,
            new ConversionSettings(
                new MergeSettings(MergeOptions.ofThreads(2), false, 1 << 20, "test")
                    .withSha256(true),
                WeightFormat.SAFETENSORS,
                Optional.empty()),
            ProgressListener.NONE);
    assertThat(Manifest.read(out).files().values()).allMatch(file -> file.sha256().isPresent());
    assertThat(ModelVerifier.verify(out, 2, true, Optional.empty(), ProgressListener.NONE).notes())
        .noneMatch(note -> note.contains("SHA-256"));
  }

  private static Verification verify(Path folder) throws IOException {
    return ModelVerifier.verify(folder, 2, false, Optional.empty(), ProgressListener.NONE);
  }

  @Test
  void plansWithoutWriting() throws IOException {
    assertThat(
            new ModelConverter(HfModels.load())
                .describePlan(
                    FORMATS.resolve("bin-zip").toString(),
                    settings(WeightFormat.SAFETENSORS, 1 << 20, DType.F16)))
        .startsWith("convert of 1 checkpoint: 0 tensors merged, 53 copied")
        .anySatisfy(line -> assertThat(line).startsWith("copied from ").contains("from F32"))
        .anySatisfy(line -> assertThat(line).startsWith("copied from ").contains("byte for byte"));
    assertThat(temp).isEmptyDirectory();
  }

  private static Path golden(String family) {
    return ModelFolders.golden(family, "base");
  }

  private Path model(String name, String family, List<StoredTensor> tensors) throws IOException {
    Path folder = ModelFolders.write(temp.resolve(name), tensors);
    Files.copy(golden(family).resolve("config.json"), folder.resolve("config.json"));
    return folder;
  }

  private static ConvertedModel convert(Path model, Path out) throws IOException {
    return convert(model, out, WeightFormat.SAFETENSORS, Long.MAX_VALUE, null);
  }

  private static ConvertedModel convert(
      Path model, Path out, WeightFormat format, long maxShardBytes, DType dtype)
      throws IOException {
    return new ModelConverter(HfModels.load())
        .convert(
            model.toString(), out, settings(format, maxShardBytes, dtype), ProgressListener.NONE);
  }

  private static ConversionSettings settings(WeightFormat format, long maxShardBytes, DType dtype) {
    return new ConversionSettings(
        new MergeSettings(MergeOptions.ofThreads(2), false, maxShardBytes, "test"),
        format,
        Optional.ofNullable(dtype));
  }

  private static Map<String, StoredTensor> read(Path folder) throws IOException {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    try (HfModel model = HfModels.open(folder.toString())) {
      for (TensorSpec spec : model.checkpoint().tensors()) {
        byte[] bytes = new byte[Math.toIntExact(spec.sizeBytes())];
        model.checkpoint().read(spec.name(), 0, MemorySegment.ofArray(bytes));
        tensors.put(spec.name(), new StoredTensor(spec, bytes));
      }
    }
    return tensors;
  }

  private static void assertSame(
      Map<String, StoredTensor> actual, Map<String, StoredTensor> expected) {
    assertThat(actual).containsOnlyKeys(expected.keySet());
    expected.forEach((name, tensor) -> {
      assertThat(actual.get(name).spec()).isEqualTo(tensor.spec());
      assertThat(actual.get(name).bytes()).as(name).isEqualTo(tensor.bytes());
    });
  }
}
