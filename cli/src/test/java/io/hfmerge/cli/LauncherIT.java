package io.hfmerge.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hfmerge.hf.ModelResolver;
import io.hfmerge.hf.arch.ArchitectureProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The application folder as it is shipped, in a process of its own. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the launcher is a shell script")
class LauncherIT {

  private static final Path HERE = Path.of("");

  @TempDir Path temp;

  @Test
  void saysItsVersionAndHelp() throws Exception {
    assertThat(Outcome.launch("--version").assertDone().out())
        .containsPattern("^hfmerge \\d+\\.\\d+\\.\\d+(-SNAPSHOT)?\nJava \\d+")
        .hasLineCount(2);
    assertThat(Outcome.launch("--help").assertDone().out()).contains("Exit codes", "sum", "merge");
  }

  @Test
  void refusesACommandThatItDoesNotKnow() throws Exception {
    Outcome.launch("mrege").assertRefused(ExitCode.USAGE, List.of("mrege", "merge"));
  }

  @Test
  void worksInAnotherFolderThroughALinkAndInAPathWithSpaces() throws Exception {
    Path folder = Files.createDirectory(temp.resolve("my models"));
    Workplace place = new Workplace(folder);
    Path link = Files.createSymbolicLink(temp.resolve("link"), Outcome.launcher());
    Path second = Files.createSymbolicLink(folder.resolve("hfm"), Path.of("../link"));
    Map<String, String> before = place.state();

    Outcome inspected = Outcome.launch(second, folder, Map.of(), "inspect", "inputs/a");
    assertThat(inspected.assertDone().out()).contains("model.embed_tokens.weight", "llama");

    Outcome summed =
        Outcome.launch(
            second, folder, Map.of(), "sum", "--base", "inputs/base", "inputs/a=0.5", "-o", "sum");
    assertThat(summed.assertDone().out()).contains("39 tensors merged");
    assertThat(Workplace.list(folder.resolve("sum")))
        .containsExactly(
            "README.md", "config.json", "hfmerge.json", "hfmerge.yaml", "model.safetensors");
    assertThat(place.state()).isEqualTo(before);

    // as the same code does in this process
    Outcome.of(place.sumOf(place.base, place.a + "=0.5")).assertDone();
    assertThat(folder.resolve("sum/model.safetensors"))
        .hasSameBinaryContentAs(place.out.resolve("model.safetensors"));
    Files.delete(link);
  }

  @Test
  void findsAJdkOfItsOwnWhateverJavaHomeSays() throws Exception {
    Path old = jdk("17.0.15");
    for (String javaHome : List.of("", old.toString(), temp.resolve("nowhere").toString())) {
      Outcome outcome =
          Outcome.launch(
              Outcome.launcher(),
              HERE,
              Map.of("JAVA_HOME", javaHome, "HFMERGE_JAVA_HOME", "", "PATH", pathWithJava()),
              "--version");
      assertThat(outcome.assertDone().out()).contains("hfmerge ");
    }
  }

  @Test
  void refusesTheJdkThatWasChosenWhereItIsTooOld() throws Exception {
    Path old = jdk("17.0.15");
    for (String javaHome : List.of("", System.getProperty("java.home"))) {
      Outcome outcome =
          Outcome.launch(
              Outcome.launcher(),
              HERE,
              Map.of("JAVA_HOME", javaHome, "HFMERGE_JAVA_HOME", old.toString()),
              "--version");
      assertThat(outcome.code()).isEqualTo(1);
      assertThat(outcome.out()).isEmpty();
      assertThat(outcome.err())
          .isEqualTo(
              "hfmerge: HFMERGE_JAVA_HOME=" + old + ": expected the home of a JDK 25 or later\n");
    }
  }

  /** What tells a JDK's version without starting it; this one would fail if it were started. */
  private Path jdk(String version) throws IOException {
    Path home = temp.resolve("jdk-" + version);
    if (!Files.exists(home)) {
      Files.createDirectories(home.resolve("bin"));
      Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
      Path java = Files.writeString(home.resolve("bin/java"), "#!/bin/sh\nexit 99\n");
      assertThat(java.toFile().setExecutable(true)).isTrue();
    }
    return home;
  }

  /** So that the test does not depend on where the machine keeps its JDKs. */
  private static String pathWithJava() {
    return System.getProperty("java.home") + "/bin:" + System.getenv("PATH");
  }

