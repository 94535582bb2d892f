package io.hfmerge.hf.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** Small tokenizers of whole words, written as the tokenizers library writes its own. */
public final class TokenizerFolder {

  private TokenizerFolder() {}

  /**
   * Writes {@code tokenizer.json}.
   *
   * @param words tokens of the model; a word's id is its place
   * @param added added tokens, each with the next id; those in angle brackets are special
   */
  public static void write(Path folder, List<String> words, List<String> added) throws IOException {
    Files.createDirectories(folder);
    Map<String, Object> vocabulary = new LinkedHashMap<>();
    for (String word : words) {
      vocabulary.put(word, vocabulary.size());
    }
    List<Object> tokens = new ArrayList<>();
    for (String token : added) {
      tokens.add(addedToken(words.size() + tokens.size(), token));
    }
    Map<String, Object> model = new LinkedHashMap<>();
    model.put("type", "WordLevel");
    model.put("vocab", vocabulary);
    model.put("unk_token", words.getFirst());
    Map<String, Object> tokenizer = new LinkedHashMap<>();
    tokenizer.put("version", "1.0");
    tokenizer.put("truncation", null);
    tokenizer.put("padding", null);
    tokenizer.put("added_tokens", tokens);
    tokenizer.put("normalizer", null);
    tokenizer.put("pre_tokenizer", Map.of("type", "WhitespaceSplit"));
    tokenizer.put("post_processor", null);
    tokenizer.put("decoder", null);
    tokenizer.put("model", model);
    Files.writeString(folder.resolve("tokenizer.json"), json(tokenizer));
  }

  /**
   * Writes {@code vocab.json} and {@code merges.txt} of 96 ids: the end of text, the 94 printable
   * characters of ASCII in their order, and the pair {@code ab}.
   */
  public static void writeCharacters(Path folder) throws IOException {
    Map<String, Object> vocabulary = new LinkedHashMap<>();
    vocabulary.put("<|endoftext|>", 0);
    for (char character = '!'; character <= '~'; character++) {
      vocabulary.put(String.valueOf(character), vocabulary.size());
    }
    vocabulary.put("ab", vocabulary.size());
    Files.writeString(folder.resolve("vocab.json"), json(vocabulary));
    Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\na b\n");
  }

  /** An added token as {@code tokenizer.json} lists it. */
  public static Map<String, Object> addedToken(int id, String content) {
    Map<String, Object> token = new LinkedHashMap<>();
    token.put("id", id);
    token.put("content", content);
    token.put("single_word", false);
    token.put("lstrip", false);
    token.put("rstrip", false);
    token.put("normalized", false);
    token.put("special", content.startsWith("<"));
    return token;
  }

  /** JSON text with two spaces of indentation. */
  public static String json(Object value) {
    return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(value) + "\n";
  }
}
