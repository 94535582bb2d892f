package io.hfmerge.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of several recipes, several outputs, and the memory that they are merged in. */
class RecipeFilesTest {

  private static final String OUTPUTS =
      """
      outputs:
      - {name: l03, parameters: {lambda: 0.3}}
      - {name: l05, parameters: {lambda: 0.5}}
      """;

  @TempDir Path temp;

  @Test
  void severalOutputsGetAFolderEach() throws IOException {
    Workplace place = new Workplace(temp);
    Path recipe = place.recipe(place.sumRecipe() + OUTPUTS);
    Outcome plan =
        Outcome.of("merge", recipe.toString(), place.out.toString(), "--dry-run", "--threads", "1")
            .assertDone();
    assertThat(plan.out())
        .contains("output \"l03\":", "lambda=0.3 ", "output \"l05\":", "lambda=0.5 ")
        .contains("all outputs together: 370,944 bytes of inputs")
        .containsPattern(
            "memory +[0-9,]+ bytes of buffers and statistics, of 1,073,741,824 allowed\n");
    assertThat(place.out).doesNotExist();

    Outcome merged = Outcome.of("merge", recipe.toString(), place.out.toString()).assertDone();
    assertThat(merged.out())
        .contains(place.out.resolve("l03") + ": 39 tensors merged, 0 copied; 185,472 bytes written")
        .contains("2 outputs together: 370,944 bytes read, 370,944 written in");
    assertThat(Workplace.list(place.out)).containsExactly("l03", "l05");
    for (String name : List.of("l03", "l05")) {
      assertThat(Workplace.list(place.out.resolve(name)))
          .contains("README.md", "config.json", "hfmerge.yaml", "model.safetensors");
    }
  }

  @Test
  void oneRecipeBuildsOnAnother() throws IOException {
    Workplace place = new Workplace(temp);
    String first = "name: half\n" + place.sumRecipe() + "---\n";
    Path recipe = place.recipe(first + place.sumRecipe().replace("'" + place.a + "'", "half"));
    Outcome plan =
        Outcome.of("merge", recipe.toString(), place.out.toString(), "--dry-run").assertDone();
    assertThat(plan.out()).startsWith("recipe \"half\", computed when it is read:\n");
    Outcome.of("merge", recipe.toString(), place.out.toString()).assertDone();

    // base + 0.5 (base + 0.5 (a - base) - base) = base + 0.25 (a - base) but for a rounding to F32
    Path direct = place.outputs.resolve("direct");
    Path single = place.recipe(place.sumRecipe().replace("0.5", "0.25"));
    Outcome.of("merge", single.toString(), direct.toString()).assertDone();
    assertThat(Files.size(place.out.resolve("model.safetensors")))
        .isEqualTo(Files.size(direct.resolve("model.safetensors")));
    assertThat(Workplace.list(place.out)).isEqualTo(Workplace.list(direct));
  }

  @Test
  void theBytesDoNotDependOnTheMemory() throws IOException {
    Workplace place = new Workplace(temp);
    Path recipe = place.recipe(place.sumRecipe());
    Path small = place.outputs.resolve("small");
    Outcome.of("merge", recipe.toString(), place.out.toString()).assertDone();
    Outcome.of("merge", recipe.toString(), small.toString(), "--memory", "64KiB").assertDone();
    assertThat(small.resolve("model.safetensors"))
        .hasSameBinaryContentAs(place.out.resolve("model.safetensors"));
  }

  @Test
  void tooLittleMemoryIsRefusedBeforeAnythingIsWritten() throws IOException {
    Workplace place = new Workplace(temp);
    Path recipe = place.recipe(place.sumRecipe());
    for (String last : List.of("--dry-run", "--force")) {
      Outcome.of("merge", recipe.toString(), place.out.toString(), "--memory", "10kB", last)
          .assertRefused(ExitCode.USAGE, List.of("expected a memory of at least", "found 10,000"));
    }
    assertThat(place.outputs).isEmptyDirectory();
    Outcome.of("merge", recipe.toString(), place.out.toString(), "--memory", "much")
        .assertRefused(ExitCode.USAGE, List.of("--memory", "much"));
  }
}
