package io.hfmerge.hf.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.OpenOptions;
import io.hfmerge.hf.safetensors.SafetensorsCheckpoint;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.hf.testing.TestHub;
import io.hfmerge.hf.testing.TestHub.Request;
import io.hfmerge.hf.torchbin.TorchWriter;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights that are read from the Hub by ranges. */
class StreamedModelTest {

  private static final Path FORMATS = ModelFolders.GOLDEN.resolve("formats").toAbsolutePath();

  private static final OpenOptions STREAM = OpenOptions.DEFAULT.withStream(true);

  @TempDir Path temp;
  private HubFixture fixture;
  private TestHub hub;

  @BeforeEach
  void start() throws IOException {
    fixture = new HubFixture(temp);
    hub = fixture.hub;
  }

  @AfterEach
  void stop() {
    fixture.close();
  }

  /** A model whose files are larger than several chunks. */
  private Path large(long maxShardBytes) throws IOException {
    Random random = new Random(11);
    List<StoredTensor> tensors = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      byte[] bytes = new byte[4 * (1_500_000 + 1000 * i)];
      random.nextBytes(bytes);
      tensors.add(
          new StoredTensor(new TensorSpec("t" + i, DType.F32, Shape.of(bytes.length / 4)), bytes));
    }
    return ModelFolders.write(temp.resolve("large"), tensors, maxShardBytes);
  }

  private static void assertSame(Checkpoint expected, Checkpoint actual, Random random)
      throws IOException {
    assertThat(actual.tensors()).containsExactlyInAnyOrderElementsOf(expected.tensors());
    for (TensorSpec tensor : expected.tensors()) {
      assertThat(actual.mapped(tensor.name())).isEmpty();
      long offset = random.nextLong(tensor.sizeBytes());
      assertSame(expected, actual, tensor, offset, tensor.sizeBytes() - offset);
      assertSame(expected, actual, tensor, 0, Math.min(tensor.sizeBytes(), 1000));
      assertSame(expected, actual, tensor, 0, tensor.sizeBytes());
    }
  }

  private static void assertSame(
      Checkpoint expected, Checkpoint actual, TensorSpec tensor, long offset, long length)
      throws IOException {
    MemorySegment one = MemorySegment.ofArray(new byte[(int) length]);
    MemorySegment two = MemorySegment.ofArray(new byte[(int) length]);
    expected.read(tensor.name(), offset, one);
    actual.read(tensor.name(), offset, two);
    assertThat(one.mismatch(two)).isEqualTo(-1);
  }

  @Test
  void readsTheSameBytesAndKeepsOnlySmallFiles() throws IOException {
    Path golden = ModelFolders.golden("llama", "a");
    String commit = hub.commit("org/llama", golden);
    try (HfModel model = fixture.hfModels(STREAM).openModel("org/llama");
        HfModel local = HfModels.open(golden.toString())) {
      assertThat(model.structure().modelType()).isEqualTo("llama");
      assertThat(model.location().revision()).contains(commit);
      assertThat(model.checkpoint().metadata()).isEqualTo(local.checkpoint().metadata());
      assertSame(local.checkpoint(), model.checkpoint(), new Random(1));
    }
    assertThat(fixture.state().keySet()).noneMatch(name -> name.endsWith(".safetensors"));
    assertThat(fixture.state())
        .containsKey("models--org--llama/snapshots/" + commit + "/config.json");
  }

  @Test
  void readsShardsByManyThreads() throws Exception {
    Path folder = large(20_000_000);
    hub.commit("org/large", folder);
    try (HfModel model = fixture.hfModels(STREAM).openModel("org/large");
        SafetensorsCheckpoint local =
            SafetensorsCheckpoint.openIndex("x", folder.resolve("model.safetensors.index.json"))) {
      List<Callable<Object>> readers = new ArrayList<>();
      for (int seed = 0; seed < 6; seed++) {
        Random random = new Random(seed);
        readers.add(() -> {
          assertSame(local, model.checkpoint(), random);
          return model;
        });
      }
      try (ExecutorService threads = Executors.newFixedThreadPool(readers.size())) {
        for (Future<Object> reader : threads.invokeAll(readers)) {
          reader.get();
        }
      }
    }
  }

  @Test
  void fetchesEachByteOnceWhenItIsReadThroughOnce() throws IOException {
    Path folder = large(1_000_000_000);
    hub.commit("org/large", folder);
    try (HfModel model = fixture.hfModels(STREAM).openModel("org/large")) {
      assertThat(hub.requests()).filteredOn(Request::storage).hasSize(1);
      for (TensorSpec tensor : model.checkpoint().tensors()) {
        for (long at = 0; at < tensor.sizeBytes(); at += 1 << 20) {
          long length = Math.min(1 << 20, tensor.sizeBytes() - at);
          model.checkpoint().read(tensor.name(), at, MemorySegment.ofArray(new byte[(int) length]));
        }
      }
    }
    long chunks =
        Math.ceilDiv(Files.size(folder.resolve("model.safetensors")), RangeCache.CHUNK_BYTES);
    assertThat(hub.requests())
        .filteredOn(Request::storage)
        .hasSize((int) chunks + 1)
        .extracting(request -> request.range().orElse(""))
        .doesNotHaveDuplicates();
    // the storage's address is asked for once
    assertThat(hub.requests())
        .filteredOn(request -> request.path().contains("model.safetensors"))
        .hasSizeLessThanOrEqualTo(1);
  }

  @Test
  void goesOnAfterCutsAndExpiredAddresses() throws IOException {
    Path folder = large(1_000_000_000);
    hub.commit("org/large", folder);
    Random random = new Random(5);
    hub.delivery((exchange, content, begin, end, ranged) -> {
      if (random.nextBoolean()) {
        TestHub.cut(exchange, content, begin, end, ranged, random.nextInt(end - begin));
      } else {
        TestHub.deliver(exchange, content, begin, end, ranged);
      }
    });
    hub.answer(Request::storage, 3, TestHub.status(403));
    try (HfModel model = fixture.hfModels(STREAM).openModel("org/large");
        SafetensorsCheckpoint local =
            SafetensorsCheckpoint.openFile("x", folder.resolve("model.safetensors"))) {
      assertSame(local, model.checkpoint(), random);
    }
  }

  @Test
  void readsWhatIsInTheCacheFromThere() throws IOException {
    hub.commit("org/llama", ModelFolders.golden("llama", "a"));
    fixture.fetch("org/llama");
    hub.forgetRequests();
    try (HfModel model = fixture.hfModels(STREAM).openModel("org/llama")) {
      assertThat(model.checkpoint().files()).hasSize(1);
    }
    assertThat(hub.requests()).noneMatch(Request::storage);
  }

  @Test
  void refusesServersWithoutRangesAndTheOlderFormatOfPyTorch() throws IOException {
    Map<String, byte[]> files = new LinkedHashMap<>(TestHub.files(large(1_000_000_000)));
    hub.commit("org/large", files);
    hub.delivery((exchange, content, begin, end, ranged) ->
        TestHub.deliver(exchange, content, 0, content.length, false));
    assertThatThrownBy(() -> fixture.hfModels(STREAM).openModel("org/large"))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("sends files only whole; leave --stream out");
    hub.delivery(TestHub::deliver);
    hub.commit("org/legacy", FORMATS.resolve("bin-legacy"));
    assertThatThrownBy(() -> fixture.hfModels(STREAM).openModel("org/legacy"))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("/org/legacy/resolve/")
        .hasMessageContaining("found the older one; leave --stream out");
    hub.commit("org/junk", Map.of("pytorch_model.bin", new byte[100]));
    assertThatThrownBy(() -> fixture.hfModels(STREAM).openModel("org/junk"))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("expected a file of torch.save");
  }

  @Test
  void readsFilesOfPyTorch() throws IOException {
    hub.commit("org/bin", FORMATS.resolve("bin-zip"));
    Map<String, StoredTensor> expected =
        ModelFolders.read(FORMATS.resolve("bin-expected.safetensors"));
    try (HfModel model = fixture.hfModels(STREAM).openModel("org/bin")) {
      assertThat(model.structure().modelType()).isEqualTo("gpt2");
      assertThat(model.notes()).anyMatch(note -> note.contains("share their data"));
      assertThat(model.checkpoint().tensors()).hasSameSizeAs(expected.keySet());
      for (TensorSpec tensor : model.checkpoint().tensors()) {
        byte[] bytes = new byte[(int) tensor.sizeBytes()];
        model.checkpoint().read(tensor.name(), 0, MemorySegment.ofArray(bytes));
        assertThat(bytes).as(tensor.name()).isEqualTo(expected.get(tensor.name()).bytes());
      }
    }
    assertThat(fixture.state().keySet()).noneMatch(name -> name.endsWith(".bin"));
  }

  @Test
  void readsShardsOfPyTorchAndOfThemOnlyWhatItNeeds() throws IOException {
    Path folder = Files.createDirectory(temp.resolve("torch"));
    Path source = large(1_000_000_000);
    Map<String, StoredTensor> tensors = ModelFolders.read(source);
    List<TensorSpec> specs = tensors.values().stream().map(StoredTensor::spec).toList();
    try (TorchWriter writer = TorchWriter.create(folder, specs, 20_000_000)) {
      for (StoredTensor tensor : tensors.values()) {
        writer.write(tensor.name(), 0, MemorySegment.ofArray(tensor.bytes()));
      }
      writer.finish();
    }
    hub.commit("org/large", folder);
    try (HfModel model = fixture.hfModels(STREAM).openModel("org/large");
        SafetensorsCheckpoint local =
            SafetensorsCheckpoint.openFile("x", source.resolve("model.safetensors"))) {
      // of each of three files the beginning and the chunk with the directory
      assertThat(hub.requests()).filteredOn(Request::storage).hasSizeLessThanOrEqualTo(2 * 3);
      assertSame(local, model.checkpoint(), new Random(4));
    }
  }

  @Test
  void refusesAnAbsurdHeader() throws IOException {
    byte[] absurd = "version https://git-lfs.github.com".getBytes(StandardCharsets.UTF_8);
    hub.commit("org/x", Map.of("model.safetensors", absurd));
    assertThatThrownBy(() -> fixture.hfModels(STREAM).openModel("org/x"))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("/org/x/resolve/")
        .hasMessageContaining("expected a header of at most 25000000 bytes");
  }

  @Test
  void stopsReadingWhenItIsCancelledOrClosed() throws IOException {
    hub.commit("org/large", large(1_000_000_000));
    AtomicBoolean cancelled = new AtomicBoolean();
    HfModel model =
        fixture.hfModels(STREAM.withCancellation(cancelled::get)).openModel("org/large");
    TensorSpec tensor = model.checkpoint().tensors().getFirst();
    MemorySegment target = MemorySegment.ofArray(new byte[1_000_000]);
    cancelled.set(true);
    assertThatThrownBy(() -> model.checkpoint().read(tensor.name(), 2_000_000, target))
        .isInstanceOf(CancellationException.class);
    model.close();
    assertThatThrownBy(() -> model.checkpoint().read(tensor.name(), 2_000_000, target))
        .isInstanceOf(IllegalStateException.class);
  }
}
