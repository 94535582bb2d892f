package io.hfmerge.hf.djl.activation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.djl.block.TransformerInputs;
import io.hfmerge.hf.djl.model.Task;
import io.hfmerge.hf.djl.model.TransformerModel;
import io.hfmerge.hf.djl.text.Surroundings;
import io.hfmerge.hf.djl.text.TextTokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Token sequences that stand for a text, and the tokens among them that are looked at.
 *
 * <p>Language models and models without a head get windows of consecutive tokens, spread evenly
 * over the text; sequence classifiers get its lines. Of a masked language model some tokens are
 * replaced by the mask, and predictions are those of the masked tokens; of other models they are
 * those of all tokens, of a sequence classifier those of the lines.
 */
public final class TextSample {

  /** Share of masked tokens in BERT's training (Devlin et al. 2019, 3.1). */
  private static final double MASKED_SHARE = 0.15;

  /** Lines that a sequence classifier gets at most. */
  private static final int MOST_LINES = 256;

  private final List<Sequence> sequences;

  /** One sequence: its ids, the places whose states are looked at, those whose predictions are. */
  private static final class Sequence {

    private final long[] ids;
    private final int[] predicted;
    private int[] looked;

    Sequence(long[] ids, int[] predicted) {
      this.ids = ids;
      this.predicted = predicted;
      this.looked = all(ids.length);
    }
  }

  /**
   * How much of a text to take.
   *
   * @param tokens tokens whose states are looked at, at most, from 2 to 8192: Gram matrices are of
   *     its square
   * @param window tokens of one sequence, at most, from 2; never more than the model's limit
   * @param seed decides which tokens are masked
   */
  public record Settings(int tokens, int window, long seed) {

    /** Gram matrices hardly change beyond a thousand samples. */
    public static final Settings DEFAULT = new Settings(1024, 128, 0);

    private static final int MOST_TOKENS = 8192;

    public Settings {
      if (tokens < 2 || tokens > MOST_TOKENS) {
        throw new InvalidInputException(
            "samples: expected 2 to %d tokens, found %d".formatted(MOST_TOKENS, tokens));
      }
      if (window < 2) {
        throw new InvalidInputException("window: expected 2 tokens or more, found " + window);
      }
    }
  }

  private TextSample(List<Sequence> sequences, int tokens) {
    this.sequences = List.copyOf(sequences);
    thin(tokens);
  }

  /**
   * Takes a sample of a text.
   *
   * @throws InvalidInputException if the model reads images, or the text has no tokens
   */
  public static TextSample of(
      String text, TextTokenizer tokenizer, TransformerModel model, Settings settings) {
    int limit = model.block().settings().limit();
    if (limit == 0) {
      throw new InvalidInputException(
          model.files().reference() + ": expected a model of texts, found one of images");
    }
    Surroundings around = Surroundings.of(tokenizer, "a");
    int content = Math.min(settings.window(), limit) - around.size();
    if (content < 1) {
      throw new InvalidInputException(
          "window: expected more than the %d tokens around every text, found %d"
              .formatted(around.size(), settings.window()));
    }
    List<long[]> parts =
        model.task() == Task.SEQUENCE_CLASSIFICATION
            ? lines(text, tokenizer, content)
            : windows(tokenizer.encodePlain(text).ids(), content, settings.tokens());
    if (parts.isEmpty()) {
      throw new InvalidInputException(
          model.files().reference() + ": expected a text of at least one token, found none");
    }
    OptionalLong mask = model.task() == Task.MASKED_LM ? tokenizer.maskId() : OptionalLong.empty();
    SplittableRandom random = new SplittableRandom(settings.seed());
    List<Sequence> sequences = new ArrayList<>();
    for (long[] part : parts) {
      long[] ids = around.around(part);
      int[] predicted = all(ids.length);
      if (mask.isPresent()) {
        predicted = masked(around.before(), part.length, random);
        for (int place : predicted) {
          ids[place] = mask.getAsLong();
        }
      }
      sequences.add(new Sequence(ids, predicted));
    }
    return new TextSample(sequences, settings.tokens());
  }

  /** Of token sequences as they are, every token looked at. */
  public static TextSample ofTokens(List<long[]> sequences) {
    List<Sequence> all = new ArrayList<>();
    for (long[] ids : sequences) {
      all.add(new Sequence(ids.clone(), all(ids.length)));
    }
    return new TextSample(all, Integer.MAX_VALUE);
  }

