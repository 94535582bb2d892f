package io.hfmerge.hf.vocab;

import io.hfmerge.error.MalformedCheckpointException;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads the tokens of {@code tokenizer.json} and {@code vocab.json} as a stream: merge rules, which
 * are most of such files, are passed over.
 *
 * <p>Source: huggingface/tokenizers, serialisation of {@code TokenizerImpl}, {@code BPE}, {@code
 * WordPiece}, {@code WordLevel} (objects of ids) and {@code Unigram} (a list of piece and score).
 */
final class TokenizerJson {

  private static final JsonFactory JSON =
      JsonFactory.builder()
          // names are tokens here: a table of them all would only cost time
          .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
          .build();

  /** Of the published files, merge rules included: a guess at the number of tokens. */
  private static final int BYTES_PER_TOKEN = 48;

  private final String source;
  private final Map<String, Integer> ids;
  private final BitSet modelIds = new BitSet();
  private final Map<String, AddedToken> added = new LinkedHashMap<>();
  private int modelTokens;

  private TokenizerJson(String source, int bytes) {
    this.source = source;
    this.ids = HashMap.newHashMap(bytes / BYTES_PER_TOKEN);
  }

  /** Reads a {@code tokenizer.json}. */
  static TokenizerJson readTokenizer(String source, byte[] bytes) {
    TokenizerJson read = new TokenizerJson(source, bytes.length);
    read.parse(bytes, read::tokenizer);
    return read;
  }

  /** Reads a {@code vocab.json}: an object of ids. */
  static TokenizerJson readIds(String source, byte[] bytes) {
    TokenizerJson read = new TokenizerJson(source, bytes.length);
    read.parse(bytes, read::objectOfIds);
    read.modelTokens = read.ids.size();
    return read;
  }

  /** Id by token, added tokens included. */
  Map<String, Integer> ids() {
    return ids;
  }

  /** Added tokens by content, in the file's order. */
  Map<String, AddedToken> added() {
    return added;
  }

  /**
   * The id that the tokenizers library gives to the next added token: one more than the largest of
   * the added ones, or the number of tokens of the model.
   */
  int nextId() {
    int largest = added.values().stream().mapToInt(AddedToken::id).max().orElse(-1);
    return Math.max(largest + 1, modelTokens);
  }

  private interface Content {
    void read(JsonParser json);
  }

