package io.hfmerge.hf.vocab;

import io.hfmerge.hf.json.PythonJson;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A token that a tokenizer looks for in the text before its model sees it.
 *
 * @param id its row
 * @param content its text
 * @param singleWord whether it is found only where no letter or digit touches it
 * @param lstrip whether it takes in the white space on its left
 * @param rstrip whether it takes in the white space on its right
 * @param normalized whether it is looked for in the normalised text
 * @param special whether decoding may leave it out
 */
record AddedToken(
    int id,
    String content,
    boolean singleWord,
    boolean lstrip,
    boolean rstrip,
    boolean normalized,
    boolean special) {

  /**
   * An ordinary token of another vocabulary. As the pieces of words that such tokens are would cut
   * other words, those of letters and digits alone are found as whole words only.
   */
  static AddedToken ordinary(int id, String content) {
    boolean word = content.codePoints().allMatch(Character::isLetterOrDigit);
    return new AddedToken(id, content, word, false, false, false, false);
  }

  /** A token of {@code added_tokens.json}, which says no more than text and id. */
  static AddedToken legacy(int id, String content) {
    return new AddedToken(id, content, false, false, false, false, false);
  }

  AddedToken withId(int newId) {
    return new AddedToken(newId, content, singleWord, lstrip, rstrip, normalized, special);
  }

  /** As {@code added_tokens_decoder} has it: the properties without the id. */
  String decoderJson() {
    return '{' + propertiesJson() + '}';
  }

  /** As {@code tokenizer.json} has it. */
  String tokenizerJson() {
    return "{\"id\": " + id + ", " + propertiesJson() + '}';
  }

  /** As {@code tokenizer.json} has it, key by key. */
  Map<String, Object> properties() {
    Map<String, Object> properties = new LinkedHashMap<>();
    properties.put("id", id);
    properties.put("content", content);
    properties.put("single_word", singleWord);
    properties.put("lstrip", lstrip);
    properties.put("rstrip", rstrip);
    properties.put("normalized", normalized);
    properties.put("special", special);
    return properties;
  }

  private String propertiesJson() {
    return "\"content\": "
        + PythonJson.string(content)
        + ", \"single_word\": "
        + singleWord
        + ", \"lstrip\": "
        + lstrip
        + ", \"rstrip\": "
        + rstrip
        + ", \"normalized\": "
        + normalized
        + ", \"special\": "
        + special;
  }
}
