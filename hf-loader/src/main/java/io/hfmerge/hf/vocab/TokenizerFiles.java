package io.hfmerge.hf.vocab;

import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.json.JsonEdit;
import io.hfmerge.hf.json.PythonJson;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The tokenizer files of the output, and the ids in its configs: those of the model whose tokenizer
 * is taken over, character for character but for what is added or numbered differently.
 */
public final class TokenizerFiles {

  /** Names of the files that make up a tokenizer. */
  public static final Set<String> NAMES =
      Set.of(
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "vocab.json",
          "merges.txt",
          "vocab.txt",
          "tokenizer.model",
          "sentencepiece.bpe.model",
          "spiece.model",
          "chat_template.jinja",
          "chat_template.json");

  private static final String TOKENIZER = "tokenizer.json";
  private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
  private static final String ADDED_TOKENS = "added_tokens.json";
  private static final String SPECIAL_TOKENS = "special_tokens_map.json";
  private static final String CONFIG = "config.json";
  private static final String GENERATION_CONFIG = "generation_config.json";
  private static final String DECODER = "added_tokens_decoder";
  private static final String ADDITIONAL = "additional_special_tokens";
  private static final String VOCAB_SIZE = "vocab_size";

  private final VocabularyPlan plan;
  private final HfModel base;
  private final HfModel donor;
  private final Vocabulary baseVocabulary;
  private final Vocabulary donorVocabulary;

  /**
   * @param base the model whose config the output has
   * @param donor the model whose tokenizer the output has
   */
  TokenizerFiles(
      VocabularyPlan plan,
      HfModel base,
      HfModel donor,
      Vocabulary baseVocabulary,
      Vocabulary donorVocabulary) {
    this.plan = plan;
    this.base = base;
    this.donor = donor;
    this.baseVocabulary = baseVocabulary;
    this.donorVocabulary = donorVocabulary;
  }

  /** Whether a companion file of the base gives way to the donor's. */
  boolean replaces(String companion) {
    return donor != base
        && (NAMES.contains(companion)
            || companion.startsWith(ChatTemplates.FOLDER + "/")
            || (companion.equals(GENERATION_CONFIG)
                && Files.exists(donor.location().folder().resolve(GENERATION_CONFIG))));
  }

  /** Changes the files of a folder that has the base's. */
  List<String> write(Path folder) throws IOException {
    List<String> notes = new ArrayList<>();
    if (donor != base) {
      replaceFiles(folder, notes);
    }
    if (!plan.added().isEmpty()) {
      notes.add("tokens added to " + String.join(", ", addTokens(folder)));
    }
    setRows(folder.resolve(CONFIG));
    if (donor != base) {
      SpecialTokenIds ids = new SpecialTokenIds(baseVocabulary, donorVocabulary);
      Path source = donor.location().folder();
      ids.adopt(folder.resolve(CONFIG), source.resolve(CONFIG), notes);
      if (!Files.exists(source.resolve(GENERATION_CONFIG))) {
        ids.adopt(folder.resolve(GENERATION_CONFIG), source.resolve(CONFIG), notes);
      }
    }
    return notes;
  }

  private void replaceFiles(Path folder, List<String> notes) throws IOException {
    Set<String> taken = new HashSet<>(NAMES);
    Path source = donor.location().folder();
    if (Files.exists(source.resolve(GENERATION_CONFIG))) {
      // it says which token ends a text, and its ids are those of its tokenizer
      taken.add(GENERATION_CONFIG);
    }
    List<String> copied = new ArrayList<>();
    for (String name : taken.stream().sorted().toList()) {
      Files.deleteIfExists(folder.resolve(name));
      Path file = source.resolve(name);
      if (Files.isRegularFile(file)) {
        copyContent(file, folder.resolve(name));
        copied.add(name);
      }
    }
    ChatTemplates.deleteFolder(folder);
    Path templates = source.resolve(ChatTemplates.FOLDER);
    if (Files.isDirectory(templates)) {
      Path copy = Files.createDirectory(folder.resolve(ChatTemplates.FOLDER));
      try (Stream<Path> files = Files.list(templates)) {
        for (Path file : files.sorted().toList()) {
          if (file.getFileName().toString().endsWith(".jinja")) {
            copyContent(file, copy.resolve(file.getFileName().toString()));
          }
        }
      }
    }
    notes.add("tokenizer of " + donor.reference() + ": " + String.join(", ", copied));
  }

