package io.hfmerge.hf.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.hf.ModelLocation;
import io.hfmerge.hf.ResolutionAttempts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalModelResolverTest {

  @TempDir Path temp;

  private final LocalModelResolver resolver = new LocalModelResolver();
  private final ResolutionAttempts attempts = new ResolutionAttempts();

  @Test
  void findsAFolder() {
    assertThat(resolver.resolve(temp.toString(), attempts)).contains(ModelLocation.folder(temp));
    assertThat(attempts.list()).isEmpty();
  }

  @Test
  void findsAFileAndTakesItsFolderForTheConfig() throws IOException {
    Path file = Files.createFile(temp.resolve("x.safetensors"));
    ModelLocation location = resolver.resolve(file.toString(), attempts).orElseThrow();
    assertThat(location.weightsFile()).contains(file);
    assertThat(location.folder()).isEqualTo(temp);
    assertThat(location.revision()).isEmpty();
  }

  @Test
  void readsATildeAsTheShellDoes() {
    assertThat(resolver.resolve("~/", attempts))
        .contains(ModelLocation.folder(Path.of(System.getProperty("user.home"))));
    assertThat(resolver.resolve("~nobody/x", attempts)).isEmpty();
  }

  @Test
  void saysWhatItTried() {
    assertThat(resolver.resolve("no/such", attempts)).isEmpty();
    assertThat(resolver.resolve(" ", attempts)).isEmpty();
    assertThat(resolver.resolve("", attempts)).isEmpty();
    assertThat(resolver.resolve("a\0b", attempts)).isEmpty();
    assertThat(attempts.list())
        .containsExactly(
            "the path " + Path.of("no/such").toAbsolutePath() + ": no such file or folder",
            "a path: the reference is empty",
            "a path: the reference is empty",
            "a path: Nul character not allowed");
  }
}
