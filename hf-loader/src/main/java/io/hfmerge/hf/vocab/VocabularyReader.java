package io.hfmerge.hf.vocab;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.config.ModelConfig;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads the vocabulary of a model folder: {@code tokenizer.json}, else {@code vocab.json}, else
 * {@code vocab.txt}, else the pieces of {@code tokenizer.model}; then the added tokens that {@code
 * tokenizer_config.json} and {@code added_tokens.json} name beside it. As in transformers the first
 * of these files counts where they disagree, which is then noted.
 */
final class VocabularyReader {

  /** Largest file accepted; published tokenizers stay below 40 MB. */
  private static final int MAX_BYTES = 256 << 20;

  private final Path folder;
  private final List<String> notes = new ArrayList<>();
  private final Map<String, AddedToken> added = new LinkedHashMap<>();
  private final Map<String, AddedToken> outside = new LinkedHashMap<>();

  private VocabularyReader(Path folder) {
    this.folder = folder;
  }

  /**
   * Reads a vocabulary.
   *
   * @param reference the model, for messages
   * @param folder its files
   * @throws UnresolvedReferenceException if there are no tokenizer files
   * @throws UnsupportedFeatureException if the only ones are of a kind whose ids depend on code
   * @throws MalformedCheckpointException if a file is not what it should be
   */
  static Vocabulary read(String reference, Path folder) throws IOException {
    return new VocabularyReader(folder).read(reference);
  }

  private Vocabulary read(String reference) throws IOException {
    Path tokenizer = folder.resolve("tokenizer.json");
    Path ids = folder.resolve("vocab.json");
    Path lines = folder.resolve("vocab.txt");
    Path pieces = folder.resolve("tokenizer.model");
    if (Files.exists(tokenizer)) {
      TokenizerJson read = TokenizerJson.readTokenizer(tokenizer.toString(), bytes(tokenizer));
      added.putAll(read.added());
      return withAdded(tokenizer, read.ids(), read.nextId());
    }
    if (Files.exists(ids)) {
      TokenizerJson read = TokenizerJson.readIds(ids.toString(), bytes(ids));
      return withAdded(ids, read.ids(), read.nextId());
    }
    if (Files.exists(lines)) {
      Map<String, Integer> read = lines(lines);
      return withAdded(lines, read, 0);
    }
    if (Files.exists(pieces)) {
      return withAdded(pieces, SentencePieceModel.read(pieces.toString(), bytes(pieces)), 0);
    }
    for (String other : List.of("spiece.model", "sentencepiece.bpe.model")) {
      if (Files.exists(folder.resolve(other))) {
        throw new UnsupportedFeatureException(
            folder.resolve(other)
                + ": the ids of its pieces depend on the tokenizer's class; expected a"
                + " tokenizer.json beside it: save the tokenizer with transformers'"
                + " AutoTokenizer.from_pretrained(...).save_pretrained(...)");
      }
    }
    throw new UnresolvedReferenceException(
        reference
            + ": the recipe asks for vocabularies to be matched, which needs every model's tokenizer;"
            + " expected tokenizer.json, vocab.json, vocab.txt or tokenizer.model in "
            + folder
            + ", found none: copy the tokenizer's files of the model it was trained from");
  }