  private static List<long[]> lines(String text, TextTokenizer tokenizer, int content) {
    List<String> lines = text.lines().filter(line -> !line.isBlank()).toList();
    int count = Math.min(MOST_LINES, lines.size());
    List<long[]> parts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String line = lines.get((int) ((long) i * lines.size() / count));
      long[] ids = tokenizer.encodePlain(line).ids();
      if (ids.length > 0) {
        parts.add(Arrays.copyOf(ids, Math.min(ids.length, content)));
      }
    }
    return parts;
  }

  /** Whole windows; a text that is shorter than one is one. */
  private static List<long[]> windows(long[] ids, int content, int tokens) {
    if (ids.length == 0) {
      return List.of();
    }
    int length = Math.min(content, ids.length);
    int available = ids.length / length;
    int count = Math.clamp(tokens / length, 1, available);
    List<long[]> parts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int begin = (int) ((long) i * available / count) * length;
      parts.add(Arrays.copyOfRange(ids, begin, begin + length));
    }
    return parts;
  }

  /** One at least of every sequence. */
  private static int[] masked(int first, int count, SplittableRandom random) {
    int[] places =
        IntStream.range(first, first + count)
            .filter(place -> random.nextDouble() < MASKED_SHARE)
            .toArray();
    return places.length > 0 ? places : new int[] {first + random.nextInt(count)};
  }

  private static int[] all(int count) {
    return IntStream.range(0, count).toArray();
  }

  /** Looks at no more tokens than these, spread evenly. */
  private void thin(int tokens) {
    int total = tokens();
    if (total <= tokens) {
      return;
    }
    int begin = 0;
    for (Sequence sequence : sequences) {
      int first = begin;
      sequence.looked =
          IntStream.range(0, sequence.ids.length)
              .filter(place -> chosen(first + place, total, tokens))
              .toArray();
      begin += sequence.ids.length;
    }
  }

  /** Whether a whole number of tokens is reached at this place and not before. */
  private static boolean chosen(int place, int total, int tokens) {
    return (long) place * tokens / total != (long) (place + 1) * tokens / total;
  }

  /** Number of sequences. */
  public int sequences() {
    return sequences.size();
  }

  /** Number of tokens that are looked at. */
  public int tokens() {
    return sequences.stream().mapToInt(sequence -> sequence.looked.length).sum();
  }

  /** Places of a sequence whose states are looked at. */
  int[] looked(int sequence) {
    return sequences.get(sequence).looked;
  }

  /** Places of a sequence whose predictions are looked at. */
  int[] predicted(int sequence) {
    return sequences.get(sequence).predicted;
  }

  /** The sequences in batches of about so many tokens: index of the first of each, and the end. */
  List<int[]> batches(int tokens) {
    List<int[]> batches = new ArrayList<>();
    int first = 0;
    int longest = 0;
    for (int i = 0; i < sequences.size(); i++) {
      int length = Math.max(longest, sequences.get(i).ids.length);
      if (i > first && (long) (i - first + 1) * length > tokens) {
        batches.add(new int[] {first, i});
        first = i;
        length = sequences.get(i).ids.length;
      }
      longest = length;
    }
    batches.add(new int[] {first, sequences.size()});
    return batches;
  }

  /** All sequences of several samples, one after another. */
  static TextSample joined(List<TextSample> samples) {
    List<Sequence> all = new ArrayList<>();
    samples.forEach(sample -> all.addAll(sample.sequences));
    return new TextSample(all);
  }

  private TextSample(List<Sequence> sequences) {
    this.sequences = List.copyOf(sequences);
  }

  /** Model inputs {@code [B, longest]} of some sequences, padded on the right. */
  TransformerInputs inputs(TransformerModel model, NDManager manager, int first, int end) {
    long padding = model.config().integer("pad_token_id").orElse(0);
    List<Sequence> batch = sequences.subList(first, end);
    int longest = batch.stream().mapToInt(sequence -> sequence.ids.length).max().orElseThrow();
    long[][] ids = new long[batch.size()][longest];
    long[][] mask = new long[batch.size()][longest];
    boolean padded = false;
    for (int i = 0; i < ids.length; i++) {
      long[] own = batch.get(i).ids;
      System.arraycopy(own, 0, ids[i], 0, own.length);
      Arrays.fill(ids[i], own.length, longest, padding);
      Arrays.fill(mask[i], 0, own.length, 1);
      padded |= own.length < longest;
    }
    NDArray content = manager.create(ids);
    return padded
        ? TransformerInputs.of(content, manager.create(mask))
        : TransformerInputs.of(content);
  }
}