  /** The content alone: a file that is read-only in a cache is not so in the output. */
  private static void copyContent(Path file, Path target) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      Files.copy(in, target);
    }
  }

  /** Every file that lists added tokens gets those that it lacks, by ascending id. */
  private List<String> addTokens(Path folder) throws IOException {
    List<String> changed = new ArrayList<>();
    List<AddedToken> tokens = new ArrayList<>(donorVocabulary.outside());
    tokens.addAll(plan.added());
    Path tokenizer = folder.resolve(TOKENIZER);
    boolean fast = Files.exists(tokenizer);
    if (fast) {
      appendToTokenizer(tokenizer, tokens);
      changed.add(TOKENIZER);
    }
    Path config = folder.resolve(TOKENIZER_CONFIG);
    boolean decoder = Files.exists(config) && ModelConfig.read(config).object(DECODER).isPresent();
    if (decoder) {
      appendToDecoder(config, tokens);
      changed.add(TOKENIZER_CONFIG);
    }
    Path list = folder.resolve(ADDED_TOKENS);
    if (Files.exists(list) || !(fast || decoder)) {
      appendToList(list, tokens);
      changed.add(ADDED_TOKENS);
      if (!(fast || decoder)) {
        appendToSpecialTokens(folder.resolve(SPECIAL_TOKENS));
      }
    }
    return changed;
  }

  private static void appendToTokenizer(Path file, List<AddedToken> tokens) throws IOException {
    String text = Files.readString(file);
    List<String> items = tokens.stream().map(AddedToken::tokenizerJson).toList();
    boolean listed = JsonEdit.contains(text, "added_tokens");
    Files.writeString(
        file,
        listed
            ? JsonEdit.append(text, List.of("added_tokens"), items)
            : JsonEdit.set(text, List.of("added_tokens"), '[' + String.join(", ", items) + ']'));
  }

  private static void appendToDecoder(Path file, List<AddedToken> tokens) throws IOException {
    Set<String> listed =
        new HashSet<>(ModelConfig.read(file).object(DECODER).orElseThrow().tree().propertyNames());
    List<String> items = new ArrayList<>();
    for (AddedToken token : tokens) {
      if (listed.add(String.valueOf(token.id()))) {
        items.add("\"" + token.id() + "\": " + token.decoderJson());
      }
    }
    Files.writeString(file, JsonEdit.append(Files.readString(file), List.of(DECODER), items));
  }

  private static void appendToList(Path file, List<AddedToken> tokens) throws IOException {
    String text = Files.exists(file) ? Files.readString(file) : "{}\n";
    Set<String> listed =
        new HashSet<>(ModelConfig.parse(text, file.toString()).tree().propertyNames());
    List<String> items = new ArrayList<>();
    for (AddedToken token : tokens) {
      if (listed.add(token.content())) {
        items.add(PythonJson.string(token.content()) + ": " + token.id());
      }
    }
    Files.writeString(file, JsonEdit.append(text, List.of(), items));
  }

  /** Without another file that says so, this one tells which of the added tokens are special. */
  private void appendToSpecialTokens(Path file) throws IOException {
    List<String> items =
        plan.added().stream()
            .filter(AddedToken::special)
            .map(token -> PythonJson.string(token.content()))
            .toList();
    if (items.isEmpty()) {
      return;
    }
    String text = Files.exists(file) ? Files.readString(file) : "{}\n";
    Files.writeString(
        file,
        JsonEdit.contains(text, ADDITIONAL)
            ? JsonEdit.append(text, List.of(ADDITIONAL), items)
            : JsonEdit.set(text, List.of(ADDITIONAL), '[' + String.join(", ", items) + ']'));
  }

  private void setRows(Path file) throws IOException {
    if (!Files.exists(file)) {
      return;
    }
    ModelConfig config = ModelConfig.read(file);
    String rows = String.valueOf(plan.rows());
    String text = Files.readString(file);
    boolean nested =
        config.object("text_config").filter(inner -> inner.has(VOCAB_SIZE)).isPresent();
    if (nested) {
      text = JsonEdit.set(text, List.of("text_config", VOCAB_SIZE), rows);
    }
    if (config.has(VOCAB_SIZE) || !nested) {
      text = JsonEdit.set(text, List.of(VOCAB_SIZE), rows);
    }
    Files.writeString(file, text);
  }
}
