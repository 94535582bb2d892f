package io.hfmerge.hf.djl.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.vocab.ConvertedTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A model's tokenizer: its {@code tokenizer.json}, or where there is none, one made of its {@code
 * vocab.txt}, or {@code vocab.json} and {@code merges.txt}. Owns native memory until closed.
 *
 * <p>Texts are neither padded nor cut, whatever the file says. The native library comes from the
 * class path; nothing is downloaded and nothing is reported to anyone. Thread-safe.
 */
public final class TextTokenizer implements AutoCloseable {

  private static final String FILE = "tokenizer.json";

  /** Masks of published tokenizers. */
  public static final List<String> MASK_TOKENS = List.of("[MASK]", "<mask>");

  /** Largest file accepted; published tokenizers stay below 40 MB. */
  private static final long MAX_BYTES = 256L << 20;

  private static final Map<String, String> OPTIONS =
      Map.of("padding", "false", "truncation", "false");

  private final HuggingFaceTokenizer tokenizer;

  private TextTokenizer(HuggingFaceTokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /**
   * Opens the tokenizer of a model.
   *
   * @throws io.hfmerge.error.UnresolvedReferenceException if the model has none; names the files
   *     that were looked for
   * @throws MalformedCheckpointException if the library cannot read it
   * @throws IOException if a file cannot be read
   */
  public static TextTokenizer open(HfModel model) throws IOException {
    return open(
        model.reference(),
        model.location().folder(),
        model.config().flatMap(ModelConfig::modelType).orElse(""));
  }

  /**
   * Opens the tokenizer of a folder.
   *
   * @param reference how it is called in messages
   * @param modelType the config's {@code model_type}, empty if there is none
   */
  public static TextTokenizer open(String reference, Path folder, String modelType)
      throws IOException {
    Path file = folder.resolve(FILE);
    String source;
    byte[] json;
    if (Files.exists(file)) {
      if (Files.size(file) > MAX_BYTES) {
        throw new MalformedCheckpointException(
            "%s: expected at most %d bytes, found more".formatted(file, MAX_BYTES));
      }
      source = file.toString();
      json = Files.readAllBytes(file);
    } else {
      source = folder.toString();
      json =
          ConvertedTokenizer.read(
                  reference, folder, Optional.of(modelType).filter(t -> !t.isEmpty()))
              .getBytes(StandardCharsets.UTF_8);
    }
    keepToThisMachine();
    try {
      return new TextTokenizer(
          HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), OPTIONS));
    } catch (RuntimeException e) {
      // the native library's own errors have no type of their own
      throw unreadable(source, e);
    }
  }

  private static MalformedCheckpointException unreadable(String source, RuntimeException cause) {
    return new MalformedCheckpointException(
        "%s: expected a tokenizer that the tokenizers library reads, found: %s"
            .formatted(source, cause.getMessage()),
        cause);
  }

  /**
   * DJL's loader of the native library would fetch a CUDA build on machines with a GPU, where the
   * one on the class path serves as well, and would report its use from within Amazon's network.
   */
  private static void keepToThisMachine() {
    setDefault("RUST_FLAVOR", "cpu");
    setDefault("OPT_OUT_TRACKING", "true");
  }

  private static void setDefault(String key, String value) {
    if (System.getenv(key) == null && System.getProperty(key) == null) {
      System.setProperty(key, value);
    }
  }

  /** A text with the special tokens that the model wants around it. */
  public TokenIds encode(String text) {
    return of(tokenizer.encode(text, true, false));
  }

  /** A text as it is, without special tokens around it. */
  public TokenIds encodePlain(String text) {
    return of(tokenizer.encode(text, false, false));
  }

  /** A pair of texts with the special tokens that the model wants around and between them. */
  public TokenIds encode(String first, String second) {
    return of(tokenizer.encode(first, second, true, false));
  }

  /**
   * The text of tokens.
   *
   * @param withoutSpecial whether to leave special tokens out
   */
  public String decode(long[] ids, boolean withoutSpecial) {
    return tokenizer.decode(ids, withoutSpecial);
  }

  /** Id of the token that stands for a hidden one; empty if the tokenizer has none. */
  public OptionalLong maskId() {
    for (String token : MASK_TOKENS) {
      long[] ids = encodePlain(token).ids();
      if (ids.length == 1 && decode(ids, false).strip().equals(token)) {
        return OptionalLong.of(ids[0]);
      }
    }
    return OptionalLong.empty();
  }

  private static TokenIds of(Encoding encoding) {
    return new TokenIds(encoding.getIds(), encoding.getTypeIds());
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
