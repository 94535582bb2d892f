package io.hfmerge.hf.djl.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.djl.eval.ClassificationEvaluation.Settings;
import io.hfmerge.hf.djl.model.LoadOptions;
import io.hfmerge.hf.testing.ModelFolders;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Image classification against transformers (make_images.py). */
class ImageEvaluationTest {

  private static final Path IMAGES = ModelFolders.GOLDEN.resolve("images");

  /** One of the seven images is a JPEG, whose levels depend on the decoder. */
  private static final double TOLERANCE = 1e-3;

  @TempDir private Path folder;

  private Path model() throws Exception {
    Path model =
        ModelFolders.copy(ModelFolders.golden("vit", "base"), folder.resolve("vit"), t -> t);
    Files.copy(
        IMAGES.resolve("preprocessor_config.json"), model.resolve("preprocessor_config.json"));
    return model;
  }

  private static Evaluation evaluate(Path model, Path images, boolean probe) throws Exception {
    try (HfModel files = HfModels.open(model.toString())) {
      return EvalTask.images(images, new Settings(probe, 0.5, 0))
          .evaluate(files, LoadOptions.cpu());
    }
  }

  private static double metric(Evaluation evaluation, String name) {
    return evaluation.metrics().stream()
        .filter(metric -> metric.name().equals(name))
        .findFirst()
        .orElseThrow()
        .value();
  }

  @Test
  void scoresAreThoseOfTransformers() throws Exception {
    JsonNode expected =
        JsonMapper.shared().readTree(Files.readString(IMAGES.resolve("expected.json")));
    Evaluation found = evaluate(model(), IMAGES.resolve("classes"), false);

    assertThat(found.task()).isEqualTo("image-classification");
    assertThat(found.facts()).containsEntry("examples", 7).containsEntry("classes", 5);
    assertThat(found.notes()).isEmpty();
    assertThat(metric(found, "accuracy"))
        .isEqualTo(expected.get("accuracy").doubleValue(), within(1e-12));
    assertThat(metric(found, "loss"))
        .isEqualTo(expected.get("loss").doubleValue(), within(TOLERANCE));
  }

  private Path classes(String... names) throws Exception {
    Path images = folder.resolve("images");
    for (String name : names) {
      Path target = Files.createDirectories(images.resolve(name));
      Files.copy(IMAGES.resolve("classes/LABEL_0/wide.png"), target.resolve("1.png"));
      Files.copy(IMAGES.resolve("classes/LABEL_1/exact.png"), target.resolve("2.PNG"));
    }
    return images;
  }

  @Test
  void foldersWithOtherNamesAreClassesInTheirOrder() throws Exception {
    Evaluation found = evaluate(model(), classes("ant", "bee", "cat", "dog", "eel"), false);

    assertThat(found.notes()).singleElement().asString().contains("classes 0 to 4");
    // each image is right in one of the five folders that it is in
    assertThat(metric(found, "accuracy")).isEqualTo(0.2, within(1e-12));
  }

  @Test
  void labelsThatTheModelDoesNotHaveAreNamed() throws Exception {
    Path model = model();
    Path images = classes("LABEL_0", "zebra");

    assertThatThrownBy(() -> evaluate(model, images, false))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("label \"zebra\": expected one of");
  }

  @Test
  void aProbeIsFittedToTheClassToken() throws Exception {
    Evaluation found = evaluate(model(), IMAGES.resolve("classes"), true);

    assertThat(found.task()).isEqualTo("linear-probe");
    assertThat(found.facts()).containsEntry("examples", 3).containsEntry("trainExamples", 4);
  }

  private Path task(String text) throws Exception {
    return Files.writeString(folder.resolve("task.yaml"), text);
  }

  @Test
  void aTaskFileNamesTheFolder() throws Exception {
    classes("LABEL_0", "LABEL_1");
    EvalTask task = EvalTask.read(task("images: images\nmetric: accuracy\n"));
    try (HfModel files = HfModels.open(model().toString())) {
      Evaluation found = task.evaluate(files, LoadOptions.cpu());

      assertThat(found.facts()).containsEntry("examples", 4);
      assertThat(task.metric(found).name()).isEqualTo("accuracy");
    }
  }

  @Test
  void aTaskFileNamesOneThing() {
    assertThatThrownBy(() -> EvalTask.read(task("images: a\ntext: b\n")))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("found text and images");
    assertThatThrownBy(() -> EvalTask.read(task("seed: 1\n")))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("found none");
    assertThatThrownBy(() -> EvalTask.read(task("images: a\nwindow: 3\n")))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("window: expected only with text");
  }

  @Test
  void whatIsMissingIsSaid() throws Exception {
    Path bare = ModelFolders.golden("vit", "base");
    Path texts = ModelFolders.golden("gpt2", "base");
    Path stray = Files.createDirectories(folder.resolve("stray/one"));
    Files.writeString(stray.resolve("notes.txt"), "?");
    Path empty = Files.createDirectories(folder.resolve("empty"));

    assertThatThrownBy(() -> evaluate(bare, IMAGES.resolve("classes"), false))
        .isInstanceOf(UnresolvedReferenceException.class)
        .hasMessageContaining("expected a preprocessor_config.json");
    assertThatThrownBy(() -> evaluate(texts, IMAGES.resolve("classes"), false))
        .isInstanceOf(UnresolvedReferenceException.class);
    assertThatThrownBy(() -> LabelledImages.read(stray.getParent()))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("notes.txt: expected a name that ends in .png");
    assertThatThrownBy(() -> LabelledImages.read(empty))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("expected a subfolder");
  }
}
