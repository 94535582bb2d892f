package io.hfmerge.hf.vocab;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.json.PythonJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The {@code tokenizer.json} of a folder that has only the files of before: {@code vocab.txt}, or
 * {@code vocab.json} and {@code merges.txt}. It is what transformers' converters make of the same
 * files for BERT, GPT-2, RoBERTa and Qwen2, and the classes that work like them.
 */
public final class ConvertedTokenizer {

  private static final long MAX_MERGES_BYTES = 256L << 20;

  /** How Qwen2 cuts text into words before its byte pairs. */
  private static final String QWEN_WORDS =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private enum Kind {
    BERT,
    GPT2,
    ROBERTA,
    QWEN2
  }

  private final Path folder;
  private final Optional<ModelConfig> settings;
  private final Optional<ModelConfig> specials;
  private final Vocabulary vocabulary;
  private final Map<String, AddedToken> addedTokens = new LinkedHashMap<>();

  private ConvertedTokenizer(Path folder, Vocabulary vocabulary) throws IOException {
    this.folder = folder;
    this.settings = config(folder.resolve("tokenizer_config.json"));
    this.specials = config(folder.resolve("special_tokens_map.json"));
    this.vocabulary = vocabulary;
  }

  private static Optional<ModelConfig> config(Path file) throws IOException {
    return Files.exists(file) ? Optional.of(ModelConfig.read(file)) : Optional.empty();
  }

  /**
   * Converts the old files of a folder.
   *
   * @param reference the model, for messages
   * @param modelType the config's {@code model_type}, which decides where no tokenizer class is
   *     named; empty without a config
   * @return the text of a {@code tokenizer.json}
   * @throws UnresolvedReferenceException if there are no such files
   * @throws UnsupportedFeatureException if the tokenizer's class is of another kind
   * @throws MalformedCheckpointException if a file is not what it should be
   */
  public static String read(String reference, Path folder, Optional<String> modelType)
      throws IOException {
    boolean lines = Files.exists(folder.resolve("vocab.txt"));
    boolean pairs =
        Files.exists(folder.resolve("vocab.json")) && Files.exists(folder.resolve("merges.txt"));
    if (!lines && !pairs) {
      throw new UnresolvedReferenceException(
          "%s: expected tokenizer.json, vocab.txt, or vocab.json and merges.txt in %s, found none:"
                  .formatted(reference, folder)
              + " copy the tokenizer's files of the model it was trained from");
    }
    ConvertedTokenizer converted =
        new ConvertedTokenizer(folder, VocabularyReader.read(reference, folder));
    return PythonJson.write(converted.json(converted.kind(modelType, pairs)));
  }

  private Kind kind(Optional<String> modelType, boolean pairs) {
    String name =
        settings
            .flatMap(config -> config.string("tokenizer_class"))
            .map(text -> text.replaceFirst("Tokenizer(Fast)?$", ""))
            .or(() -> modelType)
            .orElse("none");
    Kind kind =
        switch (name) {
          case "Bert", "bert", "DistilBert", "distilbert" -> Kind.BERT;
          case "GPT2", "gpt2", "gptj", "CodeGen", "phi", "GPTNeoX", "gpt_neox" -> Kind.GPT2;
          case "Roberta", "roberta" -> Kind.ROBERTA;
          case "Qwen2", "qwen2", "qwen3" -> Kind.QWEN2;
          default ->
              throw new UnsupportedFeatureException(
                  "%s: a tokenizer of \"%s\" without tokenizer.json; expected one of BERT, GPT-2,"
                          .formatted(folder, name)
                      + " RoBERTa or Qwen2: save it with transformers'"
                      + " AutoTokenizer.from_pretrained(...).save_pretrained(...)");
        };
    if (pairs == (kind == Kind.BERT)) {
      throw new MalformedCheckpointException(
          "%s: expected %s of a %s tokenizer, found the other kind of files"
              .formatted(folder, kind == Kind.BERT ? "vocab.txt" : "vocab.json, merges.txt", name));
    }
    return kind;
  }

  private Map<String, Object> json(Kind kind) throws IOException {
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("version", "1.0");
    root.put("truncation", null);
    root.put("padding", null);
    Map<String, Object> parts =
        switch (kind) {
          case BERT -> bert();
          case GPT2, ROBERTA, QWEN2 -> bytePairs(kind);
        };
    root.put("added_tokens", addedTokens());
    root.putAll(parts);
    return root;
  }

