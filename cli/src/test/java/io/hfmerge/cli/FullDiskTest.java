package io.hfmerge.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Writes to a file system of a few megabytes, where the machine lets a test mount one. */
@EnabledOnOs(OS.LINUX)
class FullDiskTest {

  @TempDir Path temp;

  private Path mounted;

  @Test
  void isSeenBeforeAnythingIsWritten() throws Exception {
    Workplace place = new Workplace(temp);
    mount(place.outputs, "1m");
    Map<String, String> before = place.state();
    Outcome.of(place.sum())
        .assertRefused(ExitCode.IO, List.of(place.outputs + ": the output needs", "has 1,0"));
    assertThat(place.state()).isEqualTo(before);
  }

  @Test
  void leavesNothingWhenItFillsUpAfterALittleWork() throws Exception {
    Workplace place = new Workplace(temp);
    mount(place.outputs, "52m");
    large(place.base.resolve("merges.txt"));
    Map<String, String> before = place.state();
    Outcome.of(place.sum())
        .assertRefused(ExitCode.IO, List.of("merges.txt", "No space left on device"));
    assertThat(place.state()).isEqualTo(before);
  }

  @Test
  void keepsMuchWorkToBeContinuedOnceThereIsRoom() throws Exception {
    Workplace place = new Workplace(temp);
    Path base = model(place.inputs.resolve("large"), 1);
    Path a = model(place.inputs.resolve("tuned"), 2);
    String[] sum = place.sumOf(base, a.toString());
    Outcome.of(sum).assertDone();
    Map<String, byte[]> expected = contents(place.out);
    Outcome.of(place.sumOf(base, a.toString(), "--dry-run")).assertDone();

    mount(place.outputs, "56m");
    large(base.resolve("merges.txt"));
    Outcome.of(sum)
        .assertRefused(
            ExitCode.IO,
            List.of(
                "merges.txt",
                "No space left on device",
                "kept in " + place.outputs.resolve(".out.hfmerge"),
                "--resume",
                "discard"));
    assertThat(place.out).doesNotExist();
    Files.delete(base.resolve("merges.txt"));
    assumeTrue(
        run("mount", "-o", "remount,size=120m", place.outputs.toString()), "may not remount");

    Outcome resumed = Outcome.of(place.sumOf(base, a.toString(), "--resume"));
    assertThat(resumed.code()).isZero();
    assertThat(resumed.err()).isEqualTo("continuing: 3 of 3 tensors are complete\n");
    assertThat(resumed.out()).contains("3 tensors merged", " 0 written");
    assertThat(Workplace.list(place.outputs)).containsExactly("out");
    assertThat(contents(place.out)).containsOnlyKeys(expected.keySet());
    expected.forEach((name, bytes) -> assertThat(place.out.resolve(name)).hasBinaryContent(bytes));
    Outcome.of("verify", place.out.toString()).assertDone();
  }

  @Test
  void fillsUpInTheMiddleOfTheWeights() throws Exception {
    Workplace place = new Workplace(temp);
    Path base = model(place.inputs.resolve("large"), 1, 8);
    Path a = model(place.inputs.resolve("tuned"), 2, 8);
    mount(place.outputs, "86m");
    Path filler = place.outputs.resolve("filler");
    String[] sum = place.sumOf(base, a.toString(), "--resume", "--threads", "1");
    // the room is there when it is looked for, and taken away when the work has begun
    try (RandomAccessFile taken = new RandomAccessFile(filler.toFile(), "rw")) {
      Thread taker =
          Thread.ofPlatform()
              .start(() -> {
                Path weights = place.outputs.resolve(".out.hfmerge/model/model.safetensors");
                byte[] block = new byte[1 << 20];
                try {
                  while (!hasValues(weights)) {
                    Thread.onSpinWait();
                  }
                  while (true) {
                    taken.write(block);
                  }
                } catch (IOException e) {
                  // full
                }
              });
      Outcome outcome = Outcome.of(sum);
      taker.join();
      assumeTrue(outcome.code() != 0, "the merge was faster than the disk was full");
      assertThat(outcome.code()).as(outcome.err()).isEqualTo(ExitCode.IO.code());
      assertThat(outcome.err()).contains("No space left on device");
      assertThat(place.out).doesNotExist();
    }
    Files.delete(filler);
    assertThat(Outcome.of(sum).code()).isZero();
    Outcome.of("verify", place.out.toString()).assertDone();
  }

  /** Whether elements were written, of which none is zero: the disk had room before. */
  private static boolean hasValues(Path weights) throws IOException {
    if (!Files.exists(weights)) {
      return false;
    }
    try (RandomAccessFile file = new RandomAccessFile(weights.toFile(), "r")) {
      file.seek(1 << 16);
      return file.read() > 0;
    }
  }

  /** More than the room that is kept for such files. */
  private static void large(Path file) throws IOException {
    try (RandomAccessFile large = new RandomAccessFile(file.toFile(), "rw")) {
      large.setLength(60_000_000);
    }
  }

  /** Three tensors of a megabyte and more. */
  private static Path model(Path folder, int fill) throws IOException {
    return model(folder, fill, 1);
  }

  /** Three tensors of some megabytes each. */
  private static Path model(Path folder, int fill, int megabytes) throws IOException {
    Files.createDirectory(folder);
    List<TensorSpec> tensors =
        List.of(
            new TensorSpec("a", DType.BF16, Shape.of(700L * megabytes, 1000)),
            new TensorSpec("b", DType.BF16, Shape.of(600L * megabytes, 1000)),
            new TensorSpec("c", DType.BF16, Shape.of(500L * megabytes, 1000)));
    try (SafetensorsWriter writer = SafetensorsWriter.create(folder, tensors, Long.MAX_VALUE)) {
      for (TensorSpec tensor : tensors) {
        byte[] bytes = new byte[Math.toIntExact(tensor.sizeBytes())];
        java.util.Arrays.fill(bytes, (byte) fill);
        writer.write(tensor.name(), 0, MemorySegment.ofArray(bytes));
      }
      writer.finish();
    }
    return folder;
  }

  private static Map<String, byte[]> contents(Path folder) throws IOException {
    Map<String, byte[]> contents = new TreeMap<>();
    for (String name : Workplace.list(folder)) {
      contents.put(name, Files.readAllBytes(folder.resolve(name)));
    }
    return contents;
  }

  @Test
  void isToldWithTheFileThatCouldNotBeWritten() throws Exception {
    Path folder = Files.createDirectory(temp.resolve("small"));
    mount(folder, "1m");
    TensorSpec large = new TensorSpec("large", DType.U8, Shape.of(2 << 20));
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(folder, List.of(large), Long.MAX_VALUE)) {
      MemorySegment data = MemorySegment.ofArray(new byte[2 << 20]);
      assertThatThrownBy(() -> writer.write("large", 0, data))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith(folder.resolve("model.safetensors") + ": at byte ")
          .hasMessageEndingWith("No space left on device");
    }
  }

  private void mount(Path folder, String size) throws IOException, InterruptedException {
    assumeTrue(
        run("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", folder.toString()),
        "may not mount a file system");
    mounted = folder;
  }

  @AfterEach
  void unmount() throws IOException, InterruptedException {
    if (mounted != null) {
      assertThat(run("umount", mounted.toString())).isTrue();
    }
  }

  private static boolean run(String... command) throws IOException, InterruptedException {
    Path mount = Path.of("/bin").resolve(command[0]);
    assumeTrue(Files.isExecutable(mount), "has no " + mount);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getInputStream().readAllBytes();
    return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
  }
}