  private void parse(byte[] bytes, Content content) {
    try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), bytes)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw malformed("an object", json);
      }
      content.read(json);
      if (json.nextToken() != null) {
        throw malformed("the end of the file", json);
      }
    } catch (JacksonException e) {
      throw new MalformedCheckpointException(
          source + ": expected JSON, found: " + e.getOriginalMessage(), e);
    }
  }

  private void tokenizer(JsonParser json) {
    Set<String> seen = new HashSet<>();
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = json.currentName();
      JsonToken value = json.nextToken();
      if (!seen.add(key)) {
        throw malformed("key \"" + key + "\" once", json);
      }
      if (key.equals("model")) {
        expect(value, JsonToken.START_OBJECT, "an object for \"model\"", json);
        model(json);
      } else if (key.equals("added_tokens") && value != JsonToken.VALUE_NULL) {
        expect(value, JsonToken.START_ARRAY, "a list for \"added_tokens\"", json);
        addedTokens(json);
      } else {
        json.skipChildren();
      }
    }
    modelTokens = ids.size();
    if (!seen.contains("model")) {
      throw new MalformedCheckpointException(source + ": expected a key \"model\", found none");
    }
    addToIds();
  }

  private void addToIds() {
    for (AddedToken token : added.values()) {
      Integer id = ids.get(token.content());
      if (id != null && id != token.id()) {
        throw new MalformedCheckpointException(
            "%s: token \"%s\": expected one id, found %d in the vocabulary and %d among the added"
                .formatted(source, token.content(), id, token.id()));
      }
      if (id == null && modelIds.get(token.id())) {
        throw new MalformedCheckpointException(
            "%s: added token \"%s\": expected an id of its own, found %d, which the vocabulary has"
                .formatted(source, token.content(), token.id()));
      }
    }
    added.forEach((content, token) -> ids.put(content, token.id()));
  }

  private void model(JsonParser json) {
    boolean found = false;
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = json.currentName();
      JsonToken value = json.nextToken();
      if (!key.equals("vocab")) {
        json.skipChildren();
        continue;
      }
      if (found) {
        throw malformed("key \"vocab\" once", json);
      }
      found = true;
      if (value == JsonToken.START_OBJECT) {
        objectOfIds(json);
      } else {
        expect(value, JsonToken.START_ARRAY, "an object or a list for \"vocab\"", json);
        listOfPieces(json);
      }
    }
    if (!found) {
      throw new MalformedCheckpointException(
          source + ": expected a key \"vocab\" in \"model\", found none");
    }
  }

  private void objectOfIds(JsonParser json) {
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String token = json.currentName();
      json.nextToken();
      int id = id(json, token);
      if (modelIds.get(id)) {
        throw malformed("an id of its own for token \"" + token + '"', json);
      }
      put(token, id, json);
    }
  }

  /** Pieces and their scores; a piece's id is its place. */
  private void listOfPieces(JsonParser json) {
    int id = 0;
    while (json.nextToken() != JsonToken.END_ARRAY) {
      expect(json.currentToken(), JsonToken.START_ARRAY, "a pair of piece and score", json);
      expect(json.nextToken(), JsonToken.VALUE_STRING, "a piece", json);
      put(json.getString(), id, json);
      json.nextToken();
      if (json.currentToken() == null || !json.currentToken().isNumeric()) {
        throw malformed("a score", json);
      }
      expect(json.nextToken(), JsonToken.END_ARRAY, "a pair of piece and score", json);
      id++;
      if (id > Vocabulary.MAX_ID) {
        throw malformed("at most " + Vocabulary.MAX_ID + " pieces", json);
      }
    }
  }

  private void addedTokens(JsonParser json) {
    while (json.nextToken() != JsonToken.END_ARRAY) {
      expect(json.currentToken(), JsonToken.START_OBJECT, "an added token", json);
      AddedToken token = addedToken(json);
      if (added.putIfAbsent(token.content(), token) != null) {
        throw malformed("added token \"" + token.content() + "\" once", json);
      }
      if (added.size() > Vocabulary.MAX_ID) {
        throw malformed("at most " + Vocabulary.MAX_ID + " added tokens", json);
      }
    }
    if (added.values().stream().map(AddedToken::id).distinct().count() != added.size()) {
      throw malformed("an id of its own for each added token", json);
    }
  }

  private AddedToken addedToken(JsonParser json) {
    int id = -1;
    String content = null;
    Set<String> flags = new HashSet<>();
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = json.currentName();
      JsonToken value = json.nextToken();
      switch (key) {
        case "id" -> id = id(json, "added");
        case "content" -> {
          expect(value, JsonToken.VALUE_STRING, "a text for \"content\"", json);
          content = json.getString();
        }
        default -> {
          if (value == JsonToken.VALUE_TRUE) {
            flags.add(key);
          }
          json.skipChildren();
        }
      }
    }
    if (id < 0 || content == null) {
      throw malformed("\"id\" and \"content\" in an added token", json);
    }
    return new AddedToken(
        id,
        content,
        flags.contains("single_word"),
        flags.contains("lstrip"),
        flags.contains("rstrip"),
        flags.contains("normalized"),
        flags.contains("special"));
  }

  private int id(JsonParser json, String token) {
    boolean whole = json.currentToken() == JsonToken.VALUE_NUMBER_INT;
    if (whole && json.getNumberType() == JsonParser.NumberType.INT) {
      int id = json.getIntValue();
      if (id >= 0 && id <= Vocabulary.MAX_ID) {
        return id;
      }
    }
    throw malformed("an id from 0 to %d for \"%s\"".formatted(Vocabulary.MAX_ID, token), json);
  }

  private void put(String token, int id, JsonParser json) {
    modelIds.set(id);
    if (ids.put(token, id) != null) {
      throw malformed("token \"" + token + "\" once", json);
    }
  }

  private void expect(JsonToken found, JsonToken wanted, String expected, JsonParser json) {
    if (found != wanted) {
      throw malformed(expected, json);
    }
  }

  private MalformedCheckpointException malformed(String expected, JsonParser json) {
    JsonToken token = json.currentToken();
    String found = token == null ? "the end of the file" : abbreviate(json.getString());
    return new MalformedCheckpointException(
        "%s: line %d, column %d: expected %s, found %s"
            .formatted(
                source,
                json.currentTokenLocation().getLineNr(),
                json.currentTokenLocation().getColumnNr(),
                expected,
                found));
  }

  private static String abbreviate(String text) {
    return text == null ? "nothing" : text.length() <= 60 ? text : text.substring(0, 60) + "...";
  }
}