  private Map<String, Object> bert() {
    String unknown = special("unk_token", "[UNK]");
    String start = special("cls_token", "[CLS]");
    String end = special("sep_token", "[SEP]");
    special("pad_token", "[PAD]");
    special("mask_token", "[MASK]");
    Map<String, Object> parts = new LinkedHashMap<>();
    Map<String, Object> normalizer = new LinkedHashMap<>();
    normalizer.put("type", "BertNormalizer");
    normalizer.put("clean_text", true);
    normalizer.put("handle_chinese_chars", setting("tokenize_chinese_chars", true));
    normalizer.put(
        "strip_accents", settings.flatMap(config -> config.bool("strip_accents")).orElse(null));
    normalizer.put("lowercase", setting("do_lower_case", true));
    parts.put("normalizer", normalizer);
    parts.put("pre_tokenizer", Map.of("type", "BertPreTokenizer"));
    parts.put("post_processor", template(start, end));
    Map<String, Object> decoder = new LinkedHashMap<>();
    decoder.put("type", "WordPiece");
    decoder.put("prefix", "##");
    decoder.put("cleanup", true);
    parts.put("decoder", decoder);
    Map<String, Object> model = new LinkedHashMap<>();
    model.put("type", "WordPiece");
    model.put("unk_token", unknown);
    model.put("continuing_subword_prefix", "##");
    model.put("max_input_chars_per_word", 100);
    model.put("vocab", modelVocabulary());
    parts.put("model", model);
    return parts;
  }

