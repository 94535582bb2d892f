package io.hfmerge.hf.djl.zoo;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.translate.Batchifier;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import io.hfmerge.hf.djl.block.TransformerInputs;
import org.jspecify.annotations.Nullable;

/** A text, alone in its batch, as token ids {@code [1, T]}. */
abstract class TextInput<O> implements Translator<String, O> {

  private final LoadedBlock block;

  TextInput(LoadedBlock block) {
    this.block = block;
  }

  LoadedBlock block() {
    return block;
  }

  @Override
  public NDList processInput(TranslatorContext context, String text) {
    return list(context.getNDManager(), block.tokenizer().encode(text).ids());
  }

  static NDList list(NDManager manager, long[] ids) {
    NDArray array = manager.create(ids).expandDims(0);
    array.setName(TransformerInputs.IDS);
    return new NDList(array);
  }

  @Override
  public @Nullable Batchifier getBatchifier() {
    return null;
  }
}
