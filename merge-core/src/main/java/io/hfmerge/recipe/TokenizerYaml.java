package io.hfmerge.recipe;

import java.util.function.UnaryOperator;

/** Writes the keys of a recipe that concern its tokenizer. */
final class TokenizerYaml {

  private final UnaryOperator<String> text;

  /**
   * @param text quotes a text where YAML would take it for something else
   */
  TokenizerYaml(UnaryOperator<String> text) {
    this.text = text;
  }

  void write(StringBuilder yaml, Recipe recipe) {
    TokenizerSpec tokenizer = recipe.tokenizer();
    if (tokenizer != null) {
      tokenizer(yaml, tokenizer);
    }
    ChatTemplateChoice template = recipe.chatTemplate();
    if (template != null) {
      yaml.append("chat_template: ").append(text.apply(template.text())).append('\n');
    }
  }

  private void tokenizer(StringBuilder yaml, TokenizerSpec tokenizer) {
    yaml.append("tokenizer:\n  source: ");
    yaml.append(
            switch (tokenizer.source()) {
              case VocabularySource.Base _ -> "base";
              case VocabularySource.Union _ -> "union";
              case VocabularySource.Model(String reference) -> text.apply(reference);
            })
        .append('\n');
    if (!tokenizer.tokens().isEmpty()) {
      yaml.append("  tokens:\n");
      tokenizer
          .tokens()
          .forEach((token, rule) -> {
            yaml.append("    ").append(text.apply(token)).append(":\n      source: ");
            yaml.append(source(rule.source())).append('\n');
            if (rule.force()) {
              yaml.append("      force: true\n");
            }
          });
    }
    if (tokenizer.padToMultipleOf() != null) {
      yaml.append("  pad_to_multiple_of: ").append(tokenizer.padToMultipleOf()).append('\n');
    }
  }

  private String source(TokenSource source) {
    return switch (source) {
      case TokenSource.Zero _ -> "{kind: zero}";
      case TokenSource.SameToken(String reference) -> text.apply(reference);
      case TokenSource.OtherToken(String reference, String token) ->
          "{kind: model_token, model: %s, token: %s}"
              .formatted(text.apply(reference), text.apply(token));
      case TokenSource.Row(String reference, int id) ->
          "{kind: model_token, model: %s, token_id: %d}".formatted(text.apply(reference), id);
    };
  }
}
