package io.hfmerge.recipe;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a recipe says about the output's vocabulary: {@code tokenizer}, or the older {@code
 * tokenizer_source}.
 *
 * @param source whose tokenizer
 * @param tokens rules by token, in the recipe's order; a token that the vocabulary lacks is added
 * @param padToMultipleOf what the number of rows is a multiple of; {@code null} to keep the padding
 *     that the source's embedding has
 */
public record TokenizerSpec(
    VocabularySource source, Map<String, TokenRule> tokens, @Nullable Integer padToMultipleOf) {

  /** Largest {@link #padToMultipleOf}; those in use are at most some thousand. */
  public static final int MAX_MULTIPLE = 1 << 20;

  public TokenizerSpec {
    tokens = OrderedMaps.copyOf(tokens);
    if (padToMultipleOf != null && (padToMultipleOf < 1 || padToMultipleOf > MAX_MULTIPLE)) {
      throw new IllegalArgumentException("pad_to_multiple_of " + padToMultipleOf);
    }
    if (tokens.containsKey("")) {
      throw new IllegalArgumentException("a rule for the empty token");
    }
  }

  /** A vocabulary without rules for single tokens, padded as its source is. */
  public static TokenizerSpec of(VocabularySource source) {
    return new TokenizerSpec(source, Map.of(), null);
  }
}