  private Map<String, Object> template(String start, String end) {
    Map<String, Object> template = new LinkedHashMap<>();
    template.put("type", "TemplateProcessing");
    template.put("single", List.of(piece(start, 0), sequence("A", 0), piece(end, 0)));
    template.put(
        "pair",
        List.of(piece(start, 0), sequence("A", 0), piece(end, 0), sequence("B", 1), piece(end, 1)));
    Map<String, Object> tokens = new LinkedHashMap<>();
    for (String token : List.of(start, end)) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("id", token);
      entry.put("ids", List.of(id(token)));
      entry.put("tokens", List.of(token));
      tokens.put(token, entry);
    }
    template.put("special_tokens", tokens);
    return template;
  }

  private static Map<String, Object> piece(String token, int type) {
    return Map.of("SpecialToken", ordered("id", token, "type_id", type));
  }

  private static Map<String, Object> sequence(String name, int type) {
    return Map.of("Sequence", ordered("id", name, "type_id", type));
  }

  private static Map<String, Object> ordered(
      String first, Object firstValue, String second, Object secondValue) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put(first, firstValue);
    map.put(second, secondValue);
    return map;
  }

  private Map<String, Object> bytePairs(Kind kind) throws IOException {
    boolean prefixSpace = kind != Kind.QWEN2 && setting("add_prefix_space", false);
    Map<String, Object> parts = new LinkedHashMap<>();
    Object words = byteLevel(prefixSpace, true, true);
    parts.put("normalizer", kind == Kind.QWEN2 ? Map.of("type", "NFC") : null);
    if (kind == Kind.QWEN2) {
      Map<String, Object> split = new LinkedHashMap<>();
      split.put("type", "Split");
      split.put("pattern", Map.of("Regex", QWEN_WORDS));
      split.put("behavior", "Isolated");
      split.put("invert", false);
      words =
          ordered(
              "type", "Sequence", "pretokenizers", List.of(split, byteLevel(false, true, false)));
    }
    parts.put("pre_tokenizer", words);
    parts.put("post_processor", bytePairEnds(kind, prefixSpace));
    parts.put("decoder", byteLevel(true, true, true));
    Map<String, Object> model = new LinkedHashMap<>();
    model.put("type", "BPE");
    model.put("dropout", null);
    model.put("unk_token", null);
    model.put("continuing_subword_prefix", "");
    model.put("end_of_word_suffix", "");
    model.put("fuse_unk", false);
    model.put("byte_fallback", false);
    model.put("vocab", modelVocabulary());
    model.put("merges", merges());
    parts.put("model", model);
    return parts;
  }

  private Map<String, Object> bytePairEnds(Kind kind, boolean prefixSpace) {
    if (kind == Kind.ROBERTA) {
      String start = special("cls_token", "<s>");
      String end = special("sep_token", "</s>");
      special("bos_token", "<s>");
      special("eos_token", "</s>");
      special("unk_token", "<unk>");
      special("pad_token", "<pad>");
      special("mask_token", "<mask>");
      Map<String, Object> ends = new LinkedHashMap<>();
      ends.put("type", "RobertaProcessing");
      ends.put("sep", List.of(end, id(end)));
      ends.put("cls", List.of(start, id(start)));
      ends.put("trim_offsets", true);
      ends.put("add_prefix_space", prefixSpace);
      return ends;
    }
    String end = special("eos_token", "<|endoftext|>");
    special("bos_token", end);
    special("unk_token", null);
    special("pad_token", null);
    if (kind == Kind.GPT2 && setting("add_bos_token", false)) {
      String start = special("bos_token", end);
      Map<String, Object> ends = template(start, start);
      ends.put("single", List.of(piece(start, 0), sequence("A", 0)));
      ends.put(
          "pair", List.of(piece(start, 0), sequence("A", 0), piece(start, 1), sequence("B", 1)));
      return ends;
    }
    return byteLevel(true, false, true);
  }

  private static Map<String, Object> byteLevel(
      boolean prefixSpace, boolean trimOffsets, boolean regex) {
    Map<String, Object> part = new LinkedHashMap<>();
    part.put("type", "ByteLevel");
    part.put("add_prefix_space", prefixSpace);
    part.put("trim_offsets", trimOffsets);
    part.put("use_regex", regex);
    return part;
  }

  /** The tokens of the vocabulary file by ascending id, without those that are only added. */
  private Map<String, Object> modelVocabulary() {
    Map<String, Object> ids = new LinkedHashMap<>();
    Set<String> outside =
        vocabulary.outside().stream().map(AddedToken::content).collect(Collectors.toSet());
    for (int id = 0; id < vocabulary.size(); id++) {
      String token = vocabulary.token(id);
      if (token != null && !outside.contains(token)) {
        ids.put(token, id);
      }
    }
    return ids;
  }

  /** Lines of two tokens each, after an optional line with the version. */
  private List<String> merges() throws IOException {
    Path file = folder.resolve("merges.txt");
    if (Files.size(file) > MAX_MERGES_BYTES) {
      throw new MalformedCheckpointException(
          "%s: expected at most %d bytes, found more".formatted(file, MAX_MERGES_BYTES));
    }
    List<String> merges = new ArrayList<>();
    String[] lines = new String(Files.readAllBytes(file), StandardCharsets.UTF_8).split("\n", -1);
    for (int i = 0; i < lines.length; i++) {
      String line =
          lines[i].endsWith("\r") ? lines[i].substring(0, lines[i].length() - 1) : lines[i];
      if (line.isEmpty() || (i == 0 && line.startsWith("#version"))) {
        continue;
      }
      if (Arrays.stream(line.split(" ", -1)).filter(part -> !part.isEmpty()).count() != 2) {
        throw new MalformedCheckpointException(
            "%s: line %d: expected two tokens and a space between them, found \"%s\""
                .formatted(file, i + 1, line));
      }
      merges.add(line);
    }
    return merges;
  }

  private boolean setting(String key, boolean otherwise) {
    return settings.flatMap(config -> config.bool(key)).orElse(otherwise);
  }

  /**
   * The text of a special token, which then is one of the added tokens.
   *
   * @param otherwise its text where no file says; null if there is none then
   * @return the text; empty where there is none
   */
  private String special(String key, @Nullable String otherwise) {
    String text =
        text(settings, key)
            .or(() -> text(specials, key))
            .orElse(otherwise == null ? "" : otherwise);
    vocabulary
        .id(text)
        .ifPresent(id ->
            addedTokens.putIfAbsent(
                text,
                vocabulary
                    .added(text)
                    .orElse(
                        new AddedToken(
                            id,
                            text,
                            false,
                            key.equals("mask_token") && isMask(text),
                            false,
                            false,
                            true))));
    return text;
  }

  /** RoBERTa's mask takes in the space before it; BERT's does not. */
  private static boolean isMask(String text) {
    return text.equals("<mask>");
  }

  /** A token is a text, or an object with its content. */
  private static Optional<String> text(Optional<ModelConfig> config, String key) {
    JsonNode node = config.map(file -> file.tree().get(key)).orElse(null);
    if (node == null) {
      return Optional.empty();
    }
    JsonNode content = node.isObject() ? node.path("content") : node;
    return content.isString() ? Optional.of(content.stringValue()) : Optional.empty();
  }

  private int id(String token) {
    return vocabulary
        .id(token)
        .orElseThrow(() ->
            new MalformedCheckpointException(
                "%s: expected the special token \"%s\" in it, found none"
                    .formatted(vocabulary.source(), token)));
  }

  private List<Object> addedTokens() {
    vocabulary.outside().forEach(token -> addedTokens.putIfAbsent(token.content(), token));
    return addedTokens.values().stream()
        .sorted(Comparator.comparingInt(AddedToken::id))
        .<Object>map(AddedToken::properties)
        .toList();
  }
}