  private Vocabulary withAdded(Path file, Map<String, Integer> ids, int nextId) throws IOException {
    boolean fast = file.endsWith("tokenizer.json");
    BitSet taken = new BitSet();
    ids.values().forEach(taken::set);
    Path config = folder.resolve("tokenizer_config.json");
    if (Files.exists(config)) {
      ModelConfig.read(config)
          .object("added_tokens_decoder")
          .ifPresent(tokens -> addDecoder(tokens.tree(), config, file, ids, fast));
    }
    Path list = folder.resolve("added_tokens.json");
    if (Files.exists(list)) {
      TokenizerJson.readIds(list.toString(), bytes(list)).ids().entrySet().stream()
          .sorted(Map.Entry.comparingByValue())
          .forEach(entry ->
              add(AddedToken.legacy(entry.getValue(), entry.getKey()), list, file, ids, fast));
    }
    int next = nextId;
    for (int id : ids.values()) {
      // a tokenizer of another kind than tokenizer.json is given its added ids one by one
      next = fast && outside.isEmpty() ? next : Math.max(next, id + 1);
    }
    List<AddedToken> sorted = new ArrayList<>(outside.values());
    sorted.sort(Comparator.comparingInt(AddedToken::id));
    for (AddedToken token : sorted) {
      if (fast && taken.get(token.id())) {
        throw new MalformedCheckpointException(
            "%s: added token \"%s\" of the files beside it: expected an id of its own, found %d,"
                    .formatted(file, token.content(), token.id())
                + " which another token has");
      }
      taken.set(token.id());
    }
    return new Vocabulary(file.toString(), ids, added, sorted, next, notes);
  }

  private void addDecoder(
      ObjectNode tokens, Path config, Path file, Map<String, Integer> ids, boolean fast) {
    for (Map.Entry<String, JsonNode> entry : tokens.properties()) {
      int id = decoderId(entry.getKey());
      JsonNode value = entry.getValue();
      if (id < 0 || !value.path("content").isString()) {
        throw new MalformedCheckpointException(
            "%s: key \"added_tokens_decoder\": expected an id from 0 to %d and a token's content, found"
                    .formatted(config, Vocabulary.MAX_ID)
                + " \""
                + entry.getKey()
                + '"');
      }
      add(
          new AddedToken(
              id,
              value.path("content").stringValue(),
              isTrue(value, "single_word"),
              isTrue(value, "lstrip"),
              isTrue(value, "rstrip"),
              isTrue(value, "normalized"),
              isTrue(value, "special")),
          config,
          file,
          ids,
          fast);
    }
  }

  private static boolean isTrue(JsonNode token, String key) {
    return token.path(key).isBoolean() && token.path(key).booleanValue();
  }

  private static int decoderId(String text) {
    if (!text.matches("[0-9]{1,8}")) {
      return -1;
    }
    int id = Integer.parseInt(text);
    return id <= Vocabulary.MAX_ID ? id : -1;
  }

  private void add(AddedToken token, Path from, Path file, Map<String, Integer> ids, boolean fast) {
    Integer id = ids.get(token.content());
    if (id == null) {
      if (token.content().isEmpty()) {
        return;
      }
      ids.put(token.content(), token.id());
      outside.put(token.content(), token);
    } else if (id != token.id()) {
      notes.add(
          "%s: token \"%s\" has id %d; %s has %d, which counts"
              .formatted(from, token.content(), token.id(), file.getFileName(), id));
      return;
    }
    if (!fast || id == null) {
      added.putIfAbsent(token.content(), token);
    }
  }

  /** A token a line; of equal ones the last counts, as in transformers. */
  private Map<String, Integer> lines(Path file) throws IOException {
    Map<String, Integer> ids = new HashMap<>();
    BufferedReader reader = new BufferedReader(new StringReader(text(file)));
    int id = 0;
    for (String line = reader.readLine(); line != null; line = reader.readLine()) {
      if (id > Vocabulary.MAX_ID) {
        throw new MalformedCheckpointException(
            file + ": expected at most " + Vocabulary.MAX_ID + " lines, found more");
      }
      Integer earlier = ids.put(line, id);
      if (earlier != null) {
        notes.add(
            "%s: line %d: \"%s\" is in line %d too; the later one counts"
                .formatted(file, id + 1, line, earlier + 1));
      }
      id++;
    }
    return ids;
  }

  private static String text(Path file) throws IOException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes(file))).toString();
    } catch (CharacterCodingException e) {
      throw new MalformedCheckpointException(file + ": expected UTF-8, found other bytes", e);
    }
  }

  private static byte[] bytes(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new MalformedCheckpointException(
            file + ": expected at most " + MAX_BYTES + " bytes, found more");
      }
      return bytes;
    }
  }
}
