package io.hfmerge.hf.djl.eval;

import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.djl.eval.ClassificationEvaluation.Settings;
import io.hfmerge.hf.djl.model.TransformerModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;

/** Scores of labelled examples, by the logits of a head or by a probe fitted to features. */
final class LabelEvaluation {

  private final List<String> labels;
  private final String examples;

  /**
   * @param labels of each example
   * @param examples the same for the same examples
   */
  LabelEvaluation(List<String> labels, String examples) {
    this.labels = List.copyOf(labels);
    this.examples = examples;
  }

  /**
   * Of a head's logits.
   *
   * @param ids classes by label
   */
  Evaluation ofHead(
      String task,
      TransformerModel model,
      float[][] logits,
      Map<String, Integer> ids,
      List<String> notes) {
    int[] classes = new int[logits.length];
    double[][] wide = new double[logits.length][];
    for (int i = 0; i < classes.length; i++) {
      Integer id = ids.get(labels.get(i));
      if (id == null) {
        throw new InvalidInputException(
            "%s: label \"%s\": expected one of %s"
                .formatted(model.files().reference(), labels.get(i), ids.keySet()));
      }
      classes[i] = id;
      wide[i] = wide(logits[i]);
    }
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("examples", classes.length);
    facts.put("classes", wide[0].length);
    return new Evaluation(task, new ClassScores(classes, wide).metrics(), examples, facts, notes);
  }

  /**
   * Of a linear probe on features.
   *
   * @param run gives a row of features for each example
   * @param texts what examples are, in messages
   */
  Evaluation ofProbe(Settings settings, Supplier<float[][]> run, String texts, List<String> found) {
    List<String> notes = new ArrayList<>(found);
    List<String> names = List.copyOf(new TreeSet<>(labels));
    int n = labels.size();
    int train = (int) Math.round(settings.trainShare() * n);
    if (names.size() < 2 || train < 1 || train >= n) {
      throw new InvalidInputException(
          "expected two labels and %s to train and to evaluate a probe, found %d labels and %d %s"
              .formatted(texts, names.size(), n, texts));
    }
    float[][] features = run.get();
    int[] order = shuffled(n, settings.seed());
    float[][] trainFeatures = new float[train][];
    int[] trainLabels = new int[train];
    int[] testLabels = new int[n - train];
    double[][] logits = new double[n - train][];
    for (int i = 0; i < train; i++) {
      trainFeatures[i] = features[order[i]];
      trainLabels[i] = names.indexOf(labels.get(order[i]));
    }
    if (Arrays.stream(trainLabels).distinct().count() < names.size()) {
      notes.add(
          "some labels occur in the evaluated %s alone; the probe cannot know them"
              .formatted(texts));
    }
    LinearProbe fitted = LinearProbe.fit(trainFeatures, trainLabels, names.size());
    if (!fitted.converged()) {
      notes.add("the probe's fit stopped before it reached the minimum");
    }
    for (int i = 0; i < logits.length; i++) {
      logits[i] = fitted.logits(features[order[train + i]]);
      testLabels[i] = names.indexOf(labels.get(order[train + i]));
    }
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("examples", logits.length);
    facts.put("trainExamples", train);
    facts.put("classes", names.size());
    facts.put("seed", settings.seed());
    return new Evaluation(
        "linear-probe", new ClassScores(testLabels, logits).metrics(), examples, facts, notes);
  }

  private static int[] shuffled(int n, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      int other = random.nextInt(i + 1);
      order[i] = order[other];
      order[other] = i;
    }
    return order;
  }

  /**
   * Classes of a head by label: their numbers, and the names in the config.
   *
   * @throws InvalidInputException if the head has one output
   */
  static Map<String, Integer> labelIds(TransformerModel model, int classes) {
    if (classes < 2) {
      throw new InvalidInputException(
          "%s: expected a classifier, found a head with one output, a regression"
              .formatted(model.files().reference()));
    }
    ModelConfig config = model.config();
    Map<String, Integer> ids = new TreeMap<>();
    for (int c = 0; c < classes; c++) {
      ids.put(String.valueOf(c), c);
    }
    config
        .object("id2label")
        .ifPresent(names -> {
          for (int c = 0; c < classes; c++) {
            JsonNode name = names.tree().get(String.valueOf(c));
            if (name != null && name.isString()) {
              ids.putIfAbsent(name.stringValue(), c);
            }
          }
        });
    return ids;
  }

  private static double[] wide(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }
}
