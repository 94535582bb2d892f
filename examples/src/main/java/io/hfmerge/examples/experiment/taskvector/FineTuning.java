package io.hfmerge.examples.experiment.taskvector;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.examples.experiment.Cell;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.data.Batches;
import io.hfmerge.examples.experiment.train.AdamW;
import io.hfmerge.examples.experiment.train.Losses;
import io.hfmerge.examples.experiment.train.Parameters;
import io.hfmerge.examples.experiment.train.Schedule;
import io.hfmerge.examples.experiment.train.Training;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.LongToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One fine-tune: AdamW on the cross-entropy of a task, weights of encoder and head together.
 *
 * <p>The head starts from the class means of the base's sentence vectors, {@code w_c ∝ μ_c − μ}, so
 * that it does not distort the encoder while it is still random (Kumar et al., arXiv:2202.10054).
 * Matrices decay, biases and norms do not.
 *
 * @param scale batches, steps, layers
 * @param decay λ of AdamW
 * @param repeat whose order of batches is drawn
 */
record FineTuning(Lab lab, Scale scale, double decay, int repeat) {

  static final String LOSS = "training loss";

  private static final Pattern LAYER = Pattern.compile("(?:^|\\.)layer\\.(\\d+)\\.");
  private static final double WARM_UP = 0.1;

  /** What the head's scores of the right class are at first, about. */
  private static final double FIRST_SCORE = 4;

  /** Looks at the loss along the way. */
  private static final int LOOKS = 4;

  /** Examples whose loss is watched. */
  private static final int WATCHED = 64;

  /**
   * Trains and writes.
   *
   * @param base reference
   * @param train examples
   * @param classes of the task
   * @param name of the task, which its random numbers are drawn for
   * @param group of the measurements
   */
  void run(
      Cell cell,
      String base,
      List<EncodedGloss> train,
      int classes,
      String name,
      String group,
      Path folder,
      Path headFile)
      throws IOException {
    try (GlossEncoder encoder = GlossEncoder.open(base, lab.settings().device());
        Parameters parameters = new Parameters(lab.settings().device(), DataType.FLOAT32)) {
      SequencedMap<String, NDArray> trained = encoder.train(parameters, this::isTrained);
      double[][] start = classMeans(encoder, train, classes);
      NDArray weight =
          parameters.add(
              Arrays.stream(start)
                  .flatMapToDouble(row -> Arrays.stream(row, 0, row.length - 1))
                  .toArray(),
              new Shape(classes, encoder.width()));
      NDArray bias =
          parameters.add(
              Arrays.stream(start).mapToDouble(row -> row[row.length - 1]).toArray(),
              new Shape(classes));
      Head head = new Head(weight, bias);
      long steps = scale.steps(classes);
      Batches batches =
          new Batches(
              train.size(),
              scale.batch(),
              epoch -> lab.random("task-vectors order %s %d %d".formatted(name, repeat, epoch)));
      new Training(
              parameters,
              new AdamW(
                  rate(steps),
                  i -> parameters.get(i).getShape().dimension() == 2 ? decay : 0,
                  0.9,
                  0.999,
                  1e-8,
                  AdamW.Kind.DECOUPLED))
          .run(
              cell,
              steps,
              Schedule.every(Math.max(1, steps / LOOKS)),
              step -> {
                List<EncodedGloss> batch = new ArrayList<>();
                for (long row : batches.at(step)) {
                  batch.add(train.get(Math.toIntExact(row)));
                }
                return loss(encoder, head, batch, classes, true);
              },
              step -> {
                // examples are sorted by class, so that every one of them is watched
                List<EncodedGloss> watched = new ArrayList<>();
                int stride = Math.max(1, train.size() / WATCHED);
                for (int i = 0; i < train.size(); i += stride) {
                  watched.add(train.get(i));
                }
                cell.record(
                    LOSS,
                    group,
                    step,
                    repeat,
                    Parameters.values(loss(encoder, head, watched, classes, false))[0]);
              });
      TaskModel.write(folder, encoder.files(), trained);
      TaskModel.writeHead(headFile, Map.of(Head.WEIGHT, weight, Head.BIAS, bias));
    }
  }

  /** Matrices, biases and norms of the layers from the first that is trained. */
  private boolean isTrained(String name) {
    Matcher layer = LAYER.matcher(name);
    return layer.find() && Integer.parseInt(layer.group(1)) >= scale.firstLayer();
  }

  /** Up for a tenth of the steps, then down to 0, in straight lines. */
  private LongToDoubleFunction rate(long steps) {
    double top = Math.max(1, WARM_UP * steps);
    return step ->
        scale.rate() * Math.min((step + 1) / top, Math.max(0, (steps - step) / (steps - top + 1)));
  }

  private static NDArray loss(
      GlossEncoder encoder, Head head, List<EncodedGloss> batch, int classes, boolean training) {
    NDArray logits =
        head.logits(encoder.sentences(batch.stream().map(EncodedGloss::ids).toList(), training));
    float[] oneHot = new float[batch.size() * classes];
    for (int i = 0; i < batch.size(); i++) {
      oneHot[i * classes + batch.get(i).label()] = 1;
    }
    return Losses.crossEntropy(
        logits, logits.getManager().create(oneHot, new Shape(batch.size(), classes)));
  }

  /** Rows of a head's weight, each followed by its bias. */
  private double[][] classMeans(GlossEncoder encoder, List<EncodedGloss> train, int classes) {
    int width = encoder.width();
    double[][] means = new double[classes][width + 1];
    int[] counts = new int[classes];
    for (int first = 0; first < train.size(); first += scale.batch()) {
      List<EncodedGloss> batch =
          train.subList(first, Math.min(train.size(), first + scale.batch()));
      try (NDScope scope = new NDScope()) {
        scope.suppressNotUsedWarning();
        double[] vectors =
            Parameters.values(
                encoder.sentences(batch.stream().map(EncodedGloss::ids).toList(), false));
        for (int i = 0; i < batch.size(); i++) {
          int label = batch.get(i).label();
          counts[label]++;
          for (int j = 0; j < width; j++) {
            means[label][j] += vectors[i * width + j];
          }
        }
      }
    }
    double[] mean = new double[width];
    for (int c = 0; c < classes; c++) {
      for (int j = 0; j < width; j++) {
        means[c][j] /= counts[c];
        mean[j] += means[c][j] / classes;
      }
    }
    double spread = 0;
    for (double[] row : means) {
      for (int j = 0; j < width; j++) {
        spread += (row[j] - mean[j]) * (row[j] - mean[j]) / classes;
      }
    }
    double factor = FIRST_SCORE / spread;
    for (double[] row : means) {
      for (int j = 0; j < width; j++) {
        double centred = row[j] - mean[j];
        // the nearest class mean: the boundary lies half-way between two of them
        row[width] -= factor * centred * (mean[j] + centred / 2);
        row[j] = factor * centred;
      }
    }
    return means;
  }
}
