package io.hfmerge.hf.djl.eval;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
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
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

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
    Map<String, Integer> ids = LabelEvaluation.labelIds(model, logits[0].length);
    return labels().ofHead("sequence-classification", model, logits, ids, notes);
  }

  private Evaluation probe(TransformerModel model, Sequences sequences, List<String> notes) {
    return labels()
        .ofProbe(
            settings,
            () -> run(model, sequences, Wanted.HIDDEN, out -> out.lastHidden().mean(new int[] {1})),
            "texts",
            notes);
  }

  private LabelEvaluation labels() {
    return new LabelEvaluation(
        texts.rows().stream().map(LabelledTexts.Row::label).toList(),
        "examples " + texts.hashCode());
  }

  private static NDArray logits(TransformerOutputs outputs) {
    return Objects.requireNonNull(outputs.logits());
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
