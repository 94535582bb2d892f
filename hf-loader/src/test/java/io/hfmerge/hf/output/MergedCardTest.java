package io.hfmerge.hf.output;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.hf.testing.ModelFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MergedCardTest {

  @TempDir Path temp;

  @Test
  void aRelativePathIsNoHubId() throws IOException {
    // what makes models/base a path is that it is there
    Path folder = Path.of("target/card-test");
    Path base =
        Files.exists(folder)
            ? folder
            : ModelFolders.copy(ModelFolders.golden("llama", "base"), folder, t -> t);
    Merging.merge(Merging.sum(base, ModelFolders.golden("llama", "a"), 1), temp.resolve("out"));
    String card = Files.readString(temp.resolve("out/README.md"));
    assertThat(card.substring(0, card.indexOf("\n---\n"))).doesNotContain("base_model:");
    assertThat(card).contains("- `target/card-test`\n");
  }

  @Test
  void theFolderHoldsTheRecipeForRunningItAgain() throws IOException {
    Path base = ModelFolders.golden("llama", "base");
    String recipe = "# my notes\n" + Merging.sum(base, ModelFolders.golden("llama", "a"), 0.25);
    Merging.merge(recipe, temp.resolve("out"));
    assertThat(temp.resolve("out/hfmerge.yaml")).hasContent(recipe);
    assertThat(Files.readString(temp.resolve("out/README.md")))
        .startsWith("---\nbase_model_relation: merge\n")
        .contains("\n# out\n")
        .contains(recipe);
  }

  @Test
  void theLicencesOfParentsAreReadFromTheirCards() throws IOException {
    Path base = ModelFolders.copy(ModelFolders.golden("llama", "base"), temp.resolve("b"), t -> t);
    Path model = ModelFolders.copy(ModelFolders.golden("llama", "a"), temp.resolve("a"), t -> t);
    Files.writeString(base.resolve("README.md"), "---\nlicense: mit\n---\n");
    Files.writeString(model.resolve("README.md"), "---\nlicense: apache-2.0\n---\n");
    Merging.merge(Merging.sum(base, model, 1), temp.resolve("out"));
    assertThat(Files.readString(temp.resolve("out/README.md")))
        .contains("\nlicense: apache-2.0\n", "- `" + base + "`, licence mit\n");
  }
}
