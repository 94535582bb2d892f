package io.hfmerge.examples.experiment.pretrained;

import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.AnalysisRequest;
import io.hfmerge.analysis.AnalysisSubject;
import io.hfmerge.analysis.ModelAnalyzer;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.progress.ProgressListener;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The checkpoints that an experiment measures: with {@code --data} a Hugging Face folder, or a
 * folder of such folders (the papers' models as {@code huggingface-cli download} leaves them), else
 * the pretrained all-MiniLM-L6-v2 that a Maven artifact carries.
 */
final class PretrainedModels {

  private static final String SAMPLE = "all-MiniLM-L6-v2";
  private static final String CONFIG = "config.json";

  /** What {@code --data} may be. */
  static final String EXPECTED =
      "a Hugging Face model folder with config.json, or a folder of such folders";

  private PretrainedModels() {}

  /**
   * A model.
   *
   * @param name in results
   * @param reference that opens it
   */
  record Model(String name, String reference) {

    /** Measures it. */
    AnalysisReport analyze(AnalysisRequest request) throws IOException {
      try (HfModel model = HfModels.open(reference)) {
        return ModelAnalyzer.analyze(
            new AnalysisSubject(
                name, model.location().revision(), model.checkpoint(), model.structure()),
            request,
            ProgressListener.NONE);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while " + name + " was measured");
      }
    }
  }

  /**
   * Finds the models and says in a note which ones they are.
   *
   * @throws IOException if {@code --data} has none
   */
  static List<Model> find(Lab lab) throws IOException {
    List<Model> models = new ArrayList<>();
    if (lab.settings().data().isEmpty()) {
      models.add(new Model(SAMPLE, "sample:" + SAMPLE));
      lab.note(
          "Model: the pretrained all-MiniLM-L6-v2 of the Maven artifact, no other was given with"
              + " --data.");
      return models;
    }
    Path data = lab.settings().data().get();
    if (Files.exists(data.resolve(CONFIG))) {
      models.add(model(data));
    } else if (Files.isDirectory(data)) {
      try (Stream<Path> folders = Files.list(data)) {
        for (Path folder : folders.sorted().toList()) {
          if (Files.exists(folder.resolve(CONFIG))) {
            models.add(model(folder));
          }
        }
      }
    }
    if (models.isEmpty()) {
      throw new IOException("%s: expected %s, found neither".formatted(data, EXPECTED));
    }
    lab.note(
        "Models: %s, given with --data."
            .formatted(String.join(", ", models.stream().map(Model::name).toList())));
    return models;
  }

  private static Model model(Path folder) {
    Path absolute = folder.toAbsolutePath().normalize();
    Path last = absolute.getFileName();
    return new Model(last == null ? "model" : last.toString(), absolute.toString());
  }
}
