package io.hfmerge.examples.experiment.taskvector;

import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.djl.text.TextTokenizer;
import java.io.IOException;
import java.util.List;

/** A definition as token ids, and its class. Arrays are not copied. */
final class EncodedGloss {

  private final long[] ids;
  private final int label;

  private EncodedGloss(long[] ids, int label) {
    this.ids = ids;
    this.label = label;
  }

  /**
   * Encodes definitions.
   *
   * @param limit most tokens; of longer ones the last token, the separator, stays
   */
  static List<EncodedGloss> of(List<Gloss> glosses, HfModel model, int limit) throws IOException {
    try (TextTokenizer tokenizer = TextTokenizer.open(model)) {
      return glosses.stream()
          .map(gloss ->
              new EncodedGloss(cut(tokenizer.encode(gloss.text()).ids(), limit), gloss.label()))
          .toList();
    }
  }

  private static long[] cut(long[] ids, int limit) {
    if (ids.length <= limit) {
      return ids;
    }
    long[] cut = java.util.Arrays.copyOf(ids, limit);
    cut[limit - 1] = ids[ids.length - 1];
    return cut;
  }

  long[] ids() {
    return ids;
  }

  int label() {
    return label;
  }
}
