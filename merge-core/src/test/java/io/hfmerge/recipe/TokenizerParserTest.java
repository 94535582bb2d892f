package io.hfmerge.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.method.MergeMethods;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerParserTest {

  private static final String MODELS =
      """
      merge_method: linear
      base_model: org/base
      parameters: {weight: 1}
      models: [{model: org/base}, {model: org/chat}]
      """;

  private static Recipe read(String keys) {
    return new RecipeReader(MergeMethods.installed()).read(MODELS + keys, "r.yaml");
  }

  @Test
  void readsTheOlderKeyAsATokenizerWithoutRules() {
    assertThat(read("tokenizer_source: union").tokenizer())
        .isEqualTo(TokenizerSpec.of(new VocabularySource.Union()));
    assertThat(read("tokenizer_source: base").tokenizer())
        .isEqualTo(TokenizerSpec.of(new VocabularySource.Base()));
    assertThat(read("tokenizer_source: org/chat").tokenizer())
        .isEqualTo(TokenizerSpec.of(new VocabularySource.Model("org/chat")));
    assertThat(read("tokenizer_source: {model: {path: org/x, revision: v1}}").tokenizer())
        .isEqualTo(TokenizerSpec.of(new VocabularySource.Model("org/x@v1")));
    assertThat(read("").tokenizer()).isNull();
  }

  @Test
  void readsEveryKindOfTokenSource() {
    TokenizerSpec tokenizer =
        read("""
        tokenizer:
          tokens:
            <|im_start|>: {source: org/chat, force: true}
            <|im_end|>:
              source: {kind: model_token, model: org/base, token: "</s>"}
            "[PAD]": {source: {kind: zero}}
            x: {source: {kind: model_token, model: {model: {path: org/chat}}, token_id: 7}, force: no}
          pad_to_multiple_of: 64
        """)
            .tokenizer();
    assertThat(tokenizer)
        .isEqualTo(
            new TokenizerSpec(
                new VocabularySource.Union(),
                Map.of(
                    "<|im_start|>", new TokenRule(new TokenSource.SameToken("org/chat"), true),
                    "<|im_end|>",
                        new TokenRule(new TokenSource.OtherToken("org/base", "</s>"), false),
                    "[PAD]", new TokenRule(new TokenSource.Zero(), false),
                    "x", new TokenRule(new TokenSource.Row("org/chat", 7), false)),
                64));
    assertThat(tokenizer.tokens().keySet())
        .containsExactly("<|im_start|>", "<|im_end|>", "[PAD]", "x");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          tokenizer: {sorce: base}                          | 5:13: unknown key "sorce" in a tokenizer; did you mean "source"?
          tokenizer: union                                  | 5:12: expected a tokenizer (keys and values)
          tokenizer: {source: [a]}                          | expected a model reference
          tokenizer: {pad_to_multiple_of: 0}                | 5:33: expected a whole number from 1 to 1048576
          tokenizer: {pad_to_multiple_of: 1.5}              | expected a whole number
          tokenizer: {tokens: [a]}                          | expected tokens (keys and values)
          tokenizer: {tokens: {a: org/base}}                | 5:25: expected a token (keys and values)
          tokenizer: {tokens: {a: {}}}                      | 5:25: missing source
          tokenizer: {tokens: {a: {source: org/base, forse: true}}} | did you mean "force"?
          tokenizer: {tokens: {a: {source: org/base, force: 2}}} | 5:51: expected true or false for force, found the number 2
          tokenizer: {tokens: {a: {source: {kind: zeros}}}} | 5:41: expected zero or model_token, found "zeros"; did you mean "zero"?
          tokenizer: {tokens: {a: {source: {kind: zero, token: x}}}} | 5:54: token beside kind: zero
          tokenizer: {tokens: {a: {source: {kind: model_token, token: x}}}} | missing model
          tokenizer: {tokens: {a: {source: {kind: model_token, model: org/base}}}} | missing token or token_id
          tokenizer: {tokens: {a: {source: {kind: model_token, model: org/base, token: x, token_id: 1}}}} | token beside token_id
          tokenizer: {tokens: {a: {source: {kind: model_token, model: org/base, token_id: -1}}}} | expected a token id from 0 on, found -1
          tokenizer: {tokens: {a.b: {source: org/chad}}}    | 5:36: token "a.b": expected one of the recipe's models, found "org/chad"; did you mean "org/chat"?
          tokenizer: {tokens: {a: {source: org/base}, a: {source: org/base}}} | key "a" is given twice
          tokenizer: {source: {model: {path: base}}}        | write its path as ./base
          tokenizer_source: ''                              | found an empty text
          chat_template: chatlm                             | 5:16: expected auto, alpaca, chatml, exaone, llama3, mistral or a Jinja template, found "chatlm"; did you mean "chatml"?
          chat_template: [a]                                | expected a text for chat_template
          """)
  void saysWhatIsWrongAndWhere(String keys, String expected) {
    assertThatThrownBy(() -> read(keys))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageStartingWith("r.yaml:5:")
        .hasMessageContaining(expected);
  }

  @Test
  void saysAllFaultsAtOnce() {
    assertThatThrownBy(() ->
            read(
                """
                tokenizer_source: union
                tokenizer: {tokens: {a: {source: org/none}, b: {force: x}}}
                chat_template: none
                """))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining("r.yaml:6:12: tokenizer beside tokenizer_source")
        .hasMessageContaining("r.yaml:6:48: missing source")
        .hasMessageContaining("r.yaml:6:56: expected true or false")
        .hasMessageContaining("r.yaml:7:16: expected auto");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"auto", "llama3", "'{{ bos_token }}{% for m in messages %}x{% endfor %}'"})
  void readsChatTemplates(String template) {
    ChatTemplateChoice choice = read("chat_template: " + template).chatTemplate();
    assertThat(choice).isNotNull();
    assertThat(choice.isAuto()).isEqualTo(template.equals("auto"));
    assertThat(choice.isNamed()).isEqualTo(template.equals("llama3"));
    assertThat("'" + choice.text() + "'").contains(choice.text());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tokenizer_source: union",
        "tokenizer_source: base",
        "tokenizer_source: org/other@main",
        "tokenizer: {pad_to_multiple_of: 8}",
        "chat_template: auto",
        "chat_template: \"{%- for m in messages %}\\n  {{ m['content'] + \\\"'\\\" }}\\t\\u00e9\\u2581{%- endfor %}\"",
        "tokenizer: {tokens: {'<|im_start|>': {source: org/chat, force: true}, 'yes': {source: {kind:"
            + " zero}}, \"a: b # \\n\": {source: {kind: model_token, model: org/base, token: \"}, {\"}}, '7':"
            + " {source: {kind: model_token, model: org/chat, token_id: 3}}}}",
      })
  void isWrittenAsItIsRead(String keys) {
    Recipe recipe = read(keys);
    String yaml = new RecipeWriter().write(recipe);
    Recipe again = new RecipeReader(MergeMethods.installed()).read(yaml, "again.yaml");
    assertThat(again).as(yaml).isEqualTo(recipe);
    if (recipe.tokenizer() != null && again.tokenizer() != null) {
      assertThat(List.copyOf(again.tokenizer().tokens().keySet()))
          .isEqualTo(List.copyOf(recipe.tokenizer().tokens().keySet()));
    }
  }
}
