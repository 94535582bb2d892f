package io.hfmerge.recipe;

import java.util.List;
import java.util.function.BiConsumer;

/** Checks that the rows that a recipe asks for are those of its models. */
final class TokenizerChecker {

  private TokenizerChecker() {}

  /** Where a rule's source is, for {@link RecipeProblems}. */
  static String place(String token) {
    return "tokenizer.tokens." + token + ".source";
  }

  static void check(Recipe recipe, BiConsumer<String, String> faults) {
    TokenizerSpec tokenizer = recipe.tokenizer();
    if (tokenizer == null) {
      return;
    }
    List<String> known = recipe.references();
    tokenizer
        .tokens()
        .forEach((token, rule) -> {
          switch (rule.source()) {
            case TokenSource.Zero _ -> {}
            case TokenSource.SameToken(String reference) ->
                checkReference(token, reference, known, faults);
            case TokenSource.OtherToken(String reference, String _) ->
                checkReference(token, reference, known, faults);
            case TokenSource.Row(String reference, int _) ->
                checkReference(token, reference, known, faults);
          }
        });
  }

  private static void checkReference(
      String token, String reference, List<String> known, BiConsumer<String, String> faults) {
    if (!known.contains(reference)) {
      faults.accept(
          place(token),
          "token \""
              + token
              + "\": expected one of the recipe's models, found \""
              + reference
              + '"'
              + Spelling.hint(reference, known));
    }
  }
}
