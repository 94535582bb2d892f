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
  void leavesNothingWhenItFillsUpOnTheWay() throws Exception {
    Workplace place = new Workplace(temp);
    mount(place.outputs, "52m");
    // more than the room that is kept for such files
    try (RandomAccessFile file =
        new RandomAccessFile(place.base.resolve("tokenizer.json").toFile(), "rw")) {
      file.setLength(60_000_000);
    }
    Map<String, String> before = place.state();
    Outcome.of(place.sum())
        .assertRefused(ExitCode.IO, List.of("tokenizer.json", "No space left on device"));
    assertThat(place.state()).isEqualTo(before);
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
