package io.hfmerge.hf.djl.eval;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.djl.block.TransformerBlock.Wanted;
import io.hfmerge.hf.djl.block.TransformerInputs;
import io.hfmerge.hf.djl.block.TransformerOutputs;
import io.hfmerge.hf.djl.model.Task;
import io.hfmerge.hf.djl.model.TransformerModel;
import io.hfmerge.hf.djl.text.Surroundings;
import io.hfmerge.hf.djl.text.TextTokenizer;
import io.hfmerge.hf.djl.text.TokenIds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/**
 * How well a model tells labelled texts apart: with the head of a sequence classifier, or, where
 * there is none, with a linear probe on its embeddings ({@code last_hidden_state}, mean over the
 * tokens), fitted to some of the texts and evaluated on the others.
 */
public final class ClassificationEvaluation {

  private static final int BATCH = 32;

  private final LabelledTexts texts;
  private final Settings settings;

  /**
   * How to evaluate.
   *
   * @param probe whether to fit a probe also where there is a head
   * @param trainShare share of the texts that a probe is fitted to, above 0 and below 1
   * @param seed decides which
   */
  public record Settings(boolean probe, double trainShare, long seed) {

    public Settings {
      if (!(trainShare > 0 && trainShare < 1)) {
        throw new InvalidInputException(
            "train share: expected a number above 0 and below 1, found " + trainShare);
      }
    }
  }

  public ClassificationEvaluation(LabelledTexts texts, Settings settings) {
    this.texts = texts;
    this.settings = settings;
  }

  /** Whether a model of this task is evaluated by a probe. */
  public boolean probes(Task task) {
    return settings.probe() || task != Task.SEQUENCE_CLASSIFICATION;
  }

  /**
   * Evaluates.
   *
   * @throws InvalidInputException if a label is none of the head's, or there are too few texts or
   *     labels for a probe
   */
  public Evaluation evaluate(TransformerModel model, TextTokenizer tokenizer) {
    List<String> notes = new ArrayList<>();
    List<TokenIds> tokens = new ArrayList<>();
    for (LabelledTexts.Row row : texts.rows()) {
      tokens.add(
          row.pair()
              .map(pair -> tokenizer.encode(row.text(), pair))
              .orElseGet(() -> tokenizer.encode(row.text())));
    }
    Sequences sequences = Sequences.fitted(tokens, tokenizer, model.block().settings().limit());
    if (sequences.cut() > 0) {
      notes.add(
          "%d of %d texts were cut to %d tokens, the model's limit"
              .formatted(sequences.cut(), texts.rows().size(), model.block().settings().limit()));
    }
    return probes(model.task()) ? probe(model, sequences, notes) : head(model, sequences, notes);
  }

