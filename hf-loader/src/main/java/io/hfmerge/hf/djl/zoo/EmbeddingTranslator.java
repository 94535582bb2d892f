package io.hfmerge.hf.djl.zoo;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.translate.TranslatorContext;

/** The mean of the last hidden states over the tokens. */
final class EmbeddingTranslator extends TextInput<float[]> {

  EmbeddingTranslator(LoadedBlock block) {
    super(block);
  }

  @Override
  public float[] processOutput(TranslatorContext context, NDList list) {
    // last hidden states come first of what a model without a head gives
    NDArray hidden = list.getFirst();
    return hidden.mean(new int[] {1}).toFloatArray();
  }
}
