package io.hfmerge.hf.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.OutputExistsException;
import io.hfmerge.hf.testing.ModelFolders;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StagedFolderTest {

  @TempDir Path temp;

  private Path target;

  @BeforeEach
  void setUp() {
    target = temp.resolve("out");
  }

  @Test
  void appearsWhole() throws IOException {
    try (StagedFolder staged = StagedFolder.create(target, false)) {
      fill(staged);
      assertThat(target).doesNotExist();
      assertThat(staged.path().getParent()).isEqualTo(temp);
      staged.publish();
    }
    assertThat(ModelFolders.list(temp))
        .containsExactly("out/", "out/1_Pooling/", "out/1_Pooling/config.json", "out/new");
  }

  @Test
  void leavesNothingWhenItIsNotPublished() throws IOException {
    try (StagedFolder staged = StagedFolder.create(target, false)) {
      fill(staged);
    }
    assertThat(ModelFolders.list(temp)).isEmpty();
  }

  @Test
  void leavesNothingWhenTheWorkFails() {
    assertThatThrownBy(
            () -> {
              try (StagedFolder staged = StagedFolder.create(target, false)) {
                fill(staged);
                throw new IOException("disk full");
              }
            })
        .hasMessage("disk full");
    assertThat(temp).isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(strings = {"file", "folder", "model", "dangling link"})
  void refusesWhateverIsThere(String kind) throws IOException {
    switch (kind) {
      case "file" -> Files.writeString(target, "x");
      case "folder" -> Files.createDirectory(target);
      case "model" -> model();
      default -> Files.createSymbolicLink(target, temp.resolve("nowhere"));
    }
    Map<String, String> before = stateOf(kind);
    assertThatThrownBy(() -> StagedFolder.create(target, false))
        .isInstanceOf(OutputExistsException.class)
        .hasMessageContaining(target.toString())
        .hasMessageContaining("--force");
    assertThat(stateOf(kind)).isEqualTo(before);
  }

  private Map<String, String> stateOf(String kind) throws IOException {
    return kind.equals("dangling link") ? Map.of() : ModelFolders.snapshot(temp);
  }

  @Test
  void replacesAModelOnceTheNewOneIsComplete() throws IOException {
    model();
    try (StagedFolder staged = StagedFolder.create(target, true)) {
      fill(staged);
      assertThat(target.resolve("model.safetensors")).exists();
      staged.publish();
    }
    assertThat(ModelFolders.list(temp))
        .containsExactly("out/", "out/1_Pooling/", "out/1_Pooling/config.json", "out/new");
  }

  @Test
  void replacesAnEmptyFolderAndItsOwnOutput() throws IOException {
    Files.createDirectory(target);
    for (int i = 0; i < 2; i++) {
      try (StagedFolder staged = StagedFolder.create(target, true)) {
        fill(staged);
        Files.writeString(staged.path().resolve("config.json"), "{}");
        staged.publish();
      }
    }
    assertThat(target.resolve("new")).exists();
  }

  @Test
  void keepsTheOldModelWhenTheNewOneFails() throws IOException {
    model();
    Map<String, String> before = ModelFolders.snapshot(target);
    try (StagedFolder staged = StagedFolder.create(target, true)) {
      fill(staged);
    }
    assertThat(ModelFolders.snapshot(target)).isEqualTo(before);
    assertThat(temp.toFile().list()).containsExactly("out");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"file", "photos", "git checkout", "project with a config.json", "link to a model"})
  void replacesNothingButModelFolders(String kind) throws IOException {
    switch (kind) {
      case "file" -> Files.writeString(target, "x");
      case "photos" -> Files.writeString(Files.createDirectory(target).resolve("a.jpg"), "x");
      case "git checkout" -> {
        model();
        Files.createDirectory(target.resolve(".git"));
      }
      case "project with a config.json" -> {
        model();
        Files.writeString(
            Files.createDirectories(target.resolve("src/main")).resolve("App.java"), "x");
      }
      default -> {
        model();
        Files.move(target, temp.resolve("real"));
        Files.createSymbolicLink(target, temp.resolve("real"));
      }
    }
    Map<String, String> before = ModelFolders.snapshot(temp);
    assertThatThrownBy(() -> StagedFolder.create(target, true))
        .isInstanceOf(OutputExistsException.class)
        .hasMessageContaining("expected a model folder to replace")
        .hasMessageContaining("delete it yourself");
    assertThat(ModelFolders.snapshot(temp)).isEqualTo(before);
  }

  @Test
  void refusesATargetThatAppearsMeanwhile() throws IOException {
    try (StagedFolder staged = StagedFolder.create(target, false)) {
      fill(staged);
      model();
      assertThatThrownBy(staged::publish).isInstanceOf(OutputExistsException.class);
    }
    assertThat(ModelFolders.list(temp)).containsExactly("out/", "out/model.safetensors");
  }

  @Test
  void refusesAReplacementThatIsNoModelAnyMore() throws IOException {
    model();
    try (StagedFolder staged = StagedFolder.create(target, true)) {
      fill(staged);
      Files.createDirectory(target.resolve(".git"));
      assertThatThrownBy(staged::publish).isInstanceOf(OutputExistsException.class);
    }
    assertThat(target.resolve("model.safetensors")).exists();
    assertThat(temp.toFile().list()).containsExactly("out");
  }

  @Test
  void oneOfTwoConcurrentWritersWins() throws IOException {
    try (StagedFolder first = StagedFolder.create(target, false);
        StagedFolder second = StagedFolder.create(target, false)) {
      assertThat(first.path()).isNotEqualTo(second.path());
      fill(first);
      first.publish();
      assertThatThrownBy(second::publish).isInstanceOf(OutputExistsException.class);
    }
    assertThat(temp.toFile().list()).containsExactly("out");
  }

  @Test
  void needsAParentAndAName() {
    assertThatThrownBy(() -> StagedFolder.create(temp.resolve("no/out"), false))
        .isInstanceOf(IOException.class)
        .hasMessage(temp.resolve("no") + ": no such folder; create it first");
    assertThatThrownBy(() -> StagedFolder.create(Path.of("/"), true))
        .isInstanceOf(OutputExistsException.class)
        .hasMessageContaining("root");
    assertThat(temp).isEmptyDirectory();
  }

  @Test
  void leavesNothingWhenTheProcessIsStopped() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Stopped.class.getName(),
                target.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader out = process.inputReader()) {
      assertThat(out.readLine()).isEqualTo("staged");
      assertThat(temp.toFile().list()).singleElement().asString().startsWith(".out.hfmerge-");
      process.destroy();
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(temp).isEmptyDirectory();
  }

  /** Stages a folder and goes on writing into it. */
  static final class Stopped {

    public static void main(String[] arguments) throws Exception {
      try (StagedFolder staged = StagedFolder.create(Path.of(arguments[0]), false)) {
        fill(staged);
        System.out.println("staged");
        for (int i = 0; i < 30_000; i++) {
          Thread.sleep(1);
          Files.writeString(staged.path().resolve("file" + i % 100), "x");
        }
      }
    }
  }

  private void model() throws IOException {
    Files.writeString(Files.createDirectory(target).resolve("model.safetensors"), "old");
  }

  private static void fill(StagedFolder staged) throws IOException {
    Files.writeString(staged.path().resolve("new"), "new");
    Path inner = Files.createDirectory(staged.path().resolve("1_Pooling"));
    Files.writeString(inner.resolve("config.json"), "{}");
  }
}