  @ParameterizedTest
  @EnumSource(
      names = {
        "TRUNCATED_FILE",
        "MISSING_SHARD",
        "OTHER_SHAPES",
        "MISSPELT_KEY",
        "MISSING_MODEL",
        "OUTPUT_EXISTS",
        "OUTPUT_IN_AN_INPUT",
        "WEIGHT_IS_NO_NUMBER"
      })
  void refusesBadInputAsTheCommandsDo(BadInput bad) throws Exception {
    Workplace place = new Workplace(temp);
    String[] arguments = bad.prepare(place);
    Map<String, String> before = place.state();
    Outcome.launch(arguments).assertRefused(bad.code, bad.says);
    assertThat(place.state()).isEqualTo(before);
  }

  @Test
  void tellsThatItsOutputWasLostButNotThatNobodyReadOn() throws Exception {
    assumeTrue(Files.exists(Path.of("/dev/full")));
    String inspect = "'%s' inspect '%s'".formatted(Outcome.launcher(), model());
    Outcome.launch(Path.of("/bin/sh"), HERE, Map.of(), "-c", inspect + " > /dev/full")
        .assertRefused(ExitCode.IO, List.of("standard output: No space left on device"));
    Outcome.launch(Path.of("/bin/sh"), HERE, Map.of(), "-c", inspect + " | true").assertDone();
  }

  @Test
  void worksWhereAStandardStreamIsClosed() throws Exception {
    String inspect = "'%s' inspect '%s'".formatted(Outcome.launcher(), model());
    Outcome withoutErrors =
        Outcome.launch(Path.of("/bin/sh"), HERE, Map.of(), "-c", inspect + " 2>&-");
    assertThat(withoutErrors.assertDone().out()).contains("model.embed_tokens.weight");
    Outcome.launch(Path.of("/bin/sh"), HERE, Map.of(), "-c", inspect + " < /dev/null > /dev/null")
        .assertDone();
    String refused = "'%s' inspect nowhere 2>&-".formatted(Outcome.launcher());
    Outcome failed = Outcome.launch(Path.of("/bin/sh"), HERE, Map.of(), "-c", refused);
    assertThat(failed.code()).isEqualTo(ExitCode.NOT_FOUND.code());
    assertThat(failed.out() + failed.err()).isEmpty();
  }

  private static Path model() {
    return Workplace.GOLDEN.resolve("checkpoints/llama/a");
  }

  @Test
  void takesPluginsFromJarsThatTheEnvironmentNames() throws Exception {
    Workplace place = new Workplace(temp);
    Map<String, String> plugin =
        Map.of("HFMERGE_CLASSPATH", PluginJar.build(temp).toAbsolutePath().toString());
    Path tiny = PluginJar.tinyModel(temp.resolve("tiny"));
    Path recipe = place.recipe(PluginJar.recipe(place));

    Outcome inspected =
        Outcome.launch(Outcome.launcher(), HERE, plugin, "inspect", "plugged:" + tiny);
    assertThat(inspected.assertDone().out()).contains("tiny;", "M1");
    Outcome.launch(
            Outcome.launcher(), HERE, plugin, "merge", recipe.toString(), place.out.toString())
        .assertDone();
    assertThat(place.out.resolve("model.safetensors")).exists();
    Outcome greeted = Outcome.launch(Outcome.launcher(), HERE, plugin, "greet");
    assertThat(greeted.assertDone().out()).isEqualTo("hello\n");
  }

  @Test
  void namesAPluginThatCannotBeLoaded() throws Exception {
    for (Class<?> service :
        List.of(CommandProvider.class, ModelResolver.class, ArchitectureProvider.class)) {
      Path jar = Files.createDirectory(temp.resolve(service.getSimpleName()));
      Path services = Files.createDirectories(jar.resolve("META-INF/services"));
      Files.writeString(services.resolve(service.getName()), "no.such.Class");
      Map<String, String> plugin = Map.of("HFMERGE_CLASSPATH", jar.toString());
      Outcome.launch(Outcome.launcher(), HERE, plugin, "inspect", "x")
          .assertRefused(ExitCode.UNSUPPORTED, List.of("no.such.Class", "cannot be loaded"));
    }
  }
}
