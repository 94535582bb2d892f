package io.hfmerge.hf.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.UnfinishedMergeException;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.progress.ProgressListener;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MergeWorkspaceTest {

  @TempDir Path temp;

  private Path target;

  @BeforeEach
  void chooseTarget() {
    target = temp.resolve("out");
  }

  private MergeWorkspace open() throws IOException {
    return MergeWorkspace.open(target, ProgressListener.NONE);
  }

  private static void fill(MergeWorkspace workspace) throws IOException {
    Files.createDirectories(workspace.model());
    Files.writeString(workspace.model().resolve("model.safetensors"), "new");
    Files.writeString(workspace.journal(), "journal");
  }

  @Test
  void becomesTheTargetAndLeavesNothingElse() throws IOException {
    try (MergeWorkspace workspace = open()) {
      assertThat(workspace.folder()).isEqualTo(temp.resolve(".out.hfmerge"));
      assertThat(workspace.holdsWork()).isFalse();
      fill(workspace);
      workspace.publish(false);
    }
    assertThat(ModelFolders.list(temp)).containsExactly("out/", "out/model.safetensors");
  }

  @Test
  void leavesNothingUnlessItIsKept() throws IOException {
    try (MergeWorkspace workspace = open()) {
      fill(workspace);
    }
    assertThat(temp).isEmptyDirectory();
    try (MergeWorkspace workspace = open()) {
      fill(workspace);
      workspace.keep();
    }
    try (MergeWorkspace workspace = open()) {
      assertThat(workspace.holdsWork()).isTrue();
      assertThat(workspace.journal()).hasContent("journal");
      workspace.clear();
      assertThat(workspace.holdsWork()).isFalse();
      assertThat(workspace.journal()).doesNotExist();
    }
    assertThat(temp).isEmptyDirectory();
  }

  @Test
  void isHeldByOneAtATime() throws IOException {
    try (MergeWorkspace first = open()) {
      fill(first);
      assertThatThrownBy(this::open)
          .isInstanceOf(UnfinishedMergeException.class)
          .hasMessageContaining(first.folder().toString())
          .hasMessageContaining("process " + ProcessHandle.current().pid());
      assertThat(first.model().resolve("model.safetensors")).hasContent("new");
    }
    open().close();
    assertThat(temp).isEmptyDirectory();
  }

  @Test
  void isHeldByALivingProcessAndFreeOnceThatIsKilled() throws Exception {
    Process process = start("kept");
    try (BufferedReader out = process.inputReader()) {
      assertThat(out.readLine()).isEqualTo("ready");
      assertThatThrownBy(this::open)
          .isInstanceOf(UnfinishedMergeException.class)
          .hasMessageContaining("process " + process.pid());
      process.destroyForcibly();
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }
    try (MergeWorkspace workspace = open()) {
      assertThat(workspace.holdsWork()).isTrue();
    }
  }

  @Test
  void isDeletedWhenTheProcessIsStoppedUnlessItIsKept() throws Exception {
    for (String mode : new String[] {"kept", "not kept"}) {
      Process process = start(mode);
      try (BufferedReader out = process.inputReader()) {
        assertThat(out.readLine()).isEqualTo("ready");
        // its own destroy() would close the stream that is still to be read
        process.toHandle().destroy();
        String told = out.readLine();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        if (mode.equals("kept")) {
          assertThat(told).startsWith("stopped; what was merged so far is kept in " + temp);
          assertThat(temp.resolve(".out.hfmerge/model/model.safetensors")).exists();
        } else {
          assertThat(told).isNull();
          assertThat(temp).isEmptyDirectory();
        }
      }
      StagedFolder.delete(temp);
      Files.createDirectory(temp);
    }
  }

  private Process start(String mode) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            Holder.class.getName(),
            target.toString(),
            mode)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  /** Holds a workspace until it is stopped. */
  static final class Holder {

    public static void main(String[] arguments) throws Exception {
      ProgressListener listener =
          new ProgressListener() {
            @Override
            public void started(String task, long totalBytes) {}

            @Override
            public void advanced(long bytes) {}

            @Override
            public void notice(String line) {
              System.out.println(line);
            }

            @Override
            public void finished() {}
          };
      try (MergeWorkspace workspace = MergeWorkspace.open(Path.of(arguments[0]), listener)) {
        fill(workspace);
        if (arguments[1].equals("kept")) {
          workspace.keep();
        }
        System.out.println("ready");
        Thread.sleep(60_000);
      }
    }
  }

  @Test
  void putsTheOldModelBackWhereAProcessDiedWhileItReplacedIt() throws IOException {
    Path replaced = Files.createDirectories(temp.resolve(".out.hfmerge/replaced"));
    Files.writeString(replaced.resolve("model.safetensors"), "old");
    open().close();
    assertThat(target.resolve("model.safetensors")).hasContent("old");
    assertThat(temp.toFile().list()).containsExactly("out");

    // and throws it away where the new one was at its place already
    Files.createDirectories(temp.resolve(".out.hfmerge/replaced"));
    open().close();
    assertThat(target.resolve("model.safetensors")).hasContent("old");
    assertThat(temp.toFile().list()).containsExactly("out");
  }

  @Test
  void refusesAFileInItsPlace() throws IOException {
    Files.writeString(temp.resolve(".out.hfmerge"), "diary");
    assertThatThrownBy(this::open)
        .isInstanceOf(UnfinishedMergeException.class)
        .hasMessageContaining("found a file");
    assertThat(temp.resolve(".out.hfmerge")).hasContent("diary");
  }
}
