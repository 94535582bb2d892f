package io.hfmerge.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class BadInputTest {

  @TempDir Path temp;

  @ParameterizedTest
  @EnumSource
  void isRefusedWithOneMessageAndNoTrace(BadInput bad) throws IOException {
    Workplace place = new Workplace(temp);
    String[] arguments = bad.prepare(place);
    Map<String, String> before = place.state();

    Outcome outcome = Outcome.of(arguments);

    outcome.assertRefused(bad.code, bad.says);
    assertThat(place.state()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"inspect", "analyze"})
  void readersRefuseWhatMergesRefuse(String command) throws IOException {
    Workplace place = new Workplace(temp);
    BadInput bad = BadInput.TRUNCATED_FILE;
    bad.prepare(place);
    Outcome.of(command, place.a.toString()).assertRefused(bad.code, bad.says);
    Outcome.of(command, place.inputs.resolve("none").toString())
        .assertRefused(ExitCode.NOT_FOUND, List.of("inputs/none", "tried the path"));
    Outcome.of(command, place.outputs.toString())
        .assertRefused(ExitCode.NOT_FOUND, List.of("found an empty folder"));
  }

  @Test
  void aFolderThatCannotBeReadIsAnIoFailure() throws IOException {
    assumeFalse(System.getProperty("user.name").equals("root"), "root may read everything");
    Workplace place = new Workplace(temp);
    Files.setPosixFilePermissions(place.a, PosixFilePermissions.fromString("---------"));
    try {
      Outcome.of(place.sum()).assertRefused(ExitCode.IO, List.of("inputs/a", "permission denied"));
    } finally {
      Files.setPosixFilePermissions(place.a, PosixFilePermissions.fromString("rwx------"));
    }
    assertThat(Workplace.list(place.outputs)).isEmpty();
  }

  @Test
  void theStackTraceIsThereForTheAsking() throws IOException {
    Workplace place = new Workplace(temp);
    Outcome outcome =
        Outcome.of(
            place.sumOf(place.base, place.inputs.resolve("none").toString(), "--stacktrace"));
    assertThat(outcome.code()).isEqualTo(ExitCode.NOT_FOUND.code());
    assertThat(outcome.err()).contains("UnresolvedReferenceException", "\tat io.hfmerge.");
  }
}
