package io.hfmerge.hf.djl.zoo;

import ai.djl.modality.Classifications;
import ai.djl.ndarray.NDList;
import ai.djl.translate.TranslatorContext;

/** The class of a text. */
final class ClassTranslator extends TextInput<Classifications> {

  ClassTranslator(LoadedBlock block) {
    super(block);
  }

  @Override
  public Classifications processOutput(TranslatorContext context, NDList list) {
    return ClassNames.classify(block().transformer(), list);
  }
}
