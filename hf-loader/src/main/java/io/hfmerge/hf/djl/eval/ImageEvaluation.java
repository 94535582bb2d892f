package io.hfmerge.hf.djl.eval;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.djl.block.TransformerBlock.Wanted;
import io.hfmerge.hf.djl.block.TransformerInputs;
import io.hfmerge.hf.djl.block.TransformerOutputs;
import io.hfmerge.hf.djl.image.ImagePreprocessing;
import io.hfmerge.hf.djl.image.RgbImage;
import io.hfmerge.hf.djl.model.Task;
import io.hfmerge.hf.djl.model.TransformerModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * How well a model tells labelled images apart: with the head of an image classifier, or, where
 * there is none, with a linear probe on the last hidden state of the class token.
 */
public final class ImageEvaluation {

  private static final int BATCH = 16;

  private final LabelledImages images;
  private final ClassificationEvaluation.Settings settings;

  public ImageEvaluation(LabelledImages images, ClassificationEvaluation.Settings settings) {
    this.images = images;
    this.settings = settings;
  }

  /**
   * Evaluates.
   *
   * @throws InvalidInputException if the model reads no images, a file is none, a label is none of
   *     the head's, or there are too few images or labels for a probe
   * @throws IOException if a file cannot be read
   */
  public Evaluation evaluate(TransformerModel model, ImagePreprocessing preprocessing)
      throws IOException {
    if (model.block().vocabulary() != 0) {
      throw new InvalidInputException(
          model.files().reference() + ": expected a model of images, found one of texts");
    }
    try {
      return settings.probe() || model.task() != Task.IMAGE_CLASSIFICATION
          ? probe(model, preprocessing)
          : head(model, preprocessing);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private Evaluation head(TransformerModel model, ImagePreprocessing preprocessing) {
    float[][] logits =
        run(model, preprocessing, Wanted.LOGITS, out -> Objects.requireNonNull(out.logits()));
    List<String> notes = new ArrayList<>();
    Map<String, Integer> ids = classes(model, logits[0].length, notes);
    return labels().ofHead("image-classification", model, logits, ids, notes);
  }

  private Evaluation probe(TransformerModel model, ImagePreprocessing preprocessing) {
    NDIndex first = new NDIndex().addAllDim().addIndices(0);
    return labels()
        .ofProbe(
            settings,
            () -> run(model, preprocessing, Wanted.HIDDEN, out -> out.lastHidden().get(first)),
            "images",
            List.of());
  }

  /** Of folders that have none of the model's names, but are as many as its classes: in order. */
  private Map<String, Integer> classes(TransformerModel model, int count, List<String> notes) {
    Map<String, Integer> ids = LabelEvaluation.labelIds(model, count);
    List<String> labels = images.rows().stream().map(LabelledImages.Row::label).distinct().toList();
    if (labels.size() != count || labels.stream().anyMatch(ids::containsKey)) {
      return ids;
    }
    notes.add(
        "folders have none of the model's labels and are as many as its classes: taken as classes 0"
            + " to %d in the order of their names".formatted(count - 1));
    Map<String, Integer> byName = new TreeMap<>();
    labels.stream().sorted().forEach(label -> byName.put(label, byName.size()));
    return byName;
  }

  private LabelEvaluation labels() {
    return new LabelEvaluation(
        images.rows().stream().map(LabelledImages.Row::label).toList(),
        "examples " + images.hashCode());
  }

  /**
   * Runs the model on all images.
   *
   * @param take an array {@code [B, k]} of the outputs
   */
  private float[][] run(
      TransformerModel model,
      ImagePreprocessing preprocessing,
      Wanted wanted,
      Function<TransformerOutputs, NDArray> take) {
    List<LabelledImages.Row> rows = images.rows();
    float[][] results = new float[rows.size()][];
    for (int begin = 0; begin < rows.size(); begin += BATCH) {
      int end = Math.min(begin + BATCH, rows.size());
      try (NDManager manager = model.newManager()) {
        NDList batch = new NDList();
        for (LabelledImages.Row row : rows.subList(begin, end)) {
          batch.add(preprocessing.apply(manager, RgbImage.read(row.file())));
        }
        TransformerOutputs outputs =
            model.run(TransformerInputs.of(NDArrays.concat(batch, 0)), wanted);
        NDArray taken = take.apply(outputs).toType(DataType.FLOAT32, false);
        int width = Math.toIntExact(taken.getShape().get(1));
        float[] values = taken.toFloatArray();
        for (int i = begin; i < end; i++) {
          results[i] = Arrays.copyOfRange(values, (i - begin) * width, (i - begin + 1) * width);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return results;
  }
}
