package io.hfmerge.hf.djl.zoo;

import ai.djl.Model;
import ai.djl.modality.Classifications;
import ai.djl.modality.cv.Image;
import ai.djl.ndarray.NDList;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorFactory;
import ai.djl.util.Pair;
import io.hfmerge.hf.djl.model.Task;
import java.lang.reflect.Type;
import java.util.Map;
import java.util.Set;

/**
 * Chooses a translator by the types that a program asks for: {@code String → float[]} is an
 * embedding, {@code String → Classifications} and {@code Image → Classifications} a class, {@code
 * String → String} a continuation, {@code NDList → NDList} the model's own arrays.
 */
public final class ModelTranslators implements TranslatorFactory {

  @Override
  public Set<Pair<Type, Type>> getSupportedTypes() {
    return Set.of(
        new Pair<>(String.class, float[].class),
        new Pair<>(String.class, Classifications.class),
        new Pair<>(Image.class, Classifications.class),
        new Pair<>(String.class, String.class),
        new Pair<>(NDList.class, NDList.class));
  }

  @Override
  @SuppressWarnings("unchecked") // each branch has compared the types
  public <I, O> Translator<I, O> newInstance(
      Class<I> input, Class<O> output, Model model, Map<String, ?> arguments)
      throws TranslateException {
    if (!(model.getBlock() instanceof LoadedBlock block)) {
      throw new TranslateException("expected a model that hfmerge has loaded");
    }
    if (input == NDList.class && output == NDList.class) {
      return (Translator<I, O>) new NoopTranslator();
    }
    if (input == String.class && output == float[].class) {
      require(block, Task.EMBEDDING);
      return (Translator<I, O>) new EmbeddingTranslator(block);
    }
    if (input == String.class && output == Classifications.class) {
      require(block, Task.SEQUENCE_CLASSIFICATION);
      return (Translator<I, O>) new ClassTranslator(block);
    }
    if (input == Image.class && output == Classifications.class) {
      require(block, Task.IMAGE_CLASSIFICATION);
      return (Translator<I, O>) ImageTranslator.of(block.transformer());
    }
    if (input == String.class && output == String.class) {
      require(block, Task.CAUSAL_LM);
      return (Translator<I, O>) GenerationTranslator.of(block, arguments);
    }
    throw new TranslateException(
        "no translator from %s to %s; expected one of %s"
            .formatted(input.getName(), output.getName(), getSupportedTypes()));
  }

  private static void require(LoadedBlock block, Task task) throws TranslateException {
    if (block.transformer().task() != task) {
      throw new TranslateException(
          "%s: expected a model for %s, found one for %s; optArgument(\"%s\", ...) chooses a head"
              .formatted(
                  block.transformer().files().reference(),
                  task,
                  block.transformer().task(),
                  ModelSource.TASK));
    }
  }
}