  private Evaluation head(TransformerModel model, Sequences sequences, List<String> notes) {
    float[][] logits = run(model, sequences, Wanted.LOGITS, out -> logits(out));
    int classes = logits[0].length;
    if (classes < 2) {
      throw new InvalidInputException(
          "%s: expected a classifier, found a head with one output, a regression"
              .formatted(model.files().reference()));
    }
    Map<String, Integer> ids = labelIds(model.config(), classes);
    int[] labels = new int[logits.length];
    for (int i = 0; i < labels.length; i++) {
      String label = texts.rows().get(i).label();
      Integer id = ids.get(label);
      if (id == null) {
        throw new InvalidInputException(
            "%s: label \"%s\": expected one of %s"
                .formatted(model.files().reference(), label, ids.keySet()));
      }
      labels[i] = id;
    }
    double[][] wide = new double[logits.length][];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = wide(logits[i]);
    }
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("examples", labels.length);
    facts.put("classes", classes);
    return new Evaluation(
        "sequence-classification",
        new ClassScores(labels, wide).metrics(),
        "examples " + texts.hashCode(),
        facts,
        notes);
  }

  private Evaluation probe(TransformerModel model, Sequences sequences, List<String> notes) {
    List<String> names =
        List.copyOf(new TreeSet<>(texts.rows().stream().map(LabelledTexts.Row::label).toList()));
    int n = texts.rows().size();
    int train = (int) Math.round(settings.trainShare() * n);
    if (names.size() < 2 || train < 1 || train >= n) {
      throw new InvalidInputException(
          "expected two labels and texts to train and to evaluate a probe, found %d labels and %d"
                  .formatted(names.size(), n)
              + " texts");
    }
    float[][] features =
        run(model, sequences, Wanted.HIDDEN, out -> out.lastHidden().mean(new int[] {1}));
    int[] order = shuffled(n);
    float[][] trainFeatures = new float[train][];
    int[] trainLabels = new int[train];
    int[] testLabels = new int[n - train];
    double[][] logits = new double[n - train][];
    for (int i = 0; i < train; i++) {
      trainFeatures[i] = features[order[i]];
      trainLabels[i] = names.indexOf(texts.rows().get(order[i]).label());
    }
    if (Arrays.stream(trainLabels).distinct().count() < names.size()) {
      notes.add("some labels occur in the evaluated texts alone; the probe cannot know them");
    }
    LinearProbe fitted = LinearProbe.fit(trainFeatures, trainLabels, names.size());
    if (!fitted.converged()) {
      notes.add("the probe's fit stopped before it reached the minimum");
    }
    for (int i = 0; i < logits.length; i++) {
      logits[i] = fitted.logits(features[order[train + i]]);
      testLabels[i] = names.indexOf(texts.rows().get(order[train + i]).label());
    }
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("examples", logits.length);
    facts.put("trainExamples", train);
    facts.put("classes", names.size());
    facts.put("seed", settings.seed());
    return new Evaluation(
        "linear-probe",
        new ClassScores(testLabels, logits).metrics(),
        "examples " + texts.hashCode(),
        facts,
        notes);
  }

  private int[] shuffled(int n) {
    SplittableRandom random = new SplittableRandom(settings.seed());
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      int other = random.nextInt(i + 1);
      order[i] = order[other];
      order[other] = i;
    }
    return order;
  }

  /** Ids of labels: their numbers, and the names in the config. */
  private static Map<String, Integer> labelIds(ModelConfig config, int classes) {
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

  private static NDArray logits(TransformerOutputs outputs) {
    return Objects.requireNonNull(outputs.logits());
  }

  private static double[] wide(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }

  /**
   * Runs the model on all sequences. Those of one length go together, so that nothing is padded.
   *
   * @param take an array {@code [B, k]} of the outputs
   */
  private static float[][] run(
      TransformerModel model,
      Sequences sequences,
      Wanted wanted,
      Function<TransformerOutputs, NDArray> take) {
    float[][] results = new float[sequences.size()][];
    for (List<Integer> batch : sequences.batches(BATCH)) {
      try (NDManager manager = model.newManager()) {
        long[][] ids = batch.stream().map(sequences::ids).toArray(long[][]::new);
        long[][] types = batch.stream().map(sequences::types).toArray(long[][]::new);
        boolean typed = Arrays.stream(types).flatMapToLong(Arrays::stream).anyMatch(t -> t != 0);
        NDArray content = manager.create(ids);
        TransformerOutputs outputs =
            model.run(
                new TransformerInputs(content, null, typed ? manager.create(types) : null, null),
                wanted);
        NDArray taken = take.apply(outputs).toType(DataType.FLOAT32, false);
        int width = Math.toIntExact(taken.getShape().get(1));
        float[] values = taken.toFloatArray();
        for (int i = 0; i < batch.size(); i++) {
          results[batch.get(i)] = Arrays.copyOfRange(values, i * width, (i + 1) * width);
        }
      }
    }
    return results;
  }

  /** Token sequences, none longer than the model takes. */
  private record Sequences(List<long[]> idList, List<long[]> typeList, int cut) {

    static Sequences fitted(List<TokenIds> tokens, TextTokenizer tokenizer, int limit) {
      int after = Surroundings.of(tokenizer, "a").after();
      List<long[]> ids = new ArrayList<>();
      List<long[]> types = new ArrayList<>();
      int cut = 0;
      for (TokenIds sequence : tokens) {
        if (sequence.length() == 0) {
          throw new InvalidInputException(
              "text %d: expected at least one token, found none".formatted(ids.size() + 1));
        }
        cut += sequence.length() > limit ? 1 : 0;
        ids.add(cut(sequence.ids(), limit, after));
        types.add(cut(sequence.types(), limit, after));
      }
      return new Sequences(ids, types, cut);
    }

    /** The end of a long text is lost, not the special tokens after it. */
    private static long[] cut(long[] values, int limit, int after) {
      if (values.length <= limit) {
        return values;
      }
      long[] result = Arrays.copyOf(values, limit);
      System.arraycopy(values, values.length - after, result, limit - after, after);
      return result;
    }

    int size() {
      return idList.size();
    }

    long[] ids(int index) {
      return idList.get(index);
    }

    long[] types(int index) {
      return typeList.get(index);
    }

    List<List<Integer>> batches(int size) {
      Map<Integer, List<Integer>> byLength = new HashMap<>();
      List<List<Integer>> batches = new ArrayList<>();
      for (int i = 0; i < idList.size(); i++) {
        List<Integer> open = byLength.computeIfAbsent(ids(i).length, length -> new ArrayList<>());
        open.add(i);
        if (open.size() == size) {
          batches.add(open);
          byLength.remove(ids(i).length);
        }
      }
      byLength.values().forEach(batches::add);
      return batches;
    }
  }
}
