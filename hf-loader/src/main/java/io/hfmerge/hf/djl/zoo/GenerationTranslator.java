package io.hfmerge.hf.djl.zoo;

import ai.djl.ndarray.NDList;
import ai.djl.translate.TranslateException;
import ai.djl.translate.TranslatorContext;
import io.hfmerge.hf.djl.model.Generator;
import io.hfmerge.hf.djl.model.Sampling;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Map;

/**
 * The continuation of a prompt. A predictor runs its model once; generation runs it once a token.
 * So the predictor's own pass gets one token, and the continuation is made after it.
 */
final class GenerationTranslator extends TextInput<String> {

  private static final String PROMPT = "prompt";
  private static final int NEW_TOKENS = 64;

  private final Generator generator;
  private final Generator.Settings settings;

  private GenerationTranslator(
      LoadedBlock block, Generator generator, Generator.Settings settings) {
    super(block);
    this.generator = generator;
    this.settings = settings;
  }

  /**
   * @param arguments perhaps {@code maxNewTokens}, {@code temperature}, {@code topK}, {@code topP},
   *     {@code seed}
   */
  static GenerationTranslator of(LoadedBlock block, Map<String, ?> arguments)
      throws TranslateException {
    try {
      Sampling sampling =
          new Sampling(
              number(arguments, "temperature", 0),
              Math.toIntExact(whole(arguments, "topK", 0)),
              number(arguments, "topP", 1),
              whole(arguments, "seed", 0));
      int tokens = Math.toIntExact(whole(arguments, "maxNewTokens", NEW_TOKENS));
      return new GenerationTranslator(
          block, Generator.of(block.transformer()), new Generator.Settings(tokens, sampling, true));
    } catch (IOException | IllegalArgumentException | ArithmeticException e) {
      throw new TranslateException(e.getMessage(), e);
    }
  }

  private static double number(Map<String, ?> arguments, String name, double otherwise) {
    Object value = arguments.get(name);
    return value == null ? otherwise : Double.parseDouble(value.toString());
  }

  private static long whole(Map<String, ?> arguments, String name, long otherwise) {
    Object value = arguments.get(name);
    if (value == null) {
      return otherwise;
    }
    // DJL reads whole numbers of a URL or of JSON as text or as doubles
    return new BigDecimal(value.toString()).longValueExact();
  }

  @Override
  public NDList processInput(TranslatorContext context, String text) {
    long[] ids = block().tokenizer().encode(text).ids();
    context.setAttachment(PROMPT, ids);
    return list(context.getNDManager(), Arrays.copyOf(ids, 1));
  }

  @Override
  public String processOutput(TranslatorContext context, NDList list) {
    long[] ids = (long[]) context.getAttachment(PROMPT);
    long[] added = generator.generate(ids, settings, token -> {}).tokens().ids();
    return block().tokenizer().decode(added, true);
  }
}
