package io.hfmerge.hf.djl.trial;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.checklist.Finding;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.djl.text.TextTokenizer;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What a model is run on.
 *
 * @param text what it is, for people
 * @param ids token ids; empty for an image
 * @param pixels shape of a blank image, {@code [1, C, S, S]}; empty for a text
 * @param positions length of the sequence that the layers see
 * @param fault of the tokenizer, in which case there is nothing to run on
 */
record TrialInput(
    String text, List<Long> ids, List<Long> pixels, long positions, Optional<Finding> fault) {

  /** Any text does; this one is plain, and short in every vocabulary. */
  private static final String SENTENCE = "The quick brown fox jumps over the lazy dog.";

  private static final int IDS_WITHOUT_TOKENIZER = 8;

  /** Spreads ids over the vocabulary; prime, so that it does so for any size. */
  private static final long ID_STEP = 7919;

  private static final int MAX_IMAGE = 100_000;

  TrialInput {
    ids = List.copyOf(ids);
    pixels = List.copyOf(pixels);
  }

  /**
   * A sentence, or ids where there is no tokenizer that can be read here.
   *
   * @param vocabulary ids are below it
   * @param limit most tokens
   */
  static TrialInput text(HfModel model, long vocabulary, int limit) throws IOException {
    long[] ids;
    try (TextTokenizer tokenizer = TextTokenizer.open(model)) {
      ids = tokenizer.encode(SENTENCE).ids();
    } catch (UnresolvedReferenceException | UnsupportedFeatureException e) {
      return ids(vocabulary, limit);
    } catch (MalformedCheckpointException e) {
      return faulty("a tokenizer that reads text", String.valueOf(e.getMessage()));
    }
    for (long id : ids) {
      if (id >= vocabulary) {
        return faulty(
            "tokens of the model's vocabulary of " + vocabulary,
            "token " + id + " in \"" + SENTENCE + '"');
      }
    }
    if (ids.length == 0) {
      return faulty("tokens for \"" + SENTENCE + '"', "none");
    }
    long[] some = Arrays.copyOf(ids, Math.min(ids.length, limit));
    return ofIds(some.length + (some.length == 1 ? " token" : " tokens") + " of text", some);
  }

  private static TrialInput faulty(String expected, String found) {
    return new TrialInput(
        "", List.of(), List.of(), 0, Optional.of(new Finding("tokenizer", expected, found)));
  }

  private static TrialInput ids(long vocabulary, int limit) {
    long[] ids = new long[Math.min(IDS_WITHOUT_TOKENIZER, limit)];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (i + 1) * ID_STEP % vocabulary;
    }
    return ofIds(ids.length + " ids, since no tokenizer can be read here", ids);
  }

  private static TrialInput ofIds(String text, long[] ids) {
    return new TrialInput(
        text, Arrays.stream(ids).boxed().toList(), List.of(), ids.length, Optional.empty());
  }

  /** A black image of the size that the model takes. */
  static TrialInput image(HfModel model) {
    ModelConfig config = model.config().orElseThrow();
    long channels = config.requiredCount(MAX_IMAGE, "num_channels");
    long size = config.requiredCount(MAX_IMAGE, "image_size");
    long patches = size / config.requiredCount(MAX_IMAGE, "patch_size");
    return new TrialInput(
        "a blank image of %d x %d".formatted(size, size),
        List.of(),
        List.of(1L, channels, size, size),
        1 + patches * patches,
        Optional.empty());
  }

  NDArray array(NDManager manager) {
    return ids.isEmpty()
        ? manager.zeros(new Shape(pixels))
        : manager.create(
            ids.stream().mapToLong(Long::longValue).toArray(), new Shape(1, ids.size()));
  }
}
