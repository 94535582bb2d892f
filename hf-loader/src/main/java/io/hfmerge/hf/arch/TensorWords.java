package io.hfmerge.hf.arch;

import io.hfmerge.tensor.TensorSpec;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** What names alone tell of a tensor, in every family and in unknown ones. */
final class TensorWords {

  private static final Set<String> HEADS =
      Set.of("lm_head", "cls", "classifier", "pre_classifier", "score", "qa_outputs", "embed_out");
  private static final Set<String> EMBEDDINGS = Set.of("wte", "wpe", "shared");

  private static final Set<String> OUTPUT_EMBEDDINGS = Set.of("embed_out", "unembed");

  /** Parts of names of what an input passes before the first layer, beside embeddings. */
  private static final Set<String> BEFORE_LAYERS =
      Set.of("wte", "wpe", "shared", "pre_layrnorm", "pre_layernorm", "project_in", "cls_token");

  private static final Pattern VOCABULARY =
      Pattern.compile(
          "(.*\\.)?(embed_tokens|word_embeddings|tok_embeddings|wte|embed_in|shared|lm_head"
              + "|embed_out)\\.weight");

  private TensorWords() {}

  /** Whether a tensor outside the layers acts before them. */
  static boolean precedesLayers(String canonicalName) {
    List<String> parts = List.of(canonicalName.split("\\.", -1));
    if (parts.stream().anyMatch(OUTPUT_EMBEDDINGS::contains)) {
      return false;
    }
    return parts.stream().anyMatch(part -> part.contains("embed") || BEFORE_LAYERS.contains(part));
  }

  /** Whether a matrix of a family without definition has a row for each token. */
  static boolean isVocabulary(String canonicalName) {
    return VOCABULARY.matcher(canonicalName).matches();
  }

  /**
   * Whether a tensor is no weight: masks, positions and rotary tables that older releases stored,
   * counters, and everything of integers or truth values.
   */
  static boolean isBuffer(TensorSpec tensor) {
    String name = tensor.name();
    return tensor.dtype().isIntegral()
        || (tensor.shape().rank() == 4
            && (name.endsWith("attn.bias") || name.endsWith("attention.bias")))
        || endsWithPart(name, "masked_bias")
        || endsWithPart(name, "position_ids")
        || endsWithPart(name, "num_batches_tracked")
        || name.endsWith("rotary_emb.inv_freq");
  }

  /** A word for a tensor that no definition describes. */
  static String word(String canonicalName) {
    List<String> parts = List.of(canonicalName.split("\\.", -1));
    String module = parts.size() < 2 ? canonicalName : parts.get(parts.size() - 2);
    if (isNorm(module.toLowerCase(Locale.ROOT))) {
      return "norm";
    }
    if (HEADS.contains(parts.getFirst())) {
      return "head";
    }
    if (parts.stream().anyMatch(part -> EMBEDDINGS.contains(part) || part.contains("embed"))) {
      return "embedding";
    }
    return parts.contains("pooler") ? "pooler" : "other";
  }

  private static boolean isNorm(String module) {
    return module.contains("norm") || module.equals("ln") || module.startsWith("ln_");
  }

  private static boolean endsWithPart(String name, String part) {
    int start = name.length() - part.length();
    return name.endsWith(part) && (start == 0 || name.charAt(start - 1) == '.');
  }
}
