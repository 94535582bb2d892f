package io.hfmerge.hf.djl.zoo;

import ai.djl.modality.Classifications;
import ai.djl.modality.cv.Image;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.translate.Batchifier;
import ai.djl.translate.TranslateException;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import io.hfmerge.hf.djl.image.ImagePreprocessing;
import io.hfmerge.hf.djl.model.TransformerModel;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The class of an image, prepared as the model's preprocessor_config.json says. */
final class ImageTranslator implements Translator<Image, Classifications> {

  private final TransformerModel model;
  private final ImagePreprocessing preprocessing;

  private ImageTranslator(TransformerModel model, ImagePreprocessing preprocessing) {
    this.model = model;
    this.preprocessing = preprocessing;
  }

  static ImageTranslator of(TransformerModel model) throws TranslateException {
    try {
      return new ImageTranslator(model, ImagePreprocessing.of(model.files()));
    } catch (IOException e) {
      throw new TranslateException(e.getMessage(), e);
    }
  }

  @Override
  public NDList processInput(TranslatorContext context, Image image) {
    NDManager manager = context.getNDManager();
    return new NDList(preprocessing.apply(manager, ImagePreprocessing.image(manager, image)));
  }

  @Override
  public Classifications processOutput(TranslatorContext context, NDList list) {
    return ClassNames.classify(model, list);
  }

  @Override
  public @Nullable Batchifier getBatchifier() {
    return null;
  }
}
